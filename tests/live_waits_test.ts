/**
 * Live playlists and manifests that never continue: what is refused is an error at once, and the synchronous API, which
 * nothing can end, does not wait for long. Each script runs in its own process with a deadline.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { realPath } from "./support/fixtures.ts";
import { answerOf } from "./support/script.ts";
import { isEmbedded } from "./support/versions.ts";

/** A playlist that is to be reloaded after 30 years. */
const HUGE = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:999999999,\nsegment.ts\n";
const TARGET = "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\na.ts\n#EXTINF:10,\nb.ts\n#EXTINF:10,\nc.ts\n";
const MASTER = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1000\nlow.m3u8\n";
const MANIFEST = `<?xml version="1.0"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="dynamic" availabilityStartTime="2020-01-01T00:00:00Z"
  minimumUpdatePeriod="PT2S" timeShiftBufferDepth="PT20S" profiles="urn:mpeg:dash:profile:isoff-live:2011">
 <Period id="0" start="PT0S"><AdaptationSet contentType="video" mimeType="video/mp4">
  <Representation id="1" bandwidth="1000" width="16" height="16" codecs="avc1.64000c">
   <SegmentList duration="2"><SegmentURL media="1.m4s"/></SegmentList>
  </Representation></AdaptationSet></Period></MPD>`;

interface Told {
  name: string;
  message: string;
  code: string;
  milliseconds: number;
}

/** The errors of reading to the end, in both APIs, and the time until then. */
async function failures(source: string, options: string, waits = "{}"): Promise<Told[]> {
  const answers = [];
  for (const isAsync of [false, true]) {
    const read = isAsync
      ? `await using demuxer = await Demuxer.open(source(), { ...options(), ...${waits} });
         while (await demuxer.read());`
      : `using demuxer = Demuxer.openSync(source(), options()); while (demuxer.readSync());`;
    answers.push(
      await answerOf<Told>(
        `
      const segment = new MemorySink();
      avio.remuxSync(fixturePath("video.mp4"), segment, { format: "mpegts" });
      const source = () => new TextEncoder().encode(${JSON.stringify(source)});
      const options = () => (${options});
      const start = performance.now();
      let end = { name: "a quiet end" };
      try { ${read} } catch (error) { end = { name: error.name, message: error.message, code: error.codeName }; }
      console.log(JSON.stringify({ ...end, milliseconds: performance.now() - start }));
    `,
        { deadline: 20_000 },
      ),
    );
  }
  return answers;
}

for (const [what, source] of [["a huge EXTINF", HUGE], ["a target duration", TARGET]] as const) {
  for (const options of ["{}", "{ onopen: () => null }"]) {
    Deno.test(`live: ${what}, and each segment is refused: ${options}`, async () => {
      for (const { name, message, milliseconds } of await failures(source, options)) {
        assertEquals(name, "AVError", message);
        assertStringIncludes(message, "refused to open");
        assert(milliseconds < 3000, String(milliseconds));
      }
    });
  }
}

Deno.test("live: a playlist of playlists that are refused, or whose segments are", async () => {
  for (const text of [MASTER, HUGE]) {
    const options = `{ onopen: ({ url }) => url === "low.m3u8" ? new TextEncoder().encode(${
      JSON.stringify(text)
    }) : null }`;
    for (const { name, message, milliseconds } of await failures(MASTER, options)) {
      assertEquals(name, "AVError", message);
      if (text === HUGE) assertStringIncludes(message, "refused to open 'segment.ts'");
      assert(milliseconds < 3000, String(milliseconds));
    }
  }
});

Deno.test("live: a manifest whose segments are refused", async () => {
  for (
    const options of [
      "{}",
      `{ onopen: ({ url }) => url.endsWith(".mpd") ? source() : null, url: "live.mpd" }`,
    ]
  ) {
    for (const { name, message, milliseconds } of await failures(MANIFEST, options)) {
      assertEquals(name, "AVError", message);
      if (isEmbedded) assertStringIncludes(message, "refused to open");
      assert(milliseconds < 3000, String(milliseconds));
    }
  }
});

Deno.test("live: the next segment takes longer than the sync API waits; timeout ends it in the async API", async () => {
  const options =
    `{ onopen: ({ url }) => url === "segment.ts" ? segment.bytes() : source(), url: "live.m3u8" }`;
  const [sync, later] = await failures(HUGE, options, "{ timeout: 500 }");
  assertEquals([sync!.name, sync!.code], ["AVError", "ETIMEDOUT"]);
  assertStringIncludes(sync!.message, "longer than the synchronous API waits");
  assert(sync!.milliseconds < 5000, String(sync!.milliseconds));
  assertEquals(later!.name, "TimeoutError");
  assert(later!.milliseconds < 5000, String(later!.milliseconds));
});

Deno.test("live: a playlist that is still empty", async () => {
  const options = `{ onopen: () => source(), url: "live.m3u8" }`;
  const empty = "#EXTM3U\n#EXT-X-TARGETDURATION:600\n#EXT-X-MEDIA-SEQUENCE:0\n";
  for (const { milliseconds } of await failures(empty, options, "{ timeout: 500 }")) {
    assert(milliseconds < 5000, String(milliseconds));
  }
});

/** Each public call that reads, by both APIs where it has both. */
const CALLS = `{
  probeSync: () => avio.probeSync(source(), options),
  readSync: () => { using demuxer = Demuxer.openSync(source(), options); while (demuxer.readSync()); },
  seekSync: () => { using demuxer = Demuxer.openSync(source(), options); demuxer.seekSync(5); demuxer.readSync(); },
  remuxSync: () => avio.remuxSync(source(), new MemorySink(), { ...out, input: options }),
  splitSync: () => avio.splitSync(source(), { ...out, every: 1, onsegment, input: options }),
  concatSync: () => avio.concatSync([{ source: source(), input: options }, source()], new MemorySink(), out),
  probe: () => avio.probe(source(), { ...options, timeout: 500 }),
  read: async () => {
    await using demuxer = await Demuxer.open(source(), { ...options, timeout: 500 });
    while (await demuxer.read());
  },
  remux: () => avio.remux(source(), new MemorySink(), { ...out, input: options, timeout: 500 }),
  "remux, of the input": () => avio.remux(source(), new MemorySink(), { ...out, input: { ...options, timeout: 500 } }),
  split: () => avio.split(source(), { ...out, every: 1, onsegment, input: options, timeout: 500 }),
  concat: () => avio.concat([{ source: source(), input: options }, source()], new MemorySink(), { ...out, timeout: 500 }),
  RemuxStream: async () => {
    const remuxing = new avio.RemuxStream({ ...out, input: options, timeout: 500 });
    new Blob([source()]).stream().pipeThrough(remuxing).pipeTo(new WritableStream()).catch(() => {});
    await remuxing.result;
  },
}`;

/** The result of each call, and the time until then. */
function endsOf(source: string, options: string): Promise<(Told & { call: string })[]> {
  return answerOf(
    `
    const segment = new MemorySink();
    avio.remuxSync(fixturePath("video.mp4"), segment, { format: "mpegts" });
    const source = () => new TextEncoder().encode(${JSON.stringify(source)});
    const options = ${options};
    const out = { format: "mpegts" };
    const onsegment = () => new MemorySink();
    const ends = [];
    for (const [call, run] of Object.entries(${CALLS})) {
      const start = performance.now();
      let end = { name: "a quiet end" };
      try { await run(); } catch (error) { end = { name: error.name, message: error.message, code: error.codeName }; }
      ends.push({ call, ...end, milliseconds: performance.now() - start });
    }
    console.log(JSON.stringify(ends));
  `,
    { deadline: 60_000 },
  );
}

const odd = realPath("odd/3519def093f4.m3u8");
const endless: [what: string, source: string][] = [
  ["49 bytes", "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\na.ts\n"],
  ...(odd ? [["3519def093f4.m3u8", Deno.readTextFileSync(odd)] as [string, string]] : []),
];

for (const [what, source] of endless) {
  Deno.test(`live: a playlist of ${what} ends every call: at once without onopen, else with the error of its segments`, async () => {
    for (const { call, name, message, milliseconds } of await endsOf(source, "{}")) {
      assertEquals(name, "AVError", `${call}: ${message}`);
      assertStringIncludes(message, "refused to open", call);
      assert(milliseconds < 3000, `${call}: ${milliseconds}`);
    }
    const served =
      `{ onopen: ({ url }) => url.endsWith(".ts") ? segment.bytes() : source(), url: "live.m3u8" }`;
    for (const { call, name, code, milliseconds } of await endsOf(source, served)) {
      // What is known of the streams, or after a seek, needs no waiting.
      const isOver = /^(?:probe|seek)/.test(call);
      const isSync = call.endsWith("Sync");
      if (!isOver) assertEquals(isSync ? code : name, isSync ? "ETIMEDOUT" : "TimeoutError", call);
      assert(milliseconds < 5000, `${call}: ${milliseconds}`);
    }
  });
}
