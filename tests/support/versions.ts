/**
 * Which libavformat is tested, and what newer ones tell otherwise than the reference, the ffprobe of FFmpeg 5.1.
 */
import { versions } from "@avio/avio";

/** Whether FFmpeg is the one whose protocols are avio's. */
export const isEmbedded = versions().build === "embedded";

/** Major version of libavformat: 59 is FFmpeg 5.1's, 61 that of 7.1, 63 that of 9.0. */
export const libavformat = parseInt(versions().libavformat);

/** Fields, by ffprobe's names, that libavformat tells otherwise since a version; its own ffprobe agrees with it. */
interface Difference {
  since: number;
  of: "files" | "packets";
  files: string[];
  fields: string[];
}

const differences: Difference[] = [
  // Before, the color space of PNG was unspecified; it is "gbr".
  { since: 61, of: "files", files: ["image.png"], fields: ["color_space"] },
  // A vendor of mov that is none is no tag.
  {
    since: 63,
    of: "files",
    files: ["video.mp4", "faststart.mp4", "fragmented.mp4", "sample.mp4", "bbb_chapters.mp4"],
    fields: ["vendor_id"],
  },
  // A start code has four bytes.
  { since: 63, of: "files", files: ["video.ts"], fields: ["extradata_size", "probe_score"] },
  // The samples that the encoder added before and after are not part of the duration.
  {
    since: 63,
    of: "files",
    files: ["audio.mp3", "cover.mp3", "sample.mp3"],
    fields: ["duration", "duration_ts", "bit_rate", "probe_score"],
  },
  // Those before are skipped, so that a stream begins where what is heard begins.
  { since: 63, of: "files", files: ["video.webm", "sample.webm"], fields: ["start_time", "start_pts"] },
  // The last packet of a fragment lasts as long as the fragment says.
  { since: 63, of: "packets", files: ["fragmented.mp4"], fields: ["duration"] },
];

/** The fields of a file, or of its packets, that this libavformat tells otherwise than ffprobe 5.1. */
export function differing(file: string, of: Difference["of"]): string[] {
  return differences.filter((difference) =>
    difference.since <= libavformat && difference.of === of && difference.files.includes(file)
  ).flatMap(({ fields }) => fields);
}
