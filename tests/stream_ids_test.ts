/**
 * Ids of streams that a source has, in outputs that have other uses for them: the tables of MPEG-TS.
 */
import { assertEquals, assertThrows } from "@std/assert";
import {
  AVError,
  fromMap,
  type MemorySink,
  MemorySink as Sink,
  Muxer,
  probeSync,
  type RemuxOptions,
  remuxSync,
} from "@avio/avio";
import { fixtureBytes } from "./support/fixtures.ts";

/** PIDs that an MPEG-TS may have, of which muxers use some for their tables. */
const PIDS = [16, 0x100, 0x101, 0x1000, 0x1001, 0x1011, 0x1100, 0x1ffa];

const OUTPUTS: readonly (readonly [name: string, options: RemuxOptions, file?: string])[] = [
  ["MPEG-TS", { format: "mpegts" }],
  ["m2ts by its name", { format: "mpegts", url: "out.m2ts" }],
  ["m2ts by its option", { format: "mpegts", options: { mpegts_m2ts_mode: 1 } }],
  ["HLS", { format: "hls", url: "index.m3u8", options: { hls_playlist_type: "vod" } }, "index0.ts"],
  ["segments", { format: "segment", url: "%d.ts", options: { segment_format: "mpegts" } }, "0.ts"],
];

for (const [name, options, file] of OUTPUTS) {
  Deno.test(`A stream whose PID is that of a table in another ${name} is written all the same`, () => {
    for (const pid of PIDS) {
      const source = new Sink(), sink = new Sink(), files = new Map<string, MemorySink>();
      // Where tables are can be chosen, so any PID can be one of a stream.
      remuxSync(fixtureBytes("video.ts"), source, {
        format: "mpegts",
        options: { mpegts_pmt_start_pid: 0x40 },
        streams: ({ index }) => ({ id: index === 0 ? pid : 0x50 }),
      });
      assertEquals(probeSync(source.bytes()).streams.map(({ id }) => id), [pid, 0x50]);
      const { packets } = remuxSync(source.bytes(), sink, { ...options, onopen: fromMap(files) });
      assertEquals([pid, packets], [pid, 206]);
      const written = file === undefined ? sink.bytes() : files.get(file)!.bytes();
      const { streams } = probeSync(written);
      assertEquals([pid, streams.map(({ type }) => type)], [pid, ["video", "audio"]]);
      const isTable = pid === (name.startsWith("m2ts") ? 0x100 : file === undefined ? -1 : 0x1000);
      assertEquals([streams[0]!.id === pid, streams[1]!.id], [!isTable, 0x50], `${pid}`);
    }
  });
}

Deno.test("Hundreds of streams whose PID is that of the table in m2ts get one each", () => {
  using muxer = Muxer.openSync(new Sink(), { format: "mpegts", options: { mpegts_m2ts_mode: 1 } });
  const [audio, data] = [{ codec: "mp2", sampleRate: 48000, channels: 2 }, { codec: "bin_data" }];
  muxer.addStream({ type: "data", ...data }, { id: 0x1201 });
  for (let i = 0; i < 150; i++) {
    muxer.addStream({ type: "audio", ...audio }, { id: 0x100 });
    muxer.addStream({ type: "data", ...data }, { id: 0x100 });
  }
  muxer.startSync();
  const ids = muxer.streams.map(({ id }) => id).toSorted((a, b) => a - b);
  const from = (first: number, count: number) => Array.from({ length: count }, (_, n) => first + n);
  assertEquals(ids, [...from(0x1100, 150), ...from(0x1200, 151)]);
});

Deno.test("A stream whose id is no PID gets another one in MPEG-TS, unless it was asked for", () => {
  const source = new Sink();
  remuxSync(fixtureBytes("video.mp4"), source, {
    format: "mp4",
    options: { use_stream_ids_as_track_ids: 1 },
    streams: ({ index }) => ({ id: 70_000 + index }),
  });
  assertEquals(probeSync(source.bytes()).streams.map(({ id }) => id), [70_000, 70_001]);
  for (const [name, options, file] of OUTPUTS) {
    const sink = new Sink(), files = new Map<string, MemorySink>();
    remuxSync(source.bytes(), sink, { ...options, onopen: fromMap(files) });
    const written = file === undefined ? sink.bytes() : files.get(file)!.bytes();
    assertEquals([name, probeSync(written).streams.map(({ type }) => type)], [name, ["video", "audio"]]);
  }
  const streams = () => ({ id: 70_000 });
  assertThrows(() => remuxSync(source.bytes(), new Sink(), { format: "mpegts", streams }), AVError, "70000");
});
