/**
 * Finds what a rewritten file has lost: compares it, as it is read again, with the original and the requested changes.
 */
import { editTags } from "../format/edits.ts";
import type { MediaInfo, MergeResult, Stream, StreamEdits } from "../mod.ts";
import type { Transfer } from "./transfer.ts";

/** A file before and after. */
export interface Rewritten {
  args: Transfer;
  before: MediaInfo;
  result: MergeResult;
  after: MediaInfo;
  /** The expected numbers of chapters and covers. */
  chapters: number;
  covers: number;
}

type Tags = Readonly<Record<string, string>>;

/** Tags that muxers write themselves, or that describe the old container. */
const OWN =
  /^(major_brand|minor_version|compatible_brands|encoder|vendor_id|handler_name|DURATION|NUMBER_OF_\w+|BPS|_STATISTICS_\w+)(-\w+)?$/i;

/** What is lost, in words: `the tag comment`, `the tag language of stream 1`. */
export function lossesOf(rewritten: Rewritten): string[] {
  const { before, after, chapters, covers } = rewritten;
  return [
    ...lostTags(rewritten),
    ...rewritten.result.streams.flatMap(({ index, inputIndex }) =>
      lostOfStream(rewritten, before.streams[inputIndex]!, after.streams[index])
    ),
    ...lostSome("chapter", chapters, after.chapters.length),
    ...lostSome("cover", covers, after.covers.length),
    ...lostSome("program", before.programs.length, after.programs.length),
  ];
}

function lostTags({ args, before, after }: Rewritten): string[] {
  const wanted = editTags(args.noMetadata ? {} : before.metadata, args.metadata, "metadata");
  // In Ogg the tags of the file are stored with the stream.
  const found = [after.metadata, ...after.streams.map(({ metadata }) => metadata)];
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
  ].map((what) => `the ${what} of stream ${index}`);
}

/** In Ogg the tags of the file are stored with the stream: leaves out those that are changed as tags of the file. */
function withoutFileTags(tags: Tags, { metadata, noMetadata }: Transfer): Tags {
  if (noMetadata) return {};
  const changes = Object.keys(metadata).map((name) => [name, null] as const);
  return editTags(tags, Object.fromEntries(changes), "metadata");
}

/** Names of the tags that none of `found` has with the same value. */
function missingTags(wanted: Tags, found: readonly Tags[]): string[] {
  const has = (name: string, value: string) =>
    found.some((tags) =>
      Object.entries(tags).some(([key, found]) => key.toLowerCase() === name.toLowerCase() && found === value)
    );
  return Object.entries(wanted)
    .filter(([name, value]) => !OWN.test(name) && !(name === "language" && value === "und"))
    .filter(([name, value]) => !has(name, value)).map(([name]) => name);
}

function lostSome(what: string, wanted: number, found: number): string[] {
  const missing = wanted - found;
  if (missing <= 0) return [];
  return [`${missing} of ${wanted} ${what}${wanted === 1 ? "" : "s"}`];
}
