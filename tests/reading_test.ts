/**
 * What a container says beside its packets, of files that the ffmpeg command makes for it: programs, rotation, mastering
 * display and content light, replay gain, skip samples, chapters and tags of all levels, against ffprobe.
 */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { Demuxer, type MediaInfo, probeSync } from "@avio/avio";
import { ffprobeInfo, hasFFprobe } from "./support/ffprobe.ts";
import { fixturePath } from "./support/fixtures.ts";

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

const video = ["-i", fixturePath("video.mp4")];

Deno.test({
  name: "probeSync() tells programs, their tags and their streams",
  ignore: !hasFFprobe,
  fn() {
    const programs = [
      "-program",
      "title=One:program_num=7:st=0:st=1",
      "-program",
      "title=Two:program_num=9:st=2",
    ];
    const args = [...video, ...video, "-map", "0", "-map", "1:a", "-c", "copy", ...programs];
    withMade("ts", args, (_path, info) => {
      assertEquals(info.programs.map(({ id, streamIndexes }) => [id, streamIndexes.toSorted()]), [
        [7, [0, 1]],
        [9, [2]],
      ]);
      assertEquals(info.programs.map(({ metadata }) => metadata.service_name), ["One", "Two"]);
    });
  },
});

Deno.test({
  name: "probeSync() tells the rotation of a display matrix, clockwise",
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
  name: "probeSync() tells stereo 3D",
  ignore: !hasFFprobe,
  fn() {
    withMade("mkv", [...video, "-c", "copy", "-metadata:s:v:0", "stereo_mode=left_right"], (_path, info) => {
      assert(info.streams[0]!.sideData.some(({ type }) => /stereo ?3d/i.test(type)));
    });
  },
});

Deno.test({
  name: "probeSync() tells replay gain",
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

Deno.test("Demuxer tells samples to skip at the first and the last packet of mp3", () => {
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
