/**
 * Times that are farther apart than a format can state: mp4 and its kin count the ticks of a sample in 31 bits, flv has 31 bits of
 * milliseconds. They are kept, or an error; never changed in silence.
 */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertMatch,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { Demuxer, MemorySink, merge, Muxer, Packet, type Rational, remux } from "@avio/avio";
import { fixturePath } from "./support/fixtures.ts";
import type { Bytes } from "./support/pieces.ts";

const HOUR = 3600, KIN = ["mp4", "mov", "ipod", "3gp"];

/** Cues of two seconds at these times. */
function subtitles(format: string, timeBase: Rational, times: readonly number[]): Bytes {
  const sink = new MemorySink();
  using muxer = Muxer.openSync(sink, { format });
  muxer.addStream({ type: "subtitle", codec: "mov_text" }, { timeBase });
  for (const seconds of times) {
    const pts = Math.round(seconds * timeBase.den), duration = 2 * timeBase.den;
    const data = Uint8Array.of(0, 2, 65, 66);
    muxer.writeSync(new Packet({ streamIndex: 0, data, pts, dts: pts, duration, timeBase, isKey: true }));
  }
  muxer.finishSync();
  return sink.bytes().slice();
}

/** Four packets of AAC, of which the last two come this much later. */
function gapped(format: string, hours: number, options = {}): Bytes {
  const sink = new MemorySink(), timeBase = { num: 1, den: 44100 };
  using source = Demuxer.openSync(fixturePath("video.mp4"));
  using muxer = Muxer.openSync(sink, { format, options });
  const sound = source.streams.find(({ type }) => type === "audio")!;
  muxer.addStream(sound);
  const packets = [...source.packetsSync()].filter(({ streamIndex }) => streamIndex === sound.index);
  for (const [index, { data }] of packets.slice(0, 4).entries()) {
    const pts = index * 1024 + (index >= 2 ? hours * HOUR * 44100 : 0);
    muxer.writeSync(
      new Packet({ streamIndex: 0, data, pts, dts: pts, duration: 1024, timeBase, isKey: true }),
    );
  }
  muxer.finishSync();
  return sink.bytes().slice();
}

/** The times of the packets of a type that are not empty, in seconds. */
function timesOf(bytes: Bytes, type: string): number[] {
  using demuxer = Demuxer.openSync(bytes);
  const streams = demuxer.streams.filter((stream) => stream.type === type).map(({ index }) => index);
  const packets = [...demuxer.packetsSync()].filter((packet) => streams.includes(packet.streamIndex));
  return packets.filter(({ data }) => data.length > 2).map(({ time }) => time!);
}

Deno.test("subtitles of mp4 have ticks that last for hours without a cue", () => {
  const times = [10.002, 20.25, 2500.5, 30000.125];
  for (const format of ["mp4", "mov", "ipod"]) {
    for (const den of [1_000_000, 90_000, 1000, 600]) {
      const read = timesOf(subtitles(format, { num: 1, den }, times), "subtitle");
      assertEquals(read.length, times.length);
      times.forEach((time, index) => assertAlmostEquals(read[index]!, time, Math.max(0.0006, 1 / den)));
    }
  }
});

Deno.test("subtitles of mp4 keep ticks that last half a day", () => {
  using demuxer = Demuxer.openSync(subtitles("mp4", { num: 1, den: 30_000 }, [1, 2, 3]));
  assertEquals(demuxer.streams[0]!.timeBase, { num: 1, den: 30_000 });
});

Deno.test("merge() shows subtitles of mp4 that begin 40 minutes late when they are to be", async () => {
  const sink = new MemorySink(), times = [0, 3, 6];
  const cues = subtitles("mp4", { num: 1, den: 1_000_000 }, times);
  await merge([fixturePath("video.mp4"), { source: cues, delay: 2400 }], sink, { format: "mp4" });
  const read = timesOf(sink.bytes().slice(), "subtitle");
  assertEquals(read.map((time) => Math.round(time * 1000)), times.map((time) => (time + 2400) * 1000));
});

Deno.test("a gap that a track of mp4 can't state is an error that names packet and gap", () => {
  const words =
    "stream 0: the packet at 50400.046 s comes 50400.023 s after the one before it; of this track, ";
  for (const format of ["mp4", "mov", "ipod"]) {
    const error = assertThrows(() => gapped(format, 14), Error, `${words}${format} can state at most 48695.`);
    assert(error.message.startsWith("Cannot write"), error.message);
  }
  assertThrows(() => gapped("mp4", 14, { movflags: "empty_moov+frag_every_frame" }), Error, words);
  assertEquals(timesOf(gapped("mp4", 13), "audio").length, 4);
});

Deno.test("remux() of a gap that mp4 can't state is an error, to Matroska it is kept", async () => {
  const source = gapped("matroska", 14);
  assertAlmostEquals(timesOf(source, "audio")[2]!, 50400.046, 0.001);
  for (const format of KIN) {
    const sink = new MemorySink();
    await assertRejects(
      () => remux(source, sink, { format }),
      Error,
      "s after the one before it; of this track",
    );
  }
});

Deno.test("a time beyond 2^31 milliseconds is an error of flv", () => {
  const kept = timesOf(gapped("flv", 590), "audio");
  assertAlmostEquals(kept[2]! - kept[0]!, 590 * HOUR + 0.046, 0.002);
  for (const hours of [597, 1300]) {
    assertThrows(() => gapped("flv", hours), Error, "stream 0: a packet without a time that flv can state");
  }
});

Deno.test("remux() reports that it removes a jump of more than 30 hours", async () => {
  const { warnings } = await remux(gapped("matroska", 31), new MemorySink(), { format: "nut" });
  assertEquals(warnings.map(({ kind, stream }) => [kind, stream]), [["corrected", 0]]);
  assertMatch(warnings[0]!.log!, /stream 0: its times jump by 111600\.\d+ seconds: the jump is removed/);
  const { warnings: none } = await remux(gapped("matroska", 29), new MemorySink(), { format: "nut" });
  assertEquals(none, []);
});

Deno.test("A pts that is farther from its dts than flv can state is an error", () => {
  using source = Demuxer.openSync(fixturePath("video.mp4"));
  const write = (shift: number) => {
    using muxer = Muxer.openSync(new MemorySink(), { format: "flv" });
    muxer.addStream(source.streams[0]!);
    const data = new Uint8Array([0, 0, 0, 2, 0x65, 0x88]), timeBase = { num: 1, den: 1000 };
    muxer.writeSync(
      new Packet({ streamIndex: 0, data, pts: shift, dts: 0, duration: 40, timeBase, isKey: true }),
    );
    muxer.finishSync();
  };
  for (const shift of [0, 8_388_607]) write(shift);
  for (const shift of [8_388_608, 1e9]) assertThrows(() => write(shift), Error, "8388607 ms");
});

Deno.test("ASS has no times before 0: a merge leaves out what is before, a Muxer gets an error", async () => {
  const made = new MemorySink(),
    timeBase = { num: 1, den: 100 },
    text = (words: string) => new TextEncoder().encode(words);
  const cue = (pts: number) =>
    new Packet({
      streamIndex: 0,
      data: text(`0,0,Default,,0,0,0,,At ${pts}`),
      pts,
      dts: pts,
      duration: 50,
      timeBase,
      isKey: true,
    });
  const header = text(
    "[Script Info]\nScriptType: v4.00+\n\n[Events]\nFormat: Layer, Start, End, Style, Text\n",
  );
  const open = (sink: MemorySink) => {
    const muxer = Muxer.openSync(sink, { format: "ass" });
    muxer.addStream({ type: "subtitle", codec: "ass", extradata: header }, { timeBase });
    return muxer;
  };
  {
    using muxer = open(made);
    for (const pts of [0, 100, 300]) muxer.writeSync(cue(pts));
    muxer.finishSync();
  }
  const merged = new MemorySink();
  const { warnings } = await merge([{ source: made.bytes(), delay: -1.2 }], merged, { format: "ass" });
  assertEquals(warnings.map(({ kind, count }) => [kind, count]), [["dropped", 1]]);
  const times = new TextDecoder().decode(merged.bytes()).match(/^Dialogue: .*$/gm)!.map((line) =>
    line.split(",").slice(1, 3)
  );
  assertEquals(times, [["0:00:00.00", "0:00:00.30"], ["0:00:01.80", "0:00:02.30"]]);
  using muxer = open(new MemorySink());
  assertThrows(() => muxer.writeSync(cue(-20)), Error, "from 0 on");
});
