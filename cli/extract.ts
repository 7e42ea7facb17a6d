/**
 * `avio extract`: one stream as a file of its own, and what is attached to the media (fonts, texts, covers) byte for
 * byte. Names of attachments come from the media: they are never more than a name in the folder they go to.
 */
import { files } from "../io/files.ts";
import { isFileOf } from "../io/source_files.ts";
import { Demuxer, type DemuxerOptions, type Stream } from "../mod.ts";
import type { What } from "./arguments.ts";
import { attachmentName } from "./attachment_name.ts";
import { terminal } from "./console.ts";
import { Failure, systemErrorText, UsageError } from "./errors.ts";
import { inputSource, needsAsync } from "./input.ts";
import { besideInput } from "./nested.ts";
import { checkStdout } from "./output_checks.ts";
import { remux, type RemuxArguments } from "./remux.ts";
import { isUrl, placeOf, sourceOf, STANDARD, tell } from "./streams.ts";
import { printable, size } from "./text.ts";
import { missingText } from "./transfer.ts";
import { EXIT } from "./warnings.ts";

/** Runs the command; its exit code. */
export async function extract(args: RemuxArguments, what: What): Promise<number> {
  if ("stream" in what) return await remux({ ...args, streams: [what.stream], terse: true });
  if ("all" in what) {
    if (args.output === STANDARD) throw new UsageError("--all: stdout is no folder, name one as OUT");
  } else {
    checkStdout(args.output);
    checkNotInput(args);
  }
  if (isUrl(args.output)) throw new Failure("Cannot open output: URLs are not written");
  const found = await attachments(args.input, args.inputOptions, (streams) => chosen(streams, what));
  if ("all" in what) writeAll(args, found);
  else writeOne(args, found[0]!);
  return EXIT.DONE;
}

/** What is attached is written by no muxer, which would see to it. */
function checkNotInput({ input, output }: RemuxArguments): void {
  if (output === STANDARD || isUrl(input) || isUrl(output)) return;
  if (!isFileOf(sourceOf(input), placeOf(output))) return;
  throw new Failure(`Cannot open output: it is the input, which it would overwrite: ${output}`);
}

/** A stream, and the bytes of what is attached by it. */
interface Attachment {
  stream: Stream;
  data: Uint8Array;
}

function isCover({ disposition }: Stream): boolean {
  return disposition.includes("attached_pic");
}

function isAttached(stream: Stream): boolean {
  return stream.type === "attachment" || isCover(stream);
}

function chosen(streams: readonly Stream[], what: What): Stream[] {
  if ("all" in what) return some(streams.filter(isAttached), "The input has no attachments and no cover");
  if ("cover" in what) return some(streams.filter(isCover).slice(0, 1), "The input has no cover");
  const { attachment } = what as { attachment: number };
  const stream = streams[attachment];
  if (!stream) throw new Failure(missingText(attachment, streams));
  if (isAttached(stream)) return [stream];
  throw new Failure(`Stream ${attachment} is no attachment: it is ${stream.type}, --stream takes it out`);
}

function some(streams: Stream[], otherwise: string): Stream[] {
  if (streams.length > 0) return streams;
  throw new Failure(otherwise);
}

// ------------------------------------------------------------------------------------------- reading

async function attachments(
  input: string,
  inputOptions: DemuxerOptions,
  choose: (streams: readonly Stream[]) => Stream[],
): Promise<Attachment[]> {
  const source = inputSource(input, inputOptions);
  const options = besideInput(input, inputOptions);
  const isAsync = needsAsync(input, inputOptions);
  using demuxer = isAsync ? await Demuxer.open(source, options) : Demuxer.openSync(source, options);
  const streams = choose(demuxer.streams);
  const pictures = new Map<number, Uint8Array>();
  const wanted = streams.filter(isCover).map(({ index }) => index);
  for (const stream of demuxer.streams) stream.discard = !wanted.includes(stream.index);
  if (wanted.length > 0) {
    for await (const { streamIndex, data } of isAsync ? demuxer.packets() : demuxer.packetsSync()) {
      if (!pictures.has(streamIndex)) pictures.set(streamIndex, data.slice());
      if (pictures.size === wanted.length) break;
    }
  }
  return streams.map((stream) => ({ stream, data: bytesOf(stream, pictures) }));
}

/** Of an attachment the extradata, of a cover its one packet. */
function bytesOf(stream: Stream, pictures: ReadonlyMap<number, Uint8Array>): Uint8Array {
  const data = stream.type === "attachment" ? stream.codecParameters.extradata : pictures.get(stream.index);
  if (data) return data;
  throw new Failure(`The attachment in stream ${stream.index} has no bytes`);
}

// ------------------------------------------------------------------------------------------- writing

function writeOne({ output, quiet }: RemuxArguments, { data }: Attachment): void {
  if (output === STANDARD) {
    for (let rest = data; rest.length > 0;) rest = rest.subarray(terminal.stdout.writeSync(rest));
  } else {
    attempt(() => terminal.writeFile(placeOf(output), data));
  }
  if (!quiet) tell(`${output === STANDARD ? "stdout" : printable(output)}: ${size(data.length)}\n`);
}

/** Into a folder; what is there already is left as it is, and not followed where it leads elsewhere. */
function writeAll({ output, quiet }: RemuxArguments, found: readonly Attachment[]): void {
  const folder = placeOf(output);
  attempt(() => terminal.makeFolder(folder));
  const taken = new Set<string>();
  for (const { stream, data } of found) {
    const name = attachmentName(stream, taken);
    const place = folder instanceof URL
      ? new URL(encodeURIComponent(name), folder.href.endsWith("/") ? folder : `${folder.href}/`)
      : `${folder}/${name}`;
    attempt(() => terminal.writeFile(place, data, { createNew: true }));
    if (!quiet) tell(`${printable(`${output}/${name}`)}: ${size(data.length)}\n`);
  }
}

function attempt(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (files.is(error, "NotCapable") || files.is(error, "BrokenPipe")) throw error;
    throw new Failure(`Cannot open output: ${systemErrorText(error as Error)}`);
  }
}
