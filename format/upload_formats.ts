/**
 * The formats that people upload: a list for the option `formats`, and for lean builds of the library
 * (scripts/build/formats.sh).
 */

/**
 * FFmpeg's names of formats that people upload: those of cameras, phones, recorders, editors and the web, without
 * playlists, scripts and others that open files. Use it as `formats` to read uploads from strangers.
 *
 * ```ts
 * import { probeSync, uploadFormats } from "@avio/avio";
 *
 * console.log(probeSync("fixtures/video.mp4", { formats: uploadFormats }).format.name);
 * ```
 */
export const uploadFormats: readonly string[] = Object.freeze([
  ...["mov", "matroska", "avi", "flv", "mpeg", "mpegts", "mpegvideo", "asf", "rm", "mxf", "ivf"],
  ...["h264", "hevc", "m4v", "obu", "av1"],
  ...[
    "mp3",
    "aac",
    "ac3",
    "eac3",
    "dts",
    "flac",
    "ogg",
    "wav",
    "w64",
    "aiff",
    "caf",
    "amr",
    "ape",
    "wv",
    "tta",
  ],
  ...["gif", "jpeg_pipe", "png_pipe", "webp_pipe"],
  ...["srt", "ass", "webvtt"],
]);
