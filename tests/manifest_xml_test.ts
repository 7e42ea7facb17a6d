/**
 * Manifests are XML from untrusted authors: libxml2's errors go to the log, not to stderr, and entities define nothing
 * and load nothing.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { answerOf, runScript } from "./support/script.ts";
import { isEmbedded } from "./support/versions.ts";

const MPD = (body: string, before = "") =>
  `<?xml version="1.0"?>\n${before}<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" ` +
  `mediaPresentationDuration="PT1S">${body}</MPD>`;
const period = (url: string) =>
  `<Period><AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1"><BaseURL>${url}</BaseURL>` +
  `<SegmentList duration="1"><SegmentURL media="a"/></SegmentList></Representation></AdaptationSet></Period>`;

/** Ten times ten times ... as much. */
function laughs(depth: number, use: string): string {
  const entities = Array.from({ length: depth }, (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`);
  return MPD(
    use.replaceAll("LOL", `&l${depth};`),
    `<!DOCTYPE MPD [<!ENTITY l0 "lol">${entities.join("")}]>\n`,
  );
}

const BROKEN: Record<string, string> = {
  "bytes that are no XML": MPD("\x1b[2J\x1b]0;title\x07<a b=c>&nope;"),
  "an end that is missing": MPD("<Period id='\u009b2J\u202e'>").slice(0, -6),
  "an entity that is not there": MPD(period("&nope;")),
  "entities of entities": laughs(9, period("LOL")),
  "entities in an attribute": laughs(9, `<Period id="LOL"/>`),
  "few entities": laughs(1, period("LOL")),
  "an entity that is a file": MPD(period("&x;"), `<!DOCTYPE MPD [<!ENTITY x SYSTEM "file:///etc/passwd">]>`),
  "a document type that is a file": MPD(period("a"), `<!DOCTYPE MPD SYSTEM "file:///etc/passwd">`),
  "parameters that are a file": MPD(
    period("a"),
    `<!DOCTYPE MPD [<!ENTITY % x SYSTEM "file:///etc/passwd"> %x;]>`,
  ),
};

interface Told {
  name: string;
  message: string;
  log: string[];
  asked: string[];
  milliseconds: number;
}

for (const [what, manifest] of Object.entries(BROKEN)) {
  Deno.test(`manifest: ${what}`, async () => {
    const outcome = await runScript(
      `
      avio.setLogLevel("quiet");
      const asked = [];
      const source = new TextEncoder().encode(${JSON.stringify(manifest)});
      const start = performance.now();
      let failure = {};
      try {
        avio.probeSync(source, { format: "dash", onopen: ({ url }) => (asked.push(url), null) });
      } catch ({ name, message, log }) { failure = { name, message, log }; }
      console.log(JSON.stringify({ ...failure, asked, milliseconds: performance.now() - start }));
    `,
      { deadline: 20_000 },
    );
    assertEquals(outcome.code, 0, JSON.stringify(outcome));
    assertEquals(outcome.stderr, "");
    const { name, log, asked, milliseconds } = JSON.parse(outcome.stdout) as Told;
    assertEquals(name, "AVError");
    assertEquals(asked, []);
    assert(milliseconds < 2000, String(milliseconds));
    if (!isEmbedded) return; // refused by name
    const logged = log.join("\n");
    assert(/dash: line \d+: |document type/.test(logged), logged);
    // deno-lint-ignore no-control-regex
    assert(!/[\x00-\x09\x0b-\x1f]/.test(logged), JSON.stringify(logged));
  });
}

Deno.test("manifest: IMF, which the system's FFmpeg also reads", async () => {
  const broken =
    `<?xml version="1.0"?><CompositionPlaylist xmlns="http://www.smpte-ra.org/schemas/2067-3/2016"><Id>\x1b[2J`;
  const outcome = await runScript(`
    avio.setLogLevel("quiet");
    const source = new TextEncoder().encode(${JSON.stringify(broken)});
    try { avio.probeSync(source, { format: "imf" }); } catch ({ name, log }) { console.log(JSON.stringify({ name, log })); }
  `);
  assertEquals([outcome.code, outcome.stderr], [0, ""], JSON.stringify(outcome));
  const { name, log } = JSON.parse(outcome.stdout) as Told;
  assertEquals(name, "AVError");
  assertStringIncludes(log.join("\n"), isEmbedded ? "line 1: " : "libxml2: ");
});

Deno.test("manifests are read by many sessions at once", { ignore: !isEmbedded }, async () => {
  const count = await answerOf<number>(`
    const manifest = new TextEncoder().encode(${JSON.stringify(MPD(period("a")))});
    let failed = 0;
    for (let round = 0; round < 40; round++) {
      const all = Array.from({ length: 16 }, () => probe(manifest, { format: "dash", onopen: () => null }));
      for (const { status } of await Promise.allSettled(all)) if (status === "rejected") failed++;
    }
    console.log(failed);
  `);
  assertEquals(count, 640);
});
