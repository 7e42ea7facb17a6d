/**
 * Live playlists and manifests that never go on: what is refused is an error at once, and the synchronous API, which nothing
 * can end, does not wait for long. Each script has a process of its own with a deadline.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { answerOf } from "./support/script.ts";
import { isEmbedded } from "./support/versions.ts";

/** Nothing to play in it, a playlist that is to be loaded again in 30 years. */
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

/** What reading to the end is rejected with, in both APIs, and after how long. */
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
      let told = { name: "a quiet end" };
      try { ${read} } catch (error) { told = { name: error.name, message: error.message, code: error.codeName }; }
      console.log(JSON.stringify({ ...told, milliseconds: performance.now() - start }));
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

Deno.test("live: what comes next takes longer than the synchronous API waits; timeout ends it in the other", async () => {
  const options =
    `{ onopen: ({ url }) => url === "segment.ts" ? segment.bytes() : source(), url: "live.m3u8" }`;
  const [sync, later] = await failures(HUGE, options, "{ timeout: 500 }");
  assertEquals([sync!.name, sync!.code], ["AVError", "ETIMEDOUT"]);
  assertStringIncludes(sync!.message, "longer than the synchronous API waits");
  assert(sync!.milliseconds < 5000, String(sync!.milliseconds));
  assertEquals(later!.name, "TimeoutError");
  assert(later!.milliseconds < 5000, String(later!.milliseconds));
});

Deno.test("live: a playlist without anything in it yet", async () => {
  const options = `{ onopen: () => source(), url: "live.m3u8" }`;
  const empty = "#EXTM3U\n#EXT-X-TARGETDURATION:600\n#EXT-X-MEDIA-SEQUENCE:0\n";
  for (const { milliseconds } of await failures(empty, options, "{ timeout: 500 }")) {
    assert(milliseconds < 5000, String(milliseconds));
  }
});
