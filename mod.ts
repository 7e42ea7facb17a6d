/**
 * avio: all of libavformat for Node, Deno and Bun (probe, demux, mux, remux), over any source and any sink that TypeScript
 * can express.
 *
 * ```ts
 * import { MemorySink, remuxSync } from "@avio/avio";
 *
 * const sink = new MemorySink();
 * remuxSync("fixtures/video.mp4", sink, { format: "matroska" });
 * ```
 *
 * @module
 */
export { type Constants, constants } from "./ffi/constants.ts";
export { AVError, ClosedError } from "./ffi/errors.ts";
export { LibraryNotFoundError, loadLibrary } from "./ffi/library.ts";
export { type LogLevel, type LogLine, onLog, setLogLevel } from "./ffi/log.ts";
export type { Marker, WriteInfo } from "./ffi/device.ts";
export { StrictError, type Warning, type WarningKind } from "./ffi/warnings.ts";
export type { MaybePromise } from "./ffi/operation.ts";

export type { IOCallbacks } from "./io/callbacks.ts";
export type { HeadersLike, HttpOptions } from "./io/http.ts";
export { HttpError } from "./io/http_error.ts";
export { IOContext } from "./io/io_context.ts";
export { MemorySink } from "./io/memory_sink.ts";
export type { OpenCallback, OpenRequest } from "./io/open_callback.ts";
export { anyOf } from "./io/any_of.ts";
export { fromMap, type MapFile } from "./io/from_map.ts";
export { withinDirectory, type WithinDirectoryOptions } from "./io/within_directory.ts";
export { withinOrigin, type WithinOriginOptions } from "./io/within_origin.ts";
export type {
  BunFile,
  DenoFile,
  NodeFileHandle,
  NodeWritable,
  OpenedFile,
  StandardInput,
} from "./io/opened_file.ts";
export { type PositionedChunk, PositionedSink } from "./io/positioned_sink.ts";
export type { Sink } from "./io/sink.ts";
export type { Source } from "./io/source.ts";

export { codecString, type CodecStringParameters } from "./format/codec_string.ts";
export type { WebColors, WebColorSpace } from "./format/color_names.ts";
export type { EncodedChunk, EncodedChunkInit } from "./format/encoded_chunk.ts";
export type { Cover, CoverInit, CoverKind } from "./format/picture.ts";
export { type Tagged, type Tags, tagsOf, type TagValues } from "./format/tags.ts";
export { mimeType, type MimeTypeInfo, type MimeTypeOptions } from "./format/mime_type.ts";
export {
  type AudioConfig,
  codecParametersOf,
  decoderConfig,
  type EncoderReport,
  type VideoConfig,
} from "./format/web_codecs.ts";
export {
  Demuxer,
  type PacketAtOptions,
  type PacketsOptions,
  type SeekOptions,
  type SeekTarget,
} from "./format/demuxer.ts";
export type { DemuxerOptions } from "./format/open_input.ts";
export { uploadFormats } from "./format/upload_formats.ts";
export type { MuxerOptions } from "./format/open_output.ts";
export {
  type CodecInfo,
  codecs,
  type FormatInfo,
  type FormatOption,
  formatOptions,
  guessFormat,
  inputFormats,
  licenseText,
  outputFormats,
  type Versions,
  versions,
} from "./format/formats.ts";
export type { AttachmentInit } from "./format/attached_file.ts";
export { Muxer } from "./format/muxer.ts";
export type { MediaType } from "./format/media_type.ts";
export type { SessionOptions } from "./format/options.ts";
export type { ColorRange, Disposition, FieldOrder, SideDataType } from "./format/known_names.ts";
export { Packet, type PacketInit, type SideData, type SideDataInit } from "./format/packet.ts";
export { probe, probeSync } from "./format/probe.ts";
export type { Rational } from "./format/rational.ts";
export { type SideDataFields, sideDataFields } from "./format/side_data.ts";
export type { StreamChoice, StreamEdits, StreamSelection, TagEdits } from "./format/edits.ts";
export type { RemuxProgress } from "./format/progress.ts";
export { remux, remuxSync } from "./format/remux.ts";
export { type KeyFrameOptions, keyFrames, keyFramesSync } from "./format/key_frames.ts";
export type {
  RemuxedStream,
  RemuxOptions,
  RemuxRange,
  RemuxResult,
  RemuxStart,
  StartingStream,
} from "./format/remux_options.ts";
export { split, splitSync } from "./format/split.ts";
export type { Segment, SplitOptions, SplitResult } from "./format/split.ts";
export { concat, concatSync } from "./format/concat.ts";
export { merge, type MergeOptions, type MergeSource, mergeSync } from "./format/merge.ts";
export type { MergedStream, MergeResult, MergeStart, MergeStartingStream } from "./format/merging.ts";
export type { ConcatSource } from "./format/concat.ts";
export { RemuxStream } from "./format/remux_stream.ts";
export { streamingOptions } from "./format/streaming.ts";
export type { IndexEntry } from "./format/stream_index.ts";
export type {
  Chapter,
  CodecParameters,
  CodecParametersLike,
  MediaInfo,
  Program,
  Stream,
  StreamInit,
  StreamLike,
  StreamParameters,
} from "./format/stream.ts";
