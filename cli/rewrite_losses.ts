/**
 * Finds what a rewritten file has lost: compares it, as it is read again, with the original and the requested changes.
 */
import { createHash } from "node:crypto";
import { displayMatrix, inWords, shownBy } from "../format/display_matrix.ts";
import { editTags } from "../format/edits.ts";
import type { CoverInit, MediaInfo, MergeOptions, MergeResult, Stream, StreamEdits } from "../mod.ts";
import type { Transfer } from "./transfer.ts";

/** A file before and after. */
export interface Rewritten {
  args: Transfer;
  before: MediaInfo;
  result: MergeResult;
  after: MediaInfo;
  /** The expected chapters and covers. */
  chapters: NonNullable<MergeOptions["chapters"]>;
  covers: readonly CoverInit[];
}

type Tags = Readonly<Record<string, string>>;

/** Tags that muxers write themselves, or that describe the old container. */
const OWN =
  /^(major_brand|minor_version|compatible_brands|encoder|vendor_id|handler_name|DURATION|NUMBER_OF_\w+|BPS|_STATISTICS_\w+|(product|toolkit)_version_num)(-\w+)?$/i;
/** Whether a muxer writes the tag itself, so that it is no loss. */
export const isWrittenAnew = (tag: string) => OWN.test(tag);

/** Others that name the muxer, where it is libavformat: AVI and MXF. */
const MUXER = /^Lavf\d/;

/** What is lost, in words: `the tag comment`, `the tag language of stream 1`. */
export function lossesOf(rewritten: Rewritten): string[] {
  const { before, after } = rewritten;
  return [
    ...lostTags(rewritten),
    ...rewritten.result.streams.flatMap(({ index, inputIndex }) =>
      lostOfStream(rewritten, before.streams[inputIndex]!, after.streams[index])
    ),
    ...lostChapters(rewritten),
    ...lostCovers(rewritten),
    ...lostSome("program", before.programs.length, after.programs.length),
    ...lostOfPrograms(rewritten),
  ];
}

function lostTags({ args, before, after }: Rewritten): string[] {
  const wanted = editTags(args.noMetadata ? {} : before.metadata, args.metadata, "metadata");
  // In Ogg the tags of the file are stored with the stream, in MPEG-TS the name of a service with its program.
  const found = [after, ...after.streams, ...after.programs].map(({ metadata }) => metadata);
  return missingTags(wanted, found).map((name) => `the tag ${name}`);
}

function lostOfStream(
  { args, before }: Rewritten,
  { index, type, metadata, disposition }: MediaInfo["streams"][number],
  after: MediaInfo["streams"][number] | undefined,
): string[] {
  if (disposition.includes("attached_pic")) return []; // compared as a cover
  if (after?.type !== type) return [`stream ${index}`];
  const { edits } = args;
  const kept = before.format.name === "ogg" ? withoutFileTags(metadata, args) : metadata;
  const edited: StreamEdits = {
    ...edits[type],
    ...edits[index],
    metadata: { ...edits[type]?.metadata, ...edits[index]?.metadata },
  };
  const wanted: Stream["disposition"] = edited.disposition ?? disposition;
  const roles = wanted.filter((role) => !after.disposition.includes(role));
  return [
    ...missingTags(editTags(kept, edited.metadata!, "metadata"), [after.metadata]).map((name) =>
      `tag ${name}`
    ),
    ...roles.map((role) => `disposition ${role}`),
    ...lostProperties(before.streams[index]!, after),
  ].map((what) => `the ${what} of stream ${index}`);
}

/** What describes pictures and sound, in words. */
const PROPERTIES:
  readonly (readonly [name: string, of: (stream: MediaInfo["streams"][number]) => unknown])[] = [
    ["size", ({ codecParameters: { width, height } }) => width && `${width}x${height}`],
    ["pixel aspect ratio", ({ codecParameters: { sampleAspectRatio: { num, den } } }) => num && num / den],
    ["field order", ({ codecParameters: { fieldOrder } }) => fieldOrder],
    ["color space", ({ codecParameters: { colorSpace } }) => colorSpace],
    ["color range", ({ codecParameters: { colorRange } }) => colorRange],
    ["color primaries", ({ codecParameters: { colorPrimaries } }) => colorPrimaries],
    ["color transfer", ({ codecParameters: { colorTransfer } }) => colorTransfer],
    ["sample rate", ({ codecParameters: { sampleRate } }) => sampleRate],
    ["channels", ({ codecParameters: { channels } }) => channels],
    ["channel layout", ({ codecParameters: { channelLayout } }) => channelLayout],
    ["display matrix", ({ sideData }) => {
      const matrix = displayMatrix(sideData);
      return matrix && inWords(shownBy(matrix));
    }],
  ];

/** Side data that tells how packets were encoded, which muxers write as they do. */
const OF_ENCODERS = /^CPB properties$/;

function lostProperties(before: MediaInfo["streams"][number], after: MediaInfo["streams"][number]): string[] {
  const lost = PROPERTIES.filter(([, of]) => of(before) && of(before) !== of(after)).map(([name]) => name);
  const kinds = (stream: MediaInfo["streams"][number]) => stream.sideData.map(({ type }) => type);
  const missing = kinds(before).filter((kind) => !kinds(after).includes(kind) && !OF_ENCODERS.test(kind));
  return [...lost, ...missing.map((kind) => `side data "${kind}"`)];
}

/** Formats count times in different units. */
const CLOSE = 0.002;

function lostChapters({ chapters, after }: Rewritten): string[] {
  const lost = lostSome("chapter", chapters.length, after.chapters.length);
  if (lost.length > 0) return lost;
  return chapters.flatMap(({ start, metadata = {} }, index) => {
    const found = after.chapters[index]!;
    const tags = missingTags(metadata, [found.metadata]).map((name) => `the tag ${name} of chapter ${index}`);
    return Math.abs(found.start - start) > CLOSE ? [...tags, `the start of chapter ${index}`] : tags;
  });
}

function lostCovers({ covers, after }: Rewritten): string[] {
  const lost = lostSome("cover", covers.length, after.covers.length);
  if (lost.length > 0) return lost;
  const pictures = Map.groupBy(after.covers, ({ data }) => digestOf(data));
  return covers.flatMap(({ data, description, kind }, index) => {
    const found = pictures.get(digestOf(data));
    if (!found) return [`the picture of cover ${index}`];
    return [
      ...(description && !found.some((cover) => cover.description === description) ? ["description"] : []),
      ...(kind && !found.some((cover) => cover.kind === kind) ? ["kind"] : []),
    ].map((what) => `the ${what} of cover ${index}`);
  });
}

function digestOf(data: Uint8Array): string {
  return createHash("md5").update(data).digest("hex");
}

function lostOfPrograms({ args, before, after }: Rewritten): string[] {
  if (before.programs.length !== after.programs.length) return [];
  return before.programs.flatMap(({ number, pmtPid, metadata }, index) => {
    const found = after.programs[index]!;
    return [
      ...missingTags(withoutEdited(metadata, args), [found.metadata]).map((name) => `tag ${name}`),
      ...(number !== found.number ? ["number"] : []),
      ...(pmtPid !== found.pmtPid ? ["PID"] : []),
    ].map((what) => `the ${what} of program ${number}`);
  });
}

/** In Ogg the tags of the file are stored with the stream: leaves out those that are changed as tags of the file. */
function withoutFileTags(tags: Tags, args: Transfer): Tags {
  return args.noMetadata ? {} : withoutEdited(tags, args);
}

/** Without tags of the names that are changed as tags of the file. */
function withoutEdited(tags: Tags, { metadata }: Transfer): Tags {
  const changes = Object.keys(metadata).map((name) => [name, null] as const);
  return editTags(tags, Object.fromEntries(changes), "metadata");
}

/** Names of the tags that none of `found` has with the same value. */
function missingTags(wanted: Tags, found: readonly Tags[]): string[] {
  const key = (name: string, value: string) => `${name.toLowerCase()}\0${value}`;
  const present = new Set(
    found.flatMap((tags) => Object.entries(tags).map(([name, value]) => key(name, value))),
  );
  return Object.entries(wanted)
    .filter(([name, value]) =>
      !OWN.test(name) && !MUXER.test(value) && !(name === "language" && value === "und")
    )
    .filter(([name, value]) => !present.has(key(name, value))).map(([name]) => name);
}

function lostSome(what: string, wanted: number, found: number): string[] {
  const missing = wanted - found;
  if (missing <= 0) return [];
  return [`${missing} of ${wanted} ${what}${wanted === 1 ? "" : "s"}`];
}
