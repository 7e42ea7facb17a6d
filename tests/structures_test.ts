/**
 * Data that FFmpeg reads as C structures: codecs whose packets are structures, and side data.
 * support/hostile_packets.ts also runs each case that would end the process, in a process of its own.
 */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  AVError,
  Demuxer,
  MemorySink,
  Muxer,
  outputFormats,
  Packet,
  remux,
  remuxSync,
  type SideDataInit,
} from "@avio/avio";
import { fixtureBytes, fixturePath } from "./support/fixtures.ts";
import { argumentOf } from "./support/side_data.ts";
import { runScriptOk } from "./support/subprocess.ts";
import { isEmbedded } from "./support/versions.ts";

const video = { type: "video", codec: "rawvideo", width: 16, height: 16, pixelFormat: "yuv420p" } as const;
const frame = { ...video, codec: "wrapped_avframe" };

// ------------------------------------------------------------------------------------------- codecs

Deno.test("Muxer.addStream() refuses codecs whose packets are C structures, for every format and type", () => {
  for (const { name } of outputFormats()) {
    let muxer;
    try {
      muxer = Muxer.openSync(new MemorySink(), { format: name });
    } catch {
      continue; // one that is refused itself
    }
    for (const type of ["video", "audio", "subtitle", "data", "attachment", "unknown"] as const) {
      const add = () => muxer.addStream({ ...frame, type });
      const error = assertThrows(add, TypeError, "wrapped_avframe is refused: its packets are C structures");
      assertEquals(argumentOf(error), "codec");
    }
    assertEquals(muxer.streams, []);
    muxer[Symbol.dispose]();
  }
});

Deno.test("yuv4mpegpipe does not read a program's packet as a frame", async () => {
  const output = await runScriptOk(`
    import { Demuxer, MemorySink, Muxer } from "@avio/avio";
    const muxer = Muxer.openSync(new MemorySink(), { format: "yuv4mpegpipe" });
    const data = new Uint8Array(512).fill(0x41);
    const stream = ${JSON.stringify(frame)};
    for (const add of [
      () => muxer.addStream(stream),
      () => muxer.addStream({ ...Demuxer.openSync("fixtures/video.mp4").streams[0], codecParameters: { tag: "", ...stream } }),
    ]) {
      try { add(); } catch (error) { console.log(error.argument); }
    }
    try { muxer.writeSync({ streamIndex: 0, data, pts: 0, dts: 0 }); } catch (error) { console.log(error.name); }
  `);
  assertEquals(output.split("\n").slice(0, 2), ["codec", "codec"]);
});

Deno.test({
  name: "concat scripts can't set a codec whose packets are C structures",
  ignore: !isEmbedded,
  async fn() {
    const script = new TextEncoder().encode(
      "ffconcat version 1.0\nstream\nstream_codec wrapped_avframe\nexact_stream_id 1\nfile 'video.ts'\n",
    );
    const onopen = () => fixtureBytes("video.ts");
    const says = "wrapped_avframe is refused";
    const refused = assertThrows(() => Demuxer.openSync(script, { onopen }), AVError, says);
    assertEquals(refused.codeName, "EPERM");
    await assertRejects(() => Demuxer.open(script, { onopen }), AVError, says);
    const noInfo = { onopen, findStreamInfo: false };
    assertThrows(() => Demuxer.openSync(script, noInfo), AVError, says);
    for (const format of ["yuv4mpegpipe", "nut", "null", "rawvideo"]) {
      assertThrows(() => remuxSync(script, new MemorySink(), { format, input: { onopen } }), AVError, says);
      await assertRejects(
        () => remux(script, new MemorySink(), { format, input: { onopen } }),
        AVError,
        says,
      );
    }
  },
});

// ------------------------------------------------------------------------------------------- side data

/** 32-bit numbers, and bytes. */
const int32 = (...values: number[]) => new Uint8Array(Int32Array.from(values).buffer);
const zeros = (size: number) => new Uint8Array(size);
const ones = (size: number) => new Uint8Array(new Uint32Array(size / 4).fill(1).buffer);

/** Invalid bytes for each type, and the words of the error. */
const faulty: [type: string, data: Uint8Array, says: string][] = [
  ["Mastering display metadata", zeros(1), "must be at least 88 bytes, is 1"],
  ["Mastering display metadata", zeros(0), "must be at least 88 bytes, is 0"],
  ["Mastering display metadata", int32(...new Array(20).fill(0), 1, 0), "fractions out of range"],
  ["Mastering display metadata", int32(...new Array(20).fill(0), 0, 1), "fractions out of range"],
  ["Content light level metadata", zeros(7), "must be at least 8 bytes, is 7"],
  ["HDR10+ Dynamic Metadata (SMPTE 2094-40)", zeros(0), "must be at least"],
  ["HDR10+ Dynamic Metadata (SMPTE 2094-40)", zeros(20000), "out of range"],
  ["HDR10+ Dynamic Metadata (SMPTE 2094-40)", new Uint8Array(20000).fill(255), "out of range"],
  ["Stereo 3D", zeros(3), "must be at least"],
  ["Spherical Mapping", zeros(35), "must be at least 36 bytes, is 35"],
  ["CPB properties", zeros(39), "must be at least 40 bytes, is 39"],
  ["CPB properties", new Uint8Array(40).fill(255), "out of range"],
  ["Replay Gain", zeros(15), "must be at least 16 bytes"],
  ["Palette", zeros(1023), "must be 1024 bytes, is 1023"],
  ["Palette", zeros(1025), "must be 1024 bytes, is 1025"],
  ["Display Matrix", zeros(35), "must be 36 bytes, is 35"],
  ["Skip Samples", zeros(9), "must be at least 10 bytes"],
  ["Matroska BlockAdditional", zeros(7), "must be at least 8 bytes"],
  ["MPEGTS Stream ID", zeros(0), "must be at least 1 byte, is 0"],
  ["H263 MB Info", zeros(13), "must be a multiple of 12 bytes, is 13"],
  ["Param Change", int32(4), "out of range"],
  ["Param Change", int32(12, 1, 1), "out of range"],
  ["Strings Metadata", new Uint8Array([65]), "out of range"],
  ["Strings Metadata", new Uint8Array([65, 0]), "out of range"],
  ["Metadata Update", new Uint8Array([65, 0, 66, 0, 67, 0]), "out of range"],
  ["Encryption info", new Uint8Array(24).fill(255), "out of range"],
  ["Encryption initialization data", new Uint8Array([0, 0, 0, 1]), "out of range"],
  ["Encryption initialization data", new Uint8Array([255, 255, 255, 255]), "out of range"],
  ["SMPTE ST 12-1:2014 timecode", int32(4, 0, 0, 0), "out of range"],
  ["Producer Reference Time", zeros(4), "must be at least 16 bytes"],
  ["DOVI configuration record", zeros(4), "must be at least"],
];

/** The same for types that only newer FFmpegs have. */
const newer: typeof faulty = [
  ["IAMF Mix Gain Parameter Data", zeros(512), "with pointers in it"],
  ["IAMF Demixing Info Parameter Data", zeros(512), "with pointers in it"],
  ["IAMF Recon Gain Info Parameter Data", zeros(0), "with pointers in it"],
  ["Ambient viewing environment", zeros(23), "must be at least 24 bytes"],
  ["Ambient viewing environment", int32(1, 0, 1, 0, 1, 0), "out of range"],
  ["Frame Cropping", zeros(15), "must be at least 16 bytes"],
  ["3D Reference Displays Info", new Uint8Array(64).fill(255), "out of range"],
  ["HDR Dynamic Metadata (SMPTE 2094-50)", new Uint8Array(4096).fill(255), "out of range"],
];

const knowsType = (type: string) => {
  try {
    withSideDataOfStream({ type, data: zeros(0) });
    return true;
  } catch (error) {
    return argumentOf(error) !== "sideData[0].type";
  }
};

function withSideDataOfStream(side: SideDataInit): void {
  using muxer = Muxer.openSync(new MemorySink(), { format: "matroska" });
  muxer.addStream({ ...video, codec: "vp9" }, { sideData: [side] });
}

for (const [type, data, says] of [...faulty, ...newer]) {
  Deno.test(`Invalid side data: ${type}, ${data.length} bytes, ${says}`, async () => {
    const side = { type, data };
    const expected = knowsType(type) ? "data" : "type";
    if (!newer.some((row) => row[0] === type)) assertEquals(expected, "data");
    const check = (error: Error, name: string) => {
      if (expected === "data") assert(error.message.includes(says), error.message);
      assertEquals(argumentOf(error), `${name}[0].${expected}`);
    };
    check(assertThrows(() => withSideDataOfStream(side), TypeError), "sideData");
    using muxer = Muxer.openSync(new MemorySink(), { format: "matroska" });
    muxer.addStream({ ...video, codec: "vp9" });
    const packet = { streamIndex: 0, data: zeros(4), pts: 0, dts: 0, sideData: [side] };
    for (const written of [packet, new Packet(packet)]) {
      check(assertThrows(() => muxer.writeSync(written), TypeError), "packet.sideData");
      check(await assertRejects(() => muxer.write(written), TypeError), "packet.sideData");
    }
    muxer.startSync();
    check(assertThrows(() => muxer.writeSync(packet), TypeError), "packet.sideData");
    muxer.writeSync({ ...packet, sideData: [] }); // it goes on without it
    muxer.finishSync();
  });
}

Deno.test("The error for an unknown type of side data lists the types", () => {
  const names = ["nope", "", "unknown", "x".repeat(1000), "\ud800"];
  for (const type of names) {
    const error = assertThrows(() => withSideDataOfStream({ type, data: zeros(4) }), TypeError, "Palette, ");
    assertEquals(argumentOf(error), "sideData[0].type");
  }
});

Deno.test("Names of side data are case-insensitive", () => {
  withSideDataOfStream({ type: "DISPLAY MATRIX", data: zeros(36) });
  withSideDataOfStream({ type: "display matrix", data: zeros(36) });
});

Deno.test("transform that returns faulty side data fails the remux", async () => {
  const transform = (packet: Packet) => {
    packet.sideData = [{ type: "Mastering display metadata", data: zeros(1) }];
    return packet;
  };
  const source = fixturePath("video.mp4");
  const options = { format: "matroska", transform };
  const sync = assertThrows(() => remuxSync(source, new MemorySink(), options), TypeError, "88 bytes");
  assertEquals(argumentOf(sync), "packet.sideData[0].data");
  await assertRejects(() => remux(source, new MemorySink(), options), TypeError, "88 bytes");
});

Deno.test("HDR10+ of all ones is written to matroska and read back", () => {
  const size = (() => {
    const error = assertThrows(() =>
      withSideDataOfStream({ type: "HDR10+ Dynamic Metadata (SMPTE 2094-40)", data: zeros(0) })
    );
    return Number(/at least (\d+) bytes/.exec((error as Error).message)![1]);
  })();
  const sink = new MemorySink();
  using muxer = Muxer.openSync(sink, { format: "matroska" });
  muxer.addStream({ ...video, codec: "vp8" });
  const data = ones(Math.ceil(size / 4) * 4);
  data[2] = 1; // windows
  const sideData = [{ type: "HDR10+ Dynamic Metadata (SMPTE 2094-40)", data }];
  muxer.writeSync({ streamIndex: 0, data: zeros(4), pts: 0, dts: 0, isKey: true, sideData });
  muxer.finishSync();
  using demuxer = Demuxer.openSync(sink.bytes());
  assertEquals(demuxer.streams.length, 1);
});

Deno.test("Invalid side data of a file is left out", () => {
  const sink = new MemorySink();
  using muxer = Muxer.openSync(sink, {
    format: "nut",
    options: { strict: "experimental", syncpoints: "timestamped" },
  });
  muxer.addStream({ ...video });
  const sideData = [{ type: "Palette", data: new Uint8Array(1024).fill(7) }];
  muxer.writeSync({ streamIndex: 0, data: zeros(384), pts: 0, dts: 0, isKey: true, sideData });
  muxer.finishSync();
  const bytes = sink.bytes();
  const kinds = (of: Uint8Array) => {
    using demuxer = Demuxer.openSync(of);
    return [...demuxer.packetsSync()].flatMap((packet) => packet.sideData.map(({ type }) => type));
  };
  assertEquals(kinds(bytes), ["Palette"]);
  // "bin", then 1024 as two bytes of seven bits: a byte less.
  const binary = [...new TextEncoder().encode("bin"), 0x88, 0x00];
  const at = bytes.findIndex((_, place) => binary.every((byte, index) => bytes[place + index] === byte));
  bytes.set([0x87, 0x7f], at + 3);
  assertEquals(kinds(bytes), []);
});
