/**
 * Reading DASH that remux() has written: seeks to the beginning, the middle, the end and beyond; missing segments at the end of a
 * manifest that numbers them; and segments of WebM.
 */
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import {
  AVError,
  Demuxer,
  fromMap,
  MemorySink,
  onLog,
  type Packet,
  remuxSync,
  type Source,
} from "@avio/avio";
import { soon } from "./support/async.ts";
import { fixtureBytes, fixturePath } from "./support/fixtures.ts";
import { isEmbedded } from "./support/versions.ts";

const VIDEO = fixturePath("video.mp4");
const ignore = !isEmbedded;

type Files = Map<string, Uint8Array<ArrayBuffer> | MemorySink>;

function dash(options: Record<string, string | number>, source = VIDEO): { manifest: Source; files: Files } {
  const files: Files = new Map();
  const manifest = new MemorySink();
  const onopen = fromMap(files as never);
  remuxSync(source, manifest, { format: "dash", url: "m.mpd", onopen, options });
  return { manifest: manifest.bytes().slice(), files };
}

const KINDS: Record<string, Record<string, string | number>> = {
  "one segment": {},
  "a timeline": { seg_duration: 1 },
  "numbers": { seg_duration: 1, use_timeline: 0 },
  "one file": { seg_duration: 1, single_file: 1 },
};

const rest = (demuxer: Demuxer) => [...demuxer.packetsSync()].length;

for (const [name, options] of Object.entries(KINDS)) {
  Deno.test(
    { name: `DASH of ${name}: seeks find the same packets before, during and after reading`, ignore },
    () => {
      const { manifest, files } = dash(options);
      const open = () => Demuxer.openSync(manifest, { url: "m.mpd", onopen: fromMap(files as never) });
      using whole = open();
      const count = rest(whole);
      using source = Demuxer.openSync(VIDEO);
      assertEquals(count, rest(source));
      assertEquals(whole.warnings, [], "the end is no loss");
      for (const time of [0, 1.5, 2.9, 0, 5, 1.1, -1]) {
        using fresh = open();
        fresh.seekSync(time);
        const expected = rest(fresh);
        assert(time <= 0 ? expected === count : expected > 0 && expected < count, `${time}: ${expected}`);
        whole.seekSync(time);
        assertEquals(rest(whole), expected, `after the end, to ${time}`);
        using begun = open();
        begun.readSync();
        begun.seekSync(2.9);
        begun.readSync();
        begun.seekSync(time);
        assertEquals(rest(begun), expected, `while it is read, to ${time}`);
      }
      using demuxer = open();
      const keys = [2.9, 1.5, 0, 2.9, 0.5].map((time) => demuxer.getKeyPacketSync(time)?.time);
      assertEquals(keys, [2, 1, 0, 2, 0]);
      const { packets } = remuxSync(manifest, new MemorySink(), {
        format: "mp4",
        input: { url: "m.mpd", onopen: fromMap(files as never) },
      });
      assertEquals(packets, count);
    },
  );
}

for (const [name, options] of Object.entries(KINDS)) {
  Deno.test({
    name: `DASH of ${name} in WebM: every packet is in its segment, and the end of a range is found`,
    ignore,
    async fn() {
      const path = fixturePath("video.webm");
      const { manifest, files } = dash(options, path);
      const input = { url: "m.mpd", onopen: fromMap(files as never) };
      const hashes = (packets: Iterable<Packet>) => {
        const rows = [...packets].map(({ streamIndex, data }) => `${streamIndex} ${data.length} ${data[1]}`);
        return [0, 1].map((stream) => rows.filter((row) => row.startsWith(`${stream} `)));
      };
      using source = Demuxer.openSync(path);
      const expected = hashes(source.packetsSync());
      const read = async () => {
        await using demuxer = await Demuxer.open(manifest, input);
        return hashes(await Array.fromAsync(demuxer));
      };
      assertEquals(await soon(read()), expected);
      using demuxer = Demuxer.openSync(manifest, input);
      assertEquals(hashes(demuxer.packetsSync()), expected);
      assertEquals(demuxer.warnings, []);
    },
  });
}

Deno.test({ name: "DASH: a discarded stream stays discarded after a seek beyond the end", ignore }, () => {
  const { manifest, files } = dash({ seg_duration: 1 });
  using demuxer = Demuxer.openSync(manifest, { url: "m.mpd", onopen: fromMap(files as never) });
  const video = () => [...demuxer.packetsSync({ streams: [0] })];
  const { length } = video();
  demuxer.seekSync(0);
  const again = video();
  assertEquals([again.length, again.every(({ streamIndex }) => streamIndex === 0)], [length, true]);
});

Deno.test({
  name: "DASH with segment numbers: one missing segment at the end is a warning, several are an error",
  ignore,
}, () => {
  const { manifest, files } = dash({ seg_duration: 1, use_timeline: 0 });
  const read = () => {
    using demuxer = Demuxer.openSync(manifest, { url: "m.mpd", onopen: fromMap(files as never) });
    return rest(demuxer);
  };
  const warnings: string[] = [];
  onLog(({ level, message }) => void (level === "warning" && warnings.push(message)));
  try {
    read();
  } finally {
    onLog(null);
  }
  assertStringIncludes(
    warnings.join(),
    "00004.m4s' was refused: assuming that the previous segment was the last",
  );
  files.delete("chunk-stream0-00002.m4s");
  files.delete("chunk-stream0-00003.m4s");
  assertThrows(read, AVError);
});

Deno.test({ name: "DASH: representations of several streams, each with its own packets", ignore }, () => {
  const representation = (id: number, name: string) =>
    `<AdaptationSet mimeType="video/mp2t"><Representation id="${id}" bandwidth="1000"><BaseURL>${name}</BaseURL>` +
    '<SegmentList timescale="1" duration="3"><SegmentURL media=""/></SegmentList></Representation></AdaptationSet>';
  const manifest = new TextEncoder().encode(
    '<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT3S" ' +
      'profiles="urn:mpeg:dash:profile:isoff-live:2011"><Period>' +
      `${representation(1, "a.ts")}${representation(2, "b.ts")}</Period></MPD>`,
  );
  const bytes = fixtureBytes("video.ts");
  using source = Demuxer.openSync(bytes);
  const sizes = (demuxer: Demuxer) => {
    const streams = demuxer.streams.map((): number[] => []);
    for (const { streamIndex, data } of demuxer.packetsSync()) streams[streamIndex]!.push(data.length);
    return streams;
  };
  using demuxer = Demuxer.openSync(manifest, { onopen: () => bytes });
  const one = sizes(source);
  assertEquals(one.map(({ length }) => length > 0), [true, true]);
  assertEquals(sizes(demuxer), [...one, ...one]);
});
