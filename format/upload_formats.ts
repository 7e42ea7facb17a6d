/**
 * The formats that people upload: a list for `formats`, and what a lean library is built of (scripts/build/formats.sh).
 */

/**
 * What people upload, by FFmpeg's names: what cameras, phones, recorders, editors and the web make. No playlists, no scripts,
 * nothing that opens other files. For `formats` of whatever reads what strangers send.
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
