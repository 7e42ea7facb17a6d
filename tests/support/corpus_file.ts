/**
 * The comparisons of `tests/corpus.ts` for one file, in a separate process: its packets, its description, remuxing to other
 * containers, and where seeks land. Each result is classified by a word or two. Prints a line of JSON.
 */
import { createHash } from "node:crypto";
import { dirname } from "node:path";
import { type CodecParameters, Demuxer, type MediaInfo, probe, remux, withinDirectory } from "../../mod.ts";

/** The results of a file. */
export interface FileResult {
  path: string;
  /** Why there are no other results. */
  lost?: string;
  packets: string;
  /** Fields that avio lacks or that differ from ffprobe's: "pix_fmt: yuv420p, null". */
  probe: string[];
  /** The same, if avio is right according to other output of ffprobe, and which. */
  explained: string[];
  /** By target. */
  remux: Record<string, string>;
  seeks: string[];
  /** Messages of avio's errors, by step. */
  errors?: Record<string, string>;
}

interface Row {
  stream: number;
  pts: number | null;
  dts: number | null;
  duration: number;
  key: boolean;
  hash: string;
}

const SEEKS = 5;
const MAX_PACKETS = 20_000;
const HASH_OF_NOTHING = "MD5:d41d8cd98f00b204e9800998ecf8427e";
const [path, ffprobe, ffmpeg, named = ""] = Deno.args as [string, string, string, string?];
const steps = named ? named.split(",") : ["packets", "probe", "remux", "seeks"];
const errors: Record<string, string> = {};
/** Playlists and manifests have their segments beside them. */
const onopen = withinDirectory(dirname(path));

function run(command: string, ...args: string[]): { success: boolean; text: string } {
  const { success, stdout } = new Deno.Command(command, {
    args: ["-v", "quiet", ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).outputSync();
  return { success, text: new TextDecoder().decode(stdout) };
}

/** The result of a step with avio; null if it throws. */
async function tried<T>(step: string, work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    errors[step] = String(error).slice(0, 300);
    return null;
  }
}

// ------------------------------------------------------------------------------------------- packets

// deno-lint-ignore no-explicit-any
type Probed = Record<string, any>;

/** Parses ffprobe's output; empty if it failed half way. */
function parsed(text: string): Probed {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

function rowsOfFFprobe(file: string): Row[] {
  const entries = "packet=stream_index,pts,dts,duration,flags,data_hash";
  const { text } = run(
    ffprobe,
    "-of",
    "json",
    "-show_packets",
    "-show_entries",
    entries,
    "-show_data_hash",
    "md5",
    file,
  );
  const packets: Probed[] = parsed(text).packets ?? [];
  return packets.slice(0, MAX_PACKETS).map((packet) => ({
    stream: packet.stream_index,
    pts: packet.pts ?? null,
    dts: packet.dts ?? null,
    duration: packet.duration ?? 0,
    key: packet.flags.includes("K"),
    hash: packet.data_hash === HASH_OF_NOTHING ? "" : packet.data_hash ?? "",
  }));
}

/** The packets up to an error, as rows like those of ffprobe. */
async function rowsOfAvio(file: string): Promise<Row[]> {
  const rows: Row[] = [];
  await tried("packets", () => readRows(file, rows));
  return rows;
}

async function readRows(file: string, rows: Row[]): Promise<void> {
  using demuxer = await Demuxer.open(file, { onopen });
  for await (const packet of demuxer.packets()) {
    if (rows.length === MAX_PACKETS) break;
    const hash = packet.data.length ? `MD5:${createHash("md5").update(packet.data).digest("hex")}` : "";
    const { streamIndex: stream, pts, dts, duration, isKey: key } = packet;
    rows.push({ stream, pts, dts, duration, key, hash });
  }
}

const byStream = (rows: Row[]) => rows.toSorted((a, b) => a.stream - b.stream); // stable

/** Whether all fields that ffprobe has are the same; avio may have more. */
function isKept(reference: Row, row: Row): boolean {
  const same = (one: number | null, other: number | null) => one === null || one === other;
  return same(reference.pts, row.pts) && same(reference.dts, row.dts) &&
    same(reference.duration || null, row.duration) && reference.key === row.key;
}

function comparePackets(reference: Row[], rows: Row[]): string {
  if (!rows.length) return reference.length ? "only ffprobe" : "both refuse";
  if (!reference.length) return "only avio";
  if (rows.length !== reference.length) return rows.length < reference.length ? "fewer" : "more";
  const [a, b] = [byStream(reference), byStream(rows)];
  if (a.some((row, i) => row.hash !== b[i]!.hash || row.stream !== b[i]!.stream)) return "other data";
  if (JSON.stringify(a) === JSON.stringify(b)) return "same";
  return a.every((row, i) => isKept(row, b[i]!)) ? "better" : "other times";
}

// ------------------------------------------------------------------------------------------- description

const fields: Record<string, keyof CodecParameters> = {
  codec_name: "codec",
  profile: "profileName",
  level: "level",
  width: "width",
  height: "height",
  pix_fmt: "pixelFormat",
  color_space: "colorSpace",
  color_range: "colorRange",
  color_primaries: "colorPrimaries",
  color_transfer: "colorTransfer",
  field_order: "fieldOrder",
  sample_fmt: "sampleFormat",
  sample_rate: "sampleRate",
  channels: "channels",
  channel_layout: "channelLayout",
};

const unknown = [undefined, null, "unknown", "N/A", "0", 0, -99, "", "none"];

/** The fields of the first decoded frame of a stream. */
function decodedFields(stream: number): Probed {
  const first = ["-select_streams", `${stream}`, "-show_frames", "-read_intervals", "%+#1"];
  const { text } = run(ffprobe, "-of", "json", ...first, path);
  return parsed(text).frames?.[0] ?? {};
}

/**
 * ffprobe prints the container's values if it decodes nothing, or not enough. avio is right if the decoder agrees with it.
 * ffprobe has no decoder for AV1, but it prints the matrix: with "gbr" the planes are G, B, R.
 */
function explanation(stream: Probed, name: string, ours: unknown): string | null {
  if (stream.codec_name === "av1" && name === "pix_fmt" && stream.color_space === "gbr") {
    const planes = /^yuv444p(.*)$/.exec(stream.pix_fmt);
    if (planes && ours === `gbrp${planes[1]}`) return "the matrix is gbr";
  }
  const decoded = decodedFields(stream.index)[name];
  return decoded !== undefined && String(decoded) === String(ours) ? "decoded so" : null;
}

function compareStreams(
  reference: Probed[],
  info: MediaInfo,
): { differences: string[]; explained: string[] } {
  const differences: string[] = [], explained: string[] = [];
  if (reference.length !== info.streams.length) {
    differences.push(`streams: ${reference.length}, ${info.streams.length}`);
  }
  reference.forEach((stream, i) => {
    const parameters = info.streams[i]?.codecParameters;
    if (!parameters) return;
    for (const [name, field] of Object.entries(fields)) {
      const theirs = stream[name];
      const ours = name === "profile" ? parameters.profileName ?? parameters.profile : parameters[field];
      if (unknown.includes(theirs) || String(theirs) === String(ours)) continue;
      const difference = `${name}: ${theirs}, ${ours}, ${stream.codec_name}`;
      const why = explanation(stream, name, ours);
      if (why) explained.push(`${difference}: ${why}`);
      else differences.push(difference);
    }
  });
  return { differences, explained };
}

/** The streams that ffprobe describes; none if it fails half way. */
function streamsOfFFprobe(): Probed[] {
  return parsed(run(ffprobe, "-of", "json", "-show_streams", path).text).streams ?? [];
}

async function compareDescription(): Promise<{ differences: string[]; explained: string[] }> {
  const reference = streamsOfFFprobe();
  const info = await tried("probe", () => probe(path, { onopen }));
  return info && reference.length ? compareStreams(reference, info) : { differences: [], explained: [] };
}

// ------------------------------------------------------------------------------------------- remuxing

const fragments = { movflags: "+frag_keyframe+empty_moov+default_base_moof" };
const extension = path.split(".").at(-1)!;
const targets: Record<string, { name: string; options?: Record<string, string> }> = {
  mkv: { name: "mkv" },
  mp4: { name: "mp4" },
  "fragmented mp4": { name: "mp4", options: fragments },
  mpegts: { name: "ts" },
  own: { name: extension },
};

/** The packets of playable streams: what a container can't hold, ffmpeg writes as data streams that nothing reads. */
function rowsOfMedia(file: string): Row[] {
  const streams: Probed[] = parsed(run(ffprobe, "-of", "json", "-show_streams", file).text).streams ?? [];
  const isMedia = ({ codec_type, codec_name }: Probed) =>
    ["video", "audio", "subtitle"].includes(codec_type) && codec_name !== undefined &&
    codec_name !== "unknown";
  const media = streams.filter(isMedia).map(({ index }) => index);
  return rowsOfFFprobe(file).filter(({ stream }) => media.includes(stream))
    .map((row) => ({ ...row, stream: media.indexOf(row.stream) }));
}

/** Remuxes by ffmpeg: all streams, in the source's order as avio does, or, if that fails, those that it selects by default. */
function remuxByFFmpeg(out: string, options: Record<string, string> = {}): boolean {
  const named = Object.entries(options).flatMap(([name, value]) => [`-${name}`, value]);
  const media = streamsOfFFprobe().filter(({ codec_type }) =>
    ["video", "audio", "subtitle"].includes(codec_type)
  );
  const all = media.flatMap(({ index }) => ["-map", `0:${index}`]);
  return [[...all, "-ignore_unknown"], []].some((map) =>
    run(ffmpeg, "-y", "-i", path, ...map, "-c", "copy", ...named, out).success &&
    rowsOfMedia(out).length > 0
  );
}

/** A hash of the decoded audio and video. */
function decoded(file: string): string {
  return run(ffmpeg, "-i", file, "-map", "0:v?", "-map", "0:a?", "-f", "streamhash", "-hash", "md5", "-")
    .text;
}

function compareOutputs(theirs: string, ours: string): string {
  const [a, b] = [byStream(rowsOfMedia(theirs)), byStream(rowsOfMedia(ours))];
  if (JSON.stringify(a) === JSON.stringify(b)) return "same";
  const streams = (rows: Row[]) => new Set(rows.map(({ stream }) => stream)).size;
  if (streams(a) !== streams(b)) return streams(a) > streams(b) ? "fewer streams" : "more streams";
  const data = (rows: Row[]) => rows.map(({ stream, hash }) => `${stream} ${hash}`).join();
  if (data(a) === data(b)) return "other times";
  const content = decoded(theirs);
  return content && content === decoded(ours) ? "other packets, decoded the same" : "other packets";
}

async function compareRemux(folder: string, target: string): Promise<string> {
  const { name, options } = targets[target]!;
  const [theirs, ours] = [`${folder}/theirs.${name}`, `${folder}/ours.${name}`];
  const byThem = remuxByFFmpeg(theirs, options);
  const output = { options: options ?? {}, onopen: withinDirectory(folder, { write: true }) };
  const result = await tried(target, () => remux(path, ours, { ...output, input: { onopen } }));
  const byUs = result !== null && rowsOfMedia(ours).length > 0;
  if (byThem && byUs) return compareOutputs(theirs, ours);
  if (result !== null && !byUs) return byThem ? "unreadable" : "neither";
  return byThem ? "only ffmpeg" : byUs ? "only avio" : "neither";
}

// ------------------------------------------------------------------------------------------- seeking

/** Checks that a seek lands on the last key frame at or before the time, otherwise at the beginning. */
async function compareSeek(rows: Row[], stream: number, seconds: number): Promise<string> {
  using demuxer = await Demuxer.open(path, { onopen });
  await demuxer.seek(seconds);
  const { num, den } = demuxer.streams[stream]!.timeBase;
  const target = seconds * den / num + 1e-6;
  const own = rows.filter((row) => row.stream === stream);
  const at = Math.max(0, own.findLastIndex(({ key, pts, dts }) => key && (pts ?? dts ?? Infinity) <= target));
  for await (const packet of demuxer.packets()) {
    if (packet.streamIndex !== stream) continue;
    const expected = own[at]!;
    if (packet.pts === expected.pts && packet.dts === expected.dts) return "right";
    if (packet.pts === expected.pts) return "other dts";
    return (packet.pts ?? 0) < (expected.pts ?? 0) ? "before" : "after";
  }
  return "nothing";
}

async function compareSeeks(rows: Row[]): Promise<string[]> {
  const info = await probe(path, { onopen });
  const moving = info.streams.filter(({ disposition }) => !disposition.includes("attached_pic"));
  const stream = (moving.find(({ codecParameters: { type } }) => type === "video") ??
    moving.find(({ codecParameters: { type } }) => type === "audio"))?.index;
  const times = rows.filter((row) => row.stream === stream && row.pts !== null).map(({ pts }) => pts!);
  if (stream === undefined || times.length < 10 || rows.length === MAX_PACKETS) return [];
  const { num, den } = info.streams[stream]!.timeBase;
  const first = Math.min(...times) * num / den, last = Math.max(...times) * num / den;
  const seeks: string[] = [];
  for (let i = 0; i < SEEKS; i++) {
    const seconds = first + (last - first) * ((i * 0.618 + 0.31) % 1);
    seeks.push(await tried(`seek ${i}`, () => compareSeek(rows, stream, seconds)) ?? "error");
  }
  return seeks;
}

// ------------------------------------------------------------------------------------------- the whole

if (import.meta.main) {
  const reference = rowsOfFFprobe(path);
  const rows = await rowsOfAvio(path);
  const result: FileResult = {
    path,
    packets: comparePackets(reference, rows),
    probe: [],
    explained: [],
    remux: {},
    seeks: [],
  };
  if (rows.length) {
    const folder = await Deno.makeTempDir();
    if (steps.includes("probe")) {
      const { differences, explained } = await compareDescription();
      Object.assign(result, { probe: differences, explained });
    }
    for (const target of steps.includes("remux") ? Object.keys(targets) : []) {
      result.remux[target] = await compareRemux(folder, target);
    }
    if (steps.includes("seeks")) result.seeks = await tried("seeks", () => compareSeeks(rows)) ?? [];
    await Deno.remove(folder, { recursive: true });
  }
  console.log(JSON.stringify({ ...result, errors }));
}
