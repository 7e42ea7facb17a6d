/**
 * Adding a stream to an output, from parameters or as a copy of another stream.
 */
import * as output from "../ffi/output.ts";
import type { Session } from "../ffi/session.ts";
import { checkArray, checkString, checkStrings, type Names, pickFields } from "../io/arguments.ts";
import { extradataOfJoined, extradataOfPart } from "./file_extradata.ts";
import type { Labels } from "./holds_added.ts";
import {
  asRead,
  checkStreamInit,
  outputFormat,
  readParameters,
  type StreamInit,
  type StreamLike,
  type StreamParameters,
  streamSettings,
} from "./stream.ts";

/** Adds a stream with these parameters to the session's output; returns its index. */
export function addStreamOf(
  session: Session,
  parameters: Partial<StreamParameters>,
  init: StreamInit = {},
): number {
  return output.addStream(session, streamSettings(parameters, init));
}

/** What is copied of a stream. */
type Copied = Pick<
  StreamLike,
  "codecParameters" | "timeBase" | "metadata" | "disposition" | "id" | "sideData" | "averageFrameRate"
>;

const COPIED: Names<Copied> = {
  codecParameters: true,
  timeBase: true,
  metadata: true,
  disposition: true,
  id: true,
  sideData: true,
  averageFrameRate: true,
};

/** A stream that is copied: each of its fields and tags has been read once. */
export interface CopiedStream {
  fields: Copied;
  /** What a source had of it, if it is from one: the program may have changed it since. */
  had: Labels;
}

/** Reads a stream that the program copies. */
export function copiedOf(from: StreamLike): CopiedStream {
  const { metadata = {}, disposition = [], ...others } = pickFields<Copied>(from, COPIED);
  const fields = {
    ...others,
    metadata: checkStrings(metadata, "from.metadata"),
    disposition: checkArray(disposition, "from.disposition"),
  };
  return { fields, had: { metadata: asRead(metadata) ?? {}, disposition: asRead(disposition) ?? [] } };
}

/** The settings that a stream like `from` starts with. */
function initLike(session: Session, from: Copied): StreamInit {
  const { timeBase, metadata, disposition, id, sideData, averageFrameRate } = from;
  const init = {
    timeBase,
    metadata,
    disposition: checkArray(disposition, "from.disposition"),
    sideData: checkArray(sideData, "from.sideData"),
    averageFrameRate,
  };
  return id > LAST_PID && takesIdsForPids(session) ? init : { ...init, id };
}

/** The largest PID of MPEG-TS. The ids of other formats are larger: of tracks in mp4, of items in HEIF. */
const LAST_PID = 0x1ffe;

function takesIdsForPids(session: Session): boolean {
  return /^(mpegts|hls|segment|stream_segment)\b/.test(outputFormat(session).name);
}

/** With the title under the name that muxers know: FFmpeg reads that of a track of mp4 as "name". */
function titled(tags: Readonly<Record<string, string>>): Record<string, string> {
  const { name, ...others } = tags;
  const isTitle = name !== undefined && !Object.keys(tags).some((key) => key.toLowerCase() === "title");
  return isTitle ? { ...others, title: name } : { ...tags };
}

/**
 * For these codecs the block size of avi and wav is not the size of packets, but muxers would use it for all packets.
 */
const VARIES_ALL_THE_SAME = new Set(["mp3", "ac3"]);

/** Which packets an output gets of a stream: all, some, or those of several sources in a FLAC file. */
export type Extent = "whole" | "part" | "joined";

/** Adds a copy of a stream to the session's output; returns its index. */
export function addStreamLike(
  session: Session,
  from: Copied,
  init: StreamInit = {},
  extent: Extent = "whole",
): number {
  const { tag, ...parameters } = readParameters(from.codecParameters, "from.codecParameters");
  checkString(tag, "from.codecParameters.tag");
  const blocks = VARIES_ALL_THE_SAME.has(parameters.codec) ? { blockAlign: 0 } : {};
  const { codec, extradata } = parameters;
  const cleared = extent === "joined" ? extradataOfJoined : extradataOfPart;
  const part = extent === "whole" || !extradata ? {} : { extradata: cleared(codec, extradata) };
  const settings = { ...initLike(session, from), ...checkStreamInit(init) };
  const index = addStreamOf(session, { ...parameters, ...blocks, ...part }, {
    ...settings,
    ...(settings.metadata ? { metadata: titled(settings.metadata) } : {}),
  });
  // The input's fourcc is kept if the output's format knows it for this codec.
  if (tag !== "") output.setStream(session, index, [["sourceTag", tag]]);
  return index;
}
