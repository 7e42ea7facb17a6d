/**
 * Live output: cutting an open output into segments at key frames with which viewers can start, and the delay between
 * writing a packet and its arrival at the sink.
 */
import { assert, assertEquals, assertGreater, assertLessOrEqual } from "@std/assert";
import {
  Demuxer,
  MemorySink,
  Muxer,
  type MuxerOptions,
  type Packet,
  probeSync,
  type Stream,
  type WriteInfo,
} from "@avio/avio";
import { concatBytes } from "./support/essence.ts";
import { fixtureBytes } from "./support/fixtures.ts";
import { libavformat } from "./support/versions.ts";
import { md5, rowsOf } from "./support/packets.ts";
import { isEmbedded } from "./support/versions.ts";

/** The packets of a live source: of all its streams, in decoding order. */
function load(name: string, types = ["video", "audio"]): { streams: Stream[]; packets: Packet[] } {
  using demuxer = Demuxer.openSync(fixtureBytes(name));
  const streams = demuxer.streams.filter(({ type }) => types.includes(type));
  const places = new Map(streams.map(({ index }, place) => [index, place]));
  const packets = [...demuxer.packetsSync()].filter(({ streamIndex }) => places.has(streamIndex));
  for (const packet of packets) packet.streamIndex = places.get(packet.streamIndex)!;
  return { streams, packets: packets.toSorted((a, b) => decoded(a) - decoded(b)) };
}

/** Seconds. */
function decoded({ dts, pts, timeBase }: Packet): number {
  return (dts ?? pts)! * timeBase.num / timeBase.den;
}

interface Chunk extends WriteInfo {
  bytes: Uint8Array<ArrayBuffer>;
}

/** A sink that stores chunks, like a server; it can't seek. */
class Server {
  chunks: Chunk[] = [];
  size = 0;

  onwrite = (bytes: Uint8Array<ArrayBuffer>, info: WriteInfo): void => {
    assertEquals(info.position, this.size);
    this.chunks.push({ ...info, bytes });
    this.size += bytes.length;
  };

  /** What every viewer gets first. */
  get init(): Uint8Array {
    return concatBytes(this.#body.slice(0, this.#cuts[0]).map(({ bytes }) => bytes));
  }

  /** From one key frame to the next. */
  get segments(): { time: number | null; bytes: Uint8Array }[] {
    return this.#cuts.map((cut, i) => ({
      time: this.#body[cut]!.time,
      bytes: concatBytes(this.#body.slice(cut, this.#cuts[i + 1]).map(({ bytes }) => bytes)),
    }));
  }

  /** How many a viewer has by now. */
  get packets(): number {
    return this.segments.length === 0 ? 0 : rowsOf(concatBytes(this.chunks.map(({ bytes }) => bytes))).length;
  }

  get #body(): Chunk[] {
    return this.chunks.filter(({ marker }) => marker !== "trailer");
  }

  get #cuts(): number[] {
    return this.#body.flatMap(({ marker }, i) => marker === "sync" ? [i] : []);
  }
}

function muxTo(server: Server, { streams, packets }: ReturnType<typeof load>, options: MuxerOptions): void {
  using muxer = Muxer.openSync({ onwrite: server.onwrite }, options);
  for (const stream of streams) muxer.addStream(stream);
  for (const packet of packets) {
    // Matroska begins a cluster with a key frame only if there are 4 KB since the last one.
    if (packet.streamIndex === 0 && packet.isKey) muxer.flushSync();
    muxer.writeSync(packet);
  }
  muxer.flushSync(); // or Matroska's last cluster would be a part of the trailer
  muxer.finishSync();
}

const fragments = { movflags: "frag_keyframe+empty_moov+default_base_moof" };

const outputs: [name: string, options: MuxerOptions][] = [
  ["video.mp4", { format: "mp4", options: fragments }],
  ["video.mp4", { format: "mp4", options: { movflags: "cmaf+frag_keyframe" } }],
  ["video.webm", { format: "webm" }],
  ["video.mp4", { format: "matroska" }],
];

/** FFmpeg 5.1 forgets the markers of Matroska. */
const hasMarkers = ({ format }: MuxerOptions) => format === "mp4" || libavformat > 59;

for (const [name, options] of outputs.filter(([, options]) => hasMarkers(options))) {
  for (const coalesce of [true, false]) {
    const title = `${options.format} ${JSON.stringify(options.options ?? {})}, coalesce ${coalesce}`;
    Deno.test(`A server cuts ${title} by markers, and viewers start at any key frame`, () => {
      const media = load(name);
      const server = new Server();
      muxTo(server, media, { ...options, coalesce });
      const { init, segments } = server;
      const video = media.packets.filter(({ streamIndex }) => streamIndex === 0);
      const keys = video.flatMap(({ isKey }, i) => isKey ? [i] : []);
      assertGreater(keys.length, 2);
      assertEquals(segments.length, keys.length);
      assert(server.chunks[0]!.marker === "header");

      const shift = segments[0]!.time! - decoded(video[0]!); // an mp4 begins at 0
      for (const [k, { time }] of segments.entries()) {
        assert(Math.abs(time! - shift - decoded(video[keys[k]!]!)) < 0.05, `segment ${k}: ${time}`);
      }

      const codecs = media.streams.map(({ codecParameters }) => codecParameters.codec);
      const whole = rowsOf(concatBytes([init, ...segments.map(({ bytes }) => bytes)]));
      for (const k of segments.keys()) {
        const viewed = concatBytes([init, ...segments.slice(k).map(({ bytes }) => bytes)]);
        assertEquals(probeSync(viewed).streams.map(({ codecParameters }) => codecParameters.codec), codecs);
        const rows = rowsOf(viewed);
        const pictures = rows.filter(({ stream }) => stream === 0);
        assert(pictures[0]!.key);
        assertEquals(pictures.map((row) => row.md5), video.slice(keys[k]).map(({ data }) => md5(data)));
        // And the times are those for a viewer from the start.
        const all = whole.filter(({ stream }) => stream === 0);
        assertEquals(pictures.map(({ pts }) => pts), all.slice(-pictures.length).map(({ pts }) => pts));
        assertGreater(rows.filter(({ stream }) => stream === 1).length, 0);
      }
    });
  }
}

Deno.test("FFmpeg has no markers for MPEG-TS", () => {
  const server = new Server();
  muxTo(server, load("video.mp4"), { format: "mpegts" });
  assertEquals(new Set(server.chunks.map(({ marker }) => marker)), new Set(["unknown"]));
});

// ------------------------------------------------------------------------------------------- latency

/** Bytes at the sink after each write. */
function* arrivals(
  sink: Server | MemorySink,
  { streams, packets }: ReturnType<typeof load>,
  options: MuxerOptions,
): Generator<{ packet: Packet; grown: number; muxer: Muxer }> {
  using muxer = Muxer.openSync(sink, { coalesce: false, ...options });
  for (const stream of streams) muxer.addStream(stream);
  muxer.startSync();
  for (const packet of packets) {
    const before = sink.size;
    muxer.writeSync(packet);
    yield { packet, grown: sink.size - before, muxer };
  }
  muxer.finishSync();
}

const alone: [name: string, type: string, options: MuxerOptions][] = [
  ["video.mp4", "video", { format: "mp4", options: fragments }],
  ["video.mp4", "audio", { format: "mp4", options: fragments }],
  ["video.mp4", "video", { format: "mpegts" }],
  ["video.mp4", "audio", { format: "mpegts" }],
  ["video.mp4", "audio", { format: "adts" }],
  ["video.mp4", "video", { format: "matroska" }],
  ["video.webm", "video", { format: "webm" }],
  ["video.mp4", "video", { format: "flv", options: { flvflags: "no_duration_filesize" } }],
  ["audio.ogg", "audio", { format: "ogg" }],
  ["audio.mp3", "audio", { format: "mp3", options: { write_xing: 0 } }],
];

for (const [name, type, options] of alone) {
  Deno.test(`coalesce: false: each packet of ${name} (${type}) in ${options.format} is at the sink before the next`, () => {
    for (const sink of [new Server(), new MemorySink()]) {
      let count = 0;
      for (const { packet, grown } of arrivals(sink, load(name, [type]), options)) {
        assertLessOrEqual(packet.data.length - 7, grown, `packet ${count}`); // ADTS headers are left out
        count++;
      }
      assertGreater(count, 20);
    }
  });
}

Deno.test("coalesce: false: Matroska and WebM of the system's FFmpeg delay audio by one packet", () => {
  let before = 0;
  for (const { packet, grown } of arrivals(new Server(), load("video.webm", ["audio"]), { format: "webm" })) {
    assertLessOrEqual(isEmbedded ? packet.data.length : before, grown);
    before = packet.data.length;
  }
});

Deno.test("coalesce: false: with two streams, a packet waits until the other stream has caught up", () => {
  const server = new Server();
  const media = load("video.mp4");
  media.packets = media.packets.filter((packet) => decoded(packet) < 2.8); // then there is only sound
  const latest = media.streams.map(() => -Infinity);
  const written: Packet[] = [];
  let longest = 0;
  for (const { packet, muxer } of arrivals(server, media, { format: "mp4", options: fragments })) {
    written.push(packet);
    latest[packet.streamIndex] = decoded(packet);
    if (server.packets === 0) continue; // nothing is passed on before each stream has begun
    const isDue = written.filter((other) => decoded(other) < Math.min(...latest)).length;
    const held = written.length - server.packets;
    assertLessOrEqual(held, written.length - isDue);
    longest = Math.max(longest, held);
    if (written.length % 50 > 0) continue;
    muxer.flushSync(); // waits for nobody
    assertEquals(server.packets, written.length);
  }
  assertGreater(longest, 0);
  assertLessOrEqual(longest, 3); // there are 43 packets of sound a second, and 25 pictures
});
