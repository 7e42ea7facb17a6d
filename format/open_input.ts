/**
 * Opening an input: the options that say how, and how a source becomes the input of a session.
 */
import { argumentError } from "../ffi/errors.ts";
import * as input from "../ffi/input.ts";
import type { Operation } from "../ffi/operation.ts";
import type { Host, Session } from "../ffi/session.ts";
import {
  checkArray,
  checkBoolean,
  checkInteger,
  checkNumber,
  checkString,
  fieldName,
  type Names,
  optional,
} from "../io/arguments.ts";
import type { Attachment } from "../io/attachment.ts";
import { checkHttpOptions, type HttpOptions, httpOrigin } from "../io/http.ts";
import { imagesLike } from "../io/listed_files.ts";
import { allowNestedInput } from "../io/nested.ts";
import { openSource, type Source } from "../io/source.ts";
import { inputFormats } from "./formats.ts";
import {
  bufferSizeOf,
  checkAllUsed,
  checkOptions,
  optionPairs,
  sessionOptionNames,
  type SessionOptions,
} from "./options.ts";

/** Options of {@linkcode Demuxer.open} and {@linkcode Demuxer.openSync}. */
export interface DemuxerOptions extends SessionOptions {
  /** Forces the input format, by FFmpeg's name. */
  format?: string;
  /**
   * FFmpeg's names of the formats that may be tried, for what a playlist names too; another one is an AVError
   * (DEMUXER_NOT_FOUND). {@linkcode uploadFormats} is a list for what strangers send. @default all
   */
  formats?: readonly string[];
  /** Read ahead until the streams' parameters are known (avformat_find_stream_info). @default {true} */
  findStreamInfo?: boolean;
  /** Bytes that are read to find out what the source is. @default {5000000} */
  probeSize?: number;
  /** Seconds of media that are read to find out what its streams are. @default {5} */
  analyzeDuration?: number;
  /** Streams that a source may have; more are an error, or left out. @default {1000} */
  maxStreams?: number;
  /** Bytes that one packet may have with its side data; a larger one is an AVError (EMSGSIZE). @default {268435456} */
  maxPacketSize?: number;
  /**
   * Bytes that opening may read, what a playlist names included; more are an AVError (EMSGSIZE). `probeSize` alone does
   * not bound it: headers may be of any length. @default {268435456}
   */
  maxOpenSize?: number;
  /**
   * What avio would go on without is an error. A segment that an HLS playlist or a DASH manifest names, and that is not
   * there, is left out with a warning in the log otherwise: one of a path that does not exist (`Deno.errors.NotFound`), or
   * that a server answers with 404 or 410. Where nothing can be read without it, it is an error anyway. @default {false}
   */
  strict?: boolean;
  /** How an http(s): URL is read. */
  http?: HttpOptions;
}

/** The names of {@linkcode DemuxerOptions}. */
const demuxerOptionNames: Names<DemuxerOptions> = {
  format: true,
  formats: true,
  ...sessionOptionNames,
  findStreamInfo: true,
  probeSize: true,
  analyzeDuration: true,
  maxStreams: true,
  maxPacketSize: true,
  maxOpenSize: true,
  strict: true,
  http: true,
};

const MAX_PACKET_SIZE = 256 * 1024 * 1024;
const MAX_OPEN_SIZE = 256 * 1024 * 1024;

/** Options of an input, checked; undefined options are none. `prefix`: what they are called within others. */
export function checkDemuxerOptions(options: DemuxerOptions | undefined, prefix = ""): DemuxerOptions {
  const checked = checkOptions(options, demuxerOptionNames, prefix);
  const exact = Number.MAX_SAFE_INTEGER;
  const nameOf = (name: keyof DemuxerOptions) => fieldName(prefix, name);
  optional(checkString, checked.format, nameOf("format"));
  if (checked.formats !== undefined) checkFormats(checked, nameOf("formats"), nameOf("format"));
  optional(checkBoolean, checked.findStreamInfo, nameOf("findStreamInfo"));
  optional(checkBoolean, checked.strict, nameOf("strict"));
  optional(checkInteger, checked.maxStreams, nameOf("maxStreams"), 1, 1e6);
  optional(checkInteger, checked.maxPacketSize, nameOf("maxPacketSize"), 1);
  optional(checkInteger, checked.maxOpenSize, nameOf("maxOpenSize"), 1);
  optional(checkHttpOptions, checked.http, nameOf("http"));
  optional(checkNumber, checked.probeSize, nameOf("probeSize"), 32, exact);
  optional(checkNumber, checked.analyzeDuration, nameOf("analyzeDuration"), 0, exact / 1e6);
  return checked;
}

/** The names of an input format: a demuxer of several formats has several. */
const namesOf = (name: string) => name.toLowerCase().split(",");

let knownFormats: Map<string, string> | null = null;

/** The demuxers by each of their names; the library's, which stay as they are. */
function inputFormatNames(): Map<string, string> {
  return knownFormats ??= new Map(
    inputFormats().flatMap((format) => namesOf(format.name).map((name) => [name, format.name])),
  );
}

function checkFormats({ formats = [], format, options }: DemuxerOptions, name: string, single: string): void {
  if (checkArray(formats, name).length === 0) throw argumentError(RangeError, name, "must not be empty");
  const known = inputFormatNames();
  const places = formats.map((format) => {
    const place = known.get(checkString(format, name).toLowerCase());
    if (place === undefined) throw argumentError(RangeError, name, `there is no input format '${format}'`);
    return place;
  });
  if (options?.["format_whitelist"] !== undefined) {
    throw argumentError(TypeError, name, "can't be beside the option format_whitelist");
  }
  const forced = format === undefined ? undefined : known.get(format.toLowerCase()) ?? "";
  if (forced === undefined || places.includes(forced)) return;
  throw argumentError(RangeError, single, `'${format}' is not among formats`);
}

/** Where and how an input is opened. */
interface Opening {
  /** Nothing but native code runs while bytes are read, so that they can be read where they are. */
  lend?: boolean;
  /** What its source has opened goes with it, else with the session. */
  host?: Host;
  /** What its options are called within others. */
  prefix?: string;
}

/** Opens a source as the input of a session; its options are checked. */
export function* openInput(
  session: Session,
  source: Source,
  options: DemuxerOptions,
  { lend = true, host = session, prefix = "" }: Opening = {},
): Operation<Attachment> {
  const { format, formats, url, http, onopen, findStreamInfo = true, strict = false } = options;
  const { maxPacketSize = MAX_PACKET_SIZE, maxOpenSize = MAX_OPEN_SIZE } = options;
  session.limitMemory(options.maxMemory);
  const bufferSize = bufferSizeOf(options);
  const attachment = isSequence(source, format)
    ? openSequence(host, String(source))
    : yield* openSource(host, source, { bufferSize, lend: lend && !onopen, http });
  const origin = httpOrigin(source, url);
  allowNestedInput(session, { onopen, bufferSize, http, origin });
  const unused = yield* input.openInput(session, {
    io: attachment.io,
    url: url ?? attachment.url,
    format,
    formats: formats?.map((name) => name.toLowerCase()),
    maxPacketSize,
    maxOpenSize,
    strict,
    findStreamInfo,
    options: optionPairs({ options: { ...probing(options), ...options.options } }),
  });
  checkAllUsed(unused, "the input format", fieldName(prefix, "options"));
  return attachment;
}

/** Images by the number in their name; the demuxer opens them one by one. */
function isSequence(source: Source, format: string | undefined): source is string | URL {
  return format === "image2" && (typeof source === "string" || source instanceof URL) &&
    /%0?\d*d/.test(String(source));
}

/** Its images are not to be overwritten, though they are opened one by one. */
function openSequence(host: Host, pattern: string): Attachment {
  host.defer(host.files.addSource(imagesLike(pattern)));
  return { io: null, url: pattern };
}

/** AVOptions of the same meaning. */
function probing({ probeSize, analyzeDuration, maxStreams }: DemuxerOptions): Record<string, number> {
  return {
    ...(maxStreams === undefined ? {} : { max_streams: maxStreams }),
    ...(probeSize === undefined ? {} : { probesize: Math.round(probeSize) }),
    ...(analyzeDuration === undefined ? {} : { analyzeduration: Math.round(analyzeDuration * 1e6) }),
  };
}
