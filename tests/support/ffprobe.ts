/**
 * Results of the ffprobe command, with which tests compare.
 */
import type { PacketRow } from "./packets.ts";

/** The fields of a stream in ffprobe's output. */
export type ProbedStream = Record<string, unknown> & {
  index: number;
  codec_type: string;
  disposition: Record<string, number>;
  tags?: Record<string, string>;
};

/** The output of ffprobe -show_format -show_streams -show_chapters. */
export interface Probed {
  streams: ProbedStream[];
  format: Record<string, string> & { tags?: Record<string, string> };
  chapters: {
    id: number;
    time_base: string;
    start_time: string;
    end_time: string;
    tags?: Record<string, string>;
  }[];
}

interface ProbedPacket {
  stream_index: number;
  pts?: number;
  dts?: number;
  duration?: number;
  size: string;
  pos?: string;
  flags: string;
  data_hash: string;
}

/** Whether ffprobe is installed. */
export const hasFFprobe: boolean = (() => {
  try {
    return new Deno.Command("ffprobe", { args: ["-version"], stdout: "null", stderr: "null" }).outputSync()
      .success;
  } catch {
    return false;
  }
})();

function ffprobe(path: string, ...args: string[]): unknown {
  return run("ffprobe", ["-v", "error", "-of", "json", ...args, path]);
}

function run(command: string, args: string[]): unknown {
  const { success, stdout, stderr } = new Deno.Command(command, { args, stdout: "piped", stderr: "piped" })
    .outputSync();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`${command} ${args.join(" ")}: ${decoder.decode(stderr)}`);
  return JSON.parse(decoder.decode(stdout));
}

/** Streams, container and chapters. */
export function ffprobeInfo(path: string): Probed {
  return ffprobe(path, "-show_streams", "-show_format", "-show_chapters") as Probed;
}

/** The packets: all, or those in an interval of ffprobe's syntax. */
export function ffprobePackets(path: string, interval?: string): PacketRow[] {
  const chosen = interval === undefined ? [] : ["-read_intervals", interval];
  return rowsOf(ffprobe(path, ...SHOW_PACKETS, ...chosen));
}

/** The packets that ffprobe finds if it can't seek, reading from a pipe. */
export function ffprobePipedPackets(path: string): PacketRow[] {
  const script = 'file=$1; shift; exec ffprobe "$@" - < <(exec cat "$file")';
  const args = ["-c", script, "bash", path, "-v", "error", "-of", "json", ...SHOW_PACKETS];
  return rowsOf(run("bash", args));
}

const SHOW_PACKETS = ["-show_packets", "-show_data_hash", "md5"];

function rowsOf(answer: unknown): PacketRow[] {
  const { packets } = answer as { packets: ProbedPacket[] };
  return packets.map((packet) => ({
    stream: packet.stream_index,
    pts: packet.pts ?? null,
    dts: packet.dts ?? null,
    duration: packet.duration ?? 0,
    size: Number(packet.size),
    key: packet.flags.includes("K"),
    pos: packet.pos === undefined ? null : Number(packet.pos),
    md5: packet.data_hash.replace("MD5:", ""),
  }));
}

/** Runs `work` with the path of a copy of the file in another format, made by `ffmpeg -c copy`. */
export function withCopyByFFmpeg(path: string, format: string, work: (copy: string) => void): void {
  const copy = Deno.makeTempFileSync({ prefix: "avio-test-" });
  try {
    const args = ["-v", "error", "-y", "-i", path, "-map", "0", "-c", "copy", "-fflags", "+bitexact"];
    const { success, stderr } = new Deno.Command("ffmpeg", { args: [...args, "-f", format, copy] })
      .outputSync();
    if (!success) throw new Error(`ffmpeg: ${new TextDecoder().decode(stderr)}`);
    work(copy);
  } finally {
    Deno.removeSync(copy);
  }
}
