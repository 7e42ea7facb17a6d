/**
 * `avio extract`: writes one stream as a file of its own, or attachments (fonts, texts, covers) byte for byte. File names
 * for attachments, which come from the media, are made by `attachment_name.ts`.
 */
import { filePath } from "../ffi/library_paths.ts";
import { files } from "../io/files.ts";
import { Demuxer, type DemuxerOptions, type Stream } from "../mod.ts";
import type { ExtractTarget } from "./arguments.ts";
import { attachmentName } from "./attachment_name.ts";
import { terminal } from "./console.ts";
import { Failure, systemErrorText, UsageError } from "./errors.ts";
import { inputSource, needsAsync } from "./input.ts";
import { besideInput } from "./nested.ts";
import { checkNotInput, checkStdout } from "./output_checks.ts";
import { remux, type RemuxArguments } from "./remux.ts";
import { isUrl, parsePath, STANDARD, writeBytes, writeStderr } from "./streams.ts";
import { printable, size } from "./text.ts";
import { missingText } from "./transfer.ts";
import { EXIT } from "./warnings.ts";

/** Runs the command and returns its exit code. */
export async function extract(args: RemuxArguments, target: ExtractTarget): Promise<number> {
  if ("stream" in target) return await remux({ ...args, streams: [target.stream], terse: true });
  if ("all" in target) {
    if (args.output === STANDARD) throw new UsageError("--all: OUT must be a folder, not stdout");
  } else {
    checkStdout(args.output);
    checkNotInput(args.output, { "the input": [args.input] }); // no muxer does
  }
  if (isUrl(args.output)) throw new Failure("Cannot open output: writing to URLs is not supported");
  const found = await attachments(args.input, args.inputOptions, (streams) => choose(streams, target));
  if ("all" in target) writeAll(args, found);
  else writeOne(args, found[0]!);
  return EXIT.DONE;
}

/** An attachment or cover, and its bytes. */
interface Attachment {
  stream: Stream;
  data: Uint8Array;
}

function isCover({ disposition }: Stream): boolean {
  return disposition.includes("attached_pic");
}

function isAttachment(stream: Stream): boolean {
  return stream.type === "attachment" || isCover(stream);
}

function choose(streams: readonly Stream[], target: ExtractTarget): Stream[] {
  if ("all" in target) {
    return notEmpty(streams.filter(isAttachment), "The input has no attachments and no cover");
  }
  if ("cover" in target) return notEmpty(streams.filter(isCover).slice(0, 1), "The input has no cover");
  const { attachment } = target as { attachment: number };
  const stream = streams[attachment];
  if (!stream) throw new Failure(missingText(attachment, streams));
  if (isAttachment(stream)) return [stream];
  throw new Failure(`Stream ${attachment} is not an attachment but ${stream.type}: use --stream`);
}

function notEmpty(streams: Stream[], message: string): Stream[] {
  if (streams.length > 0) return streams;
  throw new Failure(message);
}

// ------------------------------------------------------------------------------------------- reading

async function attachments(
  input: string,
  inputOptions: DemuxerOptions,
  select: (streams: readonly Stream[]) => Stream[],
): Promise<Attachment[]> {
  const source = inputSource(input, inputOptions);
  const options = besideInput(input, inputOptions);
  const isAsync = needsAsync(input, inputOptions);
  using demuxer = isAsync ? await Demuxer.open(source, options) : Demuxer.openSync(source, options);
  const streams = select(demuxer.streams);
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

/** An attachment's bytes are its extradata, a cover's are its one packet. */
function bytesOf(stream: Stream, pictures: ReadonlyMap<number, Uint8Array>): Uint8Array {
  const data = stream.type === "attachment" ? stream.codecParameters.extradata : pictures.get(stream.index);
  if (data) return data;
  throw new Failure(`The attachment in stream ${stream.index} has no bytes`);
}

// ------------------------------------------------------------------------------------------- writing

function writeOne({ output, quiet }: RemuxArguments, { data }: Attachment): void {
  if (output === STANDARD) {
    writeBytes(terminal.stdout, data);
  } else {
    attempt(() => writeWhole(parsePath(output), data));
  }
  if (!quiet) writeStderr(`${output === STANDARD ? "stdout" : printable(output)}: ${size(data.length)}\n`);
}

/** Writes into a folder. Existing files are not overwritten, and symbolic links are not followed. */
function writeAll({ output, quiet }: RemuxArguments, found: readonly Attachment[]): void {
  const folder = parsePath(output);
  attempt(() => terminal.makeFolder(folder));
  const taken = new Set<string>();
  for (const { stream, data } of found) {
    const name = attachmentName(stream, taken);
    const path = folder instanceof URL
      ? new URL(encodeURIComponent(name), folder.href.endsWith("/") ? folder : `${folder.href}/`)
      : `${folder}/${name}`;
    attempt(() => writeNew(path, data));
    if (!quiet) writeStderr(`${printable(`${output}/${name}`)}: ${size(data.length)}\n`);
  }
}

/** Writes a file. One that can't be written to its end is removed: half a picture looks like a whole one. */
function writeWhole(place: string | URL, data: Uint8Array): void {
  const path = place instanceof URL ? filePath(place) : place;
  const file = files.openSync(path, { write: true, create: true, truncate: true });
  try {
    writeBytes(file, data);
  } catch (error) {
    if (files.is(error, "BrokenPipe")) throw error;
    if (file.statSync().isFile) terminal.removeFile(path);
    throw new Failure(`Cannot write output: ${systemErrorText(error as Error)}: ${path}`);
  } finally {
    file.close();
  }
}

/** The same for a file that must not exist, nor be a symbolic link. */
function writeNew(place: string | URL, data: Uint8Array): void {
  terminal.writeFile(place, new Uint8Array(), { createNew: true });
  writeWhole(place, data);
}

function attempt(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (error instanceof Failure || files.is(error, "NotCapable") || files.is(error, "BrokenPipe")) {
      throw error;
    }
    throw new Failure(`Cannot open output: ${systemErrorText(error as Error)}`);
  }
}
