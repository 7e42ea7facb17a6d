/**
 * The version of libavformat that is tested, and how newer versions differ from the reference, the ffprobe of FFmpeg 5.1.
 */
import { versions } from "@avio/avio";

/** Whether it is the embedded build, with avio's patches and protocol. */
export const isEmbedded = versions().build === "embedded";

/** Major version of libavformat: 59 is FFmpeg 5.1's, 61 that of 7.1, 63 that of 9.0. */
export const libavformat = parseInt(versions().libavformat);

/** Fields, by ffprobe's names, that differ since a version of libavformat; its own ffprobe agrees. */
interface Difference {
  since: number;
  of: "files" | "packets";
  files: string[];
  fields: string[];
}

const differences: Difference[] = [
  // The color space of PNG, unspecified before, is "gbr".
  { since: 61, of: "files", files: ["image.png"], fields: ["color_space"] },
  // An empty vendor in mov is no longer a tag.
  {
    since: 63,
    of: "files",
    files: ["video.mp4", "faststart.mp4", "fragmented.mp4", "sample.mp4", "bbb_chapters.mp4"],
    fields: ["vendor_id"],
  },
  // Start codes have four bytes.
  { since: 63, of: "files", files: ["video.ts"], fields: ["extradata_size", "probe_score"] },
  // The samples that the encoder added before and after no longer count for the duration.
  {
    since: 63,
    of: "files",
    files: ["audio.mp3", "cover.mp3", "sample.mp3"],
    fields: ["duration", "duration_ts", "bit_rate", "probe_score"],
  },
  // Those before are skipped: the stream begins with the first audible sample.
  { since: 63, of: "files", files: ["video.webm", "sample.webm"], fields: ["start_time", "start_pts"] },
  // The last packet of a fragment has the duration in the fragment.
  { since: 63, of: "packets", files: ["fragmented.mp4"], fields: ["duration"] },
];

/** The fields of a file, or of its packets, in which this libavformat differs from ffprobe 5.1. */
export function differing(file: string, of: Difference["of"]): string[] {
  return differences.filter((difference) =>
    difference.since <= libavformat && difference.of === of && difference.files.includes(file)
  ).flatMap(({ fields }) => fields);
}
