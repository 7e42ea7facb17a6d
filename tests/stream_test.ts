/**
 * Properties of containers and streams, apart from packets, in files made by the ffmpeg command: programs, rotation,
 * mastering display and content light, replay gain, skip samples, chapters and tags of all levels, compared with
 * ffprobe.
 */
import { assert, assertAlmostEquals, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import {
  Demuxer,
  type MediaInfo,
  MemorySink,
  Muxer,
  probeSync,
  type Rational,
  remuxSync,
  type SideData,
  sideDataFields,
} from "@avio/avio";
import { ffprobeInfo, hasFFprobe } from "./support/ffprobe.ts";
import { fixturePath } from "./support/fixtures.ts";
import { dolbyVision, hdr, places, withSideData } from "./support/side_data.ts";

/** What ffmpeg makes, with its path. */
function withMade(suffix: string, args: string[], work: (path: string, info: MediaInfo) => void): void {
  const path = Deno.makeTempFileSync({ prefix: "avio-test-", suffix: `.${suffix}` });
  try {
    const all = ["-v", "error", "-nostdin", "-y", ...args, path];
    const { success, stderr } = new Deno.Command("ffmpeg", { args: all }).outputSync();
    if (!success) throw new Error(`ffmpeg: ${new TextDecoder().decode(stderr)}`);
    work(path, probeSync(path));
  } finally {
    Deno.removeSync(path);
  }
}

/** Numbers of programs, by ffprobe. */
function ffprobePrograms(path: string): Record<string, number>[] {
  const show = "program=program_id,program_num,pmt_pid,pcr_pid";
  const args = ["-v", "error", "-of", "json", "-show_entries", show, path];
  const { stdout } = new Deno.Command("ffprobe", { args }).outputSync();
  const { programs } = JSON.parse(new TextDecoder().decode(stdout)) as {
    programs: Record<string, number>[];
  };
  return programs.map(({ program_id, program_num, pmt_pid, pcr_pid }) =>
    ({ program_id, program_num, pmt_pid, pcr_pid }) as Record<string, number>
  );
}

const video = ["-i", fixturePath("video.mp4")];

Deno.test({
  name: "probeSync() returns programs, their tags and their streams",
  ignore: !hasFFprobe,
  fn() {
    const programs = [
      "-program",
      "title=One:program_num=7:st=0:st=1",
      "-program",
      "title=Two:program_num=9:st=2",
    ];
    const args = [...video, ...video, "-map", "0", "-map", "1:a", "-c", "copy", ...programs];
    withMade("ts", args, (path, info) => {
      assertEquals(info.programs.map(({ id, streamIndexes }) => [id, streamIndexes.toSorted()]), [
        [7, [0, 1]],
        [9, [2]],
      ]);
      assertEquals(info.programs.map(({ metadata }) => metadata.service_name), ["One", "Two"]);
      assertEquals(
        info.programs.map(({ id, number, pmtPid, pcrPid }) => ({
          program_id: id,
          program_num: number,
          pmt_pid: pmtPid,
          pcr_pid: pcrPid,
        })),
        ffprobePrograms(path),
      );
      assertEquals(info.streams.map(({ ptsWrapBits }) => ptsWrapBits), [33, 33, 33]);
    });
  },
});

Deno.test({
  name: "Demuxer.bestStream() with related: of the same program, as av_find_best_stream",
  ignore: !hasFFprobe,
  fn() {
    const programs = [
      "-program",
      "title=One:program_num=1:st=0:st=3",
      "-program",
      "title=Two:program_num=2:st=1:st=2",
    ];
    const maps = ["-map", "0:v", "-map", "1:v", "-map", "0:a", "-map", "1:a"];
    withMade("ts", [...video, ...video, ...maps, "-c", "copy", ...programs], (path, info) => {
      using demuxer = Demuxer.openSync(path);
      const [first, second] = demuxer.streams.filter(({ type }) => type === "video");
      const mates = info.programs.map(({ streamIndexes }) =>
        streamIndexes.find((index) => demuxer.streams[index]!.type === "audio")
      );
      const programOf = (index: number) =>
        info.programs.findIndex(({ streamIndexes }) => streamIndexes.includes(index));
      assertNotEquals(mates[0], mates[1]);
      for (const picture of [first!, second!]) {
        const mate = mates[programOf(picture.index)];
        assertEquals(demuxer.bestStream("audio", { related: picture })?.index, mate);
        assertEquals(demuxer.bestStream("audio", { related: picture.index })?.index, mate);
      }
      // A type that the program lacks is searched in all streams.
      assertEquals(demuxer.bestStream("subtitle", { related: first! }), null);
    });
    using demuxer = Demuxer.openSync(fixturePath("video.mp4")); // without programs
    assertEquals(demuxer.bestStream("audio", { related: 0 })?.index, 1);
    for (const related of [2, -1, 0.5, NaN]) {
      assertThrows(() => demuxer.bestStream("audio", { related }), RangeError, "related: ");
    }
    assertThrows(() => demuxer.bestStream("audio", { related: null as never }), TypeError, "related: ");
    assertThrows(() => demuxer.bestStream("audio", { related: {} as never }), TypeError, "related: ");
    assertThrows(() => demuxer.bestStream("audio", 1 as never), TypeError, "options");
  },
});

Deno.test({
  name: "probeSync() returns the rotation of a display matrix, clockwise",
  ignore: !hasFFprobe,
  fn() {
    for (const degrees of [90, 180, 270]) {
      withMade("mp4", [...video, "-c", "copy", "-metadata:s:v:0", `rotate=${degrees}`], (path, info) => {
        const [stream] = ffprobeInfo(path).streams;
        const [side] = (stream as unknown as { side_data_list: { rotation: number }[] }).side_data_list;
        assert([degrees, 360 - degrees].includes(info.streams[0]!.rotation), `${info.streams[0]!.rotation}`);
        assertEquals(info.streams[0]!.rotation, (360 - side!.rotation) % 360); // ffprobe's is counter-clockwise
        assertEquals(info.streams[0]!.sideData.map(({ type }) => type.toLowerCase()), ["display matrix"]);
        assertEquals(info.streams[0]!.sideData[0]!.data.length, 36);
      });
    }
  },
});

Deno.test({
  name: "probeSync() returns stereo 3D",
  ignore: !hasFFprobe,
  fn() {
    withMade("mkv", [...video, "-c", "copy", "-metadata:s:v:0", "stereo_mode=left_right"], (_path, info) => {
      assert(info.streams[0]!.sideData.some(({ type }) => /stereo ?3d/i.test(type)));
    });
  },
});

Deno.test({
  name: "probeSync() returns replay gain",
  ignore: !hasFFprobe,
  fn() {
    const tags = ["-metadata", "REPLAYGAIN_TRACK_GAIN=-6.50 dB", "-metadata", "REPLAYGAIN_TRACK_PEAK=0.9"];
    withMade("mp3", ["-i", fixturePath("audio.mp3"), "-c", "copy", ...tags], (_path, info) => {
      const side = info.streams[0]!.sideData.find(({ type }) => /replay ?gain/i.test(type))!;
      const view = new DataView(side.data.buffer, side.data.byteOffset, side.data.byteLength);
      assertAlmostEquals(view.getInt32(0, true) / 100_000, -6.5, 0.01);
    });
  },
});

Deno.test("Demuxer returns samples to skip with the first and the last packet of mp3", () => {
  using demuxer = Demuxer.openSync(fixturePath("audio.mp3"));
  const packets = [...demuxer.packetsSync()];
  const skips = packets.flatMap(({ sideData }, i) =>
    sideData.filter(({ type }) => /skip samples/i.test(type)).map(({ data }) => {
      const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
      return [i, view.getUint32(0, true), view.getUint32(4, true)];
    })
  );
  assertEquals(skips[0]!.slice(0, 2), [0, 1105]);
  assertEquals(skips.at(-1)![0], packets.length - 1);
  assert(skips.at(-1)![2]! > 0);
});

// ------------------------------------------------------------------------------------------- side data of streams

/** The first stream's side data by `sideDataFields`, with ffprobe's names, and by ffprobe. */
function bothSides(bytes: Uint8Array): [ours: Record<string, unknown>[], theirs: Record<string, unknown>[]] {
  const path = Deno.makeTempFileSync({ prefix: "avio-test-" });
  try {
    Deno.writeFileSync(path, bytes);
    const [stream] = ffprobeInfo(path).streams;
    const { side_data_list: theirs = [] } = stream as { side_data_list?: Record<string, unknown>[] };
    const text = (value: unknown) => typeof value === "object" ? Object.values(value!).join("/") : value;
    const ours = probeSync(bytes).streams[0]!.sideData.map((side) => ({
      side_data_type: side.type,
      ...Object.fromEntries(
        Object.entries(sideDataFields(side) ?? {}).map(([name, value]) => [
          name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
          text(value),
        ]),
      ),
    }));
    return [ours, theirs];
  } finally {
    Deno.removeSync(path);
  }
}

/** Stereo 3D and projections are not tested in mp4: FFmpeg 7.1 writes them twice, and reads the less exact ones. */
const holders: [format: string, name: string, sideData: SideData[]][] = [
  ["matroska", "HDR", hdr],
  ["mp4", "HDR", hdr],
  ["matroska", "places", places],
  ["matroska", "Dolby Vision", [dolbyVision]],
  ["mp4", "Dolby Vision", [dolbyVision]],
];

for (const [format, name, sideData] of holders) {
  Deno.test({
    name: `Side data of a stream (${name}) is copied to ${format}, and equals ffprobe's`,
    ignore: !hasFFprobe,
    fn() {
      const bytes = withSideData(format, sideData);
      const [ours, theirs] = bothSides(bytes);
      for (const { type } of sideData) {
        const expected = theirs.find(({ side_data_type }) => side_data_type === type);
        const ourOwn = ours.find(({ side_data_type }) => side_data_type === type);
        assert(expected && ourOwn, `${type} is missing: ${JSON.stringify({ ours, theirs })}`);
        // ffprobe leaves out what has no meaning here.
        for (const [field, value] of Object.entries(expected)) assertEquals(ourOwn[field], value, field);
      }
    },
  });
}

Deno.test("sideDataFields() reads what was written", () => {
  const fields = new Map(
    probeSync(withSideData("matroska", [...hdr, dolbyVision])).streams[0]!.sideData
      .map((side) => [side.type, sideDataFields(side)]),
  );
  assertEquals(fields.get("Content light level metadata"), { maxContent: 1000, maxAverage: 400 });
  const { redX, maxLuminance } = fields.get("Mastering display metadata") as Record<string, Rational>;
  assertAlmostEquals(redX!.num / redX!.den, 0.708, 1e-6);
  assertAlmostEquals(maxLuminance!.num / maxLuminance!.den, 1000, 1e-3);
  assertEquals(fields.get("DOVI configuration record")!.dvProfile, 8);
  // Bytes that are no struct, or too few of them.
  assertEquals(sideDataFields({ type: "A53 Closed Captions", data: new Uint8Array(9) }), null);
  assertEquals(sideDataFields({ type: "Replay Gain", data: new Uint8Array(15) }), null);
  assertEquals(sideDataFields({ type: "constructor", data: new Uint8Array(99) }), null);
});

Deno.test("sideDataFields() returns null for an unknown gain or peak", () => {
  const data = new Uint8Array(16);
  const view = new DataView(data.buffer);
  view.setInt32(0, -650_000, true);
  view.setInt32(8, -(2 ** 31), true);
  view.setUint32(12, 90_000, true);
  assertEquals(sideDataFields({ type: "Replay Gain", data }), {
    trackGain: -650_000,
    trackPeak: null,
    albumGain: null,
    albumPeak: 90_000,
  });
});

Deno.test("sideDataFields() reads stereo 3D, as far as the version of FFmpeg has it, and the ambient viewing environment", () => {
  const whole = Uint8Array.from(
    [1, 1, 1, 2, 65_000, 0, 1, 90, 1].flatMap((value) => [value & 255, value >> 8, 0, 0]),
  );
  const expected = {
    type: "side by side",
    inverted: 1,
    view: "left",
    primaryEye: "right",
    baseline: 65_000,
    horizontalDisparityAdjustment: { num: 0, den: 1 },
    horizontalFieldOfView: { num: 90, den: 1 },
  };
  assertEquals(sideDataFields({ type: "Stereo 3D", data: whole }), expected);
  const { type, inverted, view } = expected;
  assertEquals(sideDataFields({ type: "Stereo 3D", data: whole.slice(0, 12) }), { type, inverted, view });
  assertEquals(sideDataFields({ type: "Stereo 3D", data: whole.slice(0, 7) }), null);
  assertEquals(sideDataFields({ type: "Ambient viewing environment", data: whole.slice(0, 24) }), {
    ambientIlluminance: { num: 1, den: 1 },
    ambientLightX: { num: 1, den: 2 },
    ambientLightY: { num: 65_000, den: 0 },
  });
});

Deno.test("Side data of packets keeps its name and its bytes", () => {
  using demuxer = Demuxer.openSync(fixturePath("audio.mp3"));
  const skips = [...demuxer.packetsSync()].flatMap(({ sideData }) => sideData.map(sideDataFields));
  assertEquals(skips[0], { skipSamples: 1105, discardPadding: 0, skipReason: 0, discardReason: 0 });
});

Deno.test("New extradata is copied by flv, with the packet from which it applies", () => {
  using demuxer = Demuxer.openSync(fixturePath("video.flv"));
  const [stream] = demuxer.streams;
  const packets = [...demuxer.packetsSync()].filter(({ streamIndex }) => streamIndex === 0);
  const second = packets.filter(({ isKey }) => isKey)[1]!;
  const data = stream!.codecParameters.extradata!.slice();
  data[3]! ^= 1; // another level
  second.sideData = [{ type: "New Extradata", data }];
  const sink = new MemorySink();
  using muxer = Muxer.openSync(sink, { format: "flv" });
  muxer.addStream(stream!);
  for (const packet of packets) muxer.writeSync(packet);
  muxer.finishSync();
  using again = Demuxer.openSync(sink.bytes());
  const expected = [...again.packetsSync()].filter(({ sideData }) =>
    sideData.some(({ type }) => type === "New Extradata")
  );
  assertEquals(expected.map(({ dts }) => dts), [second.dts]);
  assertEquals(expected[0]!.sideData[0]!.data, data);
});

Deno.test("Closed captions of an SCC file and of mov are a subtitle stream", () => {
  const captions = new TextEncoder().encode(
    "Scenarist_SCC V1.0\n\n00:00:00:15\t9420 9420 94ae 94ae 9452 9452 c8e5 ecec ef80 942f 942f\n\n" +
      "00:00:02:10\t942c 942c\n",
  );
  const mov = new MemorySink();
  remuxSync(captions, mov, { format: "mov" });
  for (const bytes of [captions, mov.bytes()]) {
    using demuxer = Demuxer.openSync(bytes);
    const [stream] = demuxer.streams;
    assertEquals([stream!.type, stream!.codecParameters.codec], ["subtitle", "eia_608"]);
    assert(demuxer.readSync()!.data.length > 0);
  }
});
