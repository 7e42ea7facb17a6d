/**
 * Opening an input: its options, and how a source becomes the input of a session.
 */
import { argumentError } from "../ffi/errors.ts";
import * as input from "../ffi/input.ts";
import type { Operation } from "../ffi/operation.ts";
import type { Host, Session } from "../ffi/session.ts";
import type { Warning } from "../ffi/warnings.ts";
import {
  checkArray,
  checkBoolean,
  checkFunction,
  checkInteger,
  checkNumber,
  checkString,
  fieldName,
  MAX_SECONDS,
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
  /** FFmpeg's name of the input format; skips detection. */
  format?: string;
  /**
   * FFmpeg's names of the formats that may be tried, also for files in a playlist; any other format is an AVError
   * (DEMUXER_NOT_FOUND). {@linkcode uploadFormats} is a list for uploads from strangers. @default all
   */
  formats?: readonly string[];
  /** Whether to read until the parameters of all streams are known (avformat_find_stream_info). @default {true} */
  findStreamInfo?: boolean;
  /** Maximum bytes read to detect format and streams. @default {5000000} */
  probeSize?: number;
  /** Maximum seconds of media read to detect streams. @default {5} */
  analyzeDuration?: number;
  /** Maximum number of streams; more are an error, or ignored where the format allows it. @default {1000} */
  maxStreams?: number;
  /** Maximum bytes of a packet with its side data; a larger one is an AVError (EMSGSIZE). @default {268435456} */
  maxPacketSize?: number;
  /**
   * Maximum bytes read while opening, including files in a playlist; more are an AVError (EMSGSIZE). `probeSize` does
   * not limit headers, which may have any length. @default {268435456}
   */
  maxOpenSize?: number;
  /**
   * Whether warnings about this source are errors ({@linkcode StrictError}): it is damaged, ends too early, or packets are
   * left out. Without it, a missing segment of an HLS playlist or a DASH manifest is left out with a warning (its path does
   * not exist, `Deno.errors.NotFound`, or the server returns 404 or 410); with it, the segment's error is thrown, as it
   * always is if nothing can be read without the segment. @default {false}
   */
  strict?: boolean;
  /**
   * Called for the first loss of each kind in each stream of this source, after the operation in which it happened. An
   * exception ends the operation.
   */
  onwarning?: (warning: Warning) => void;
  /** Options for http(s): URLs. */
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
  onwarning: true,
  http: true,
};

const MAX_PACKET_SIZE = 256 * 1024 * 1024;
const MAX_OPEN_SIZE = 256 * 1024 * 1024;

/** Checks options of an input, returns a copy; undefined ones are ignored. `prefix` is their name within other options. */
export function checkDemuxerOptions(options: DemuxerOptions | undefined, prefix = ""): DemuxerOptions {
  const checked: DemuxerOptions = checkOptions(options, demuxerOptionNames, prefix);
  const exact = Number.MAX_SAFE_INTEGER;
  const nameOf = (name: keyof DemuxerOptions) => fieldName(prefix, name);
  optional(checkString, checked.format, nameOf("format"));
  if (checked.formats !== undefined) {
    checked.formats = checkArray(checked.formats, nameOf("formats"));
    checkFormats(checked, nameOf("formats"), nameOf("format"));
  }
  optional(checkBoolean, checked.findStreamInfo, nameOf("findStreamInfo"));
  optional(checkBoolean, checked.strict, nameOf("strict"));
  optional(checkFunction, checked.onwarning, nameOf("onwarning"));
  optional(checkInteger, checked.maxStreams, nameOf("maxStreams"), 1, 1e6);
  optional(checkInteger, checked.maxPacketSize, nameOf("maxPacketSize"), 1);
  optional(checkInteger, checked.maxOpenSize, nameOf("maxOpenSize"), 1);
  if (checked.http !== undefined) checked.http = checkHttpOptions(checked.http, nameOf("http"));
  optional(checkNumber, checked.probeSize, nameOf("probeSize"), 32, exact);
  optional(checkNumber, checked.analyzeDuration, nameOf("analyzeDuration"), 0, MAX_SECONDS);
  return checked;
}

/** The names of an input format; a demuxer for several formats has several. */
const namesOf = (name: string) => name.toLowerCase().split(",");

let knownFormats: Map<string, string> | null = null;

/** The library's demuxers, by each of their names. */
function inputFormatNames(): Map<string, string> {
  return knownFormats ??= new Map(
    inputFormats().flatMap((format) => namesOf(format.name).map((name) => [name, format.name])),
  );
}

function checkFormats({ formats = [], format, options }: DemuxerOptions, name: string, single: string): void {
  if (formats.length === 0) throw argumentError(RangeError, name, "must not be empty");
  const known = inputFormatNames();
  const places = formats.map((format) => {
    const place = known.get(checkString(format, name).toLowerCase());
    if (place === undefined) throw argumentError(RangeError, name, `there is no input format '${format}'`);
    return place;
  });
  if (options?.["format_whitelist"] !== undefined) {
    throw argumentError(TypeError, name, "can't be combined with the option format_whitelist");
  }
  const forced = format === undefined ? undefined : known.get(format.toLowerCase()) ?? "";
  if (forced === undefined || places.includes(forced)) return;
  throw argumentError(RangeError, single, `'${format}' is not among formats`);
}

/** The context in which an input is opened. */
interface Opening {
  /** Whether bytes can be read in place, because only native code runs meanwhile. */
  lend?: boolean;
  /** Owner of the source's resources, by default the session. */
  host?: Host;
  /** Name of its options within others. */
  prefix?: string;
  /** Whether to warn if the source ends before what its index names. */
  checkSize?: boolean;
  /** Whether the whole operation is strict. */
  strict?: boolean;
}

/** Opens a source as the input of a session, with checked options; returns it with its size, if that is known. */
export function* openInput(
  session: Session,
  source: Source,
  options: DemuxerOptions,
  { lend = true, host = session, prefix = "", checkSize = false, ...whole }: Opening = {},
): Operation<Attachment> {
  const { format, formats, url, http, onopen, findStreamInfo = true, onwarning, strict = whole.strict } =
    options;
  const { maxPacketSize = MAX_PACKET_SIZE, maxOpenSize = MAX_OPEN_SIZE } = options;
  session.limitMemory(options.maxMemory);
  session.warnings.watchInput({ onwarning, strict });
  const bufferSize = bufferSizeOf(options);
  const attachment = isSequence(source, format)
    ? openSequence(host, String(source))
    : yield* openSource(host, source, { bufferSize, lend: lend && !onopen, http });
  const origin = httpOrigin(source, url);
  const name = url ?? attachment.url;
  allowNestedInput(session, { onopen, bufferSize, http, origin, url: name });
  const { unused, size } = yield* input.openInput(session, {
    io: attachment.io,
    url: name,
    format,
    formats: formats?.map((name) => name.toLowerCase()),
    maxPacketSize,
    maxOpenSize,
    strict: strict ?? false,
    findStreamInfo,
    checkSize,
    options: optionPairs({ options: { ...probing(options), ...options.options } }),
  });
  checkAllUsed(unused, "the input format", fieldName(prefix, "options"));
  return size === null ? attachment : { ...attachment, size };
}

/** An image sequence, numbered in file names; the demuxer opens the images one by one. */
function isSequence(source: Source, format: string | undefined): source is string | URL {
  return format === "image2" && (typeof source === "string" || source instanceof URL) &&
    /%0?\d*d/.test(String(source));
}

/** Protects its images from being overwritten, though they are opened one by one. */
function openSequence(host: Host, pattern: string): Attachment {
  host.defer(host.files.addSource(imagesLike(pattern)));
  return { io: null, url: pattern };
}

/** AVOptions with the same meaning. */
function probing({ probeSize, analyzeDuration, maxStreams }: DemuxerOptions): Record<string, number> {
  return {
    ...(maxStreams === undefined ? {} : { max_streams: maxStreams }),
    ...(probeSize === undefined ? {} : { probesize: Math.round(probeSize) }),
    ...(analyzeDuration === undefined ? {} : { analyzeduration: Math.round(analyzeDuration * 1e6) }),
  };
}
