/**
 * A real Chromium plays and decodes avio's output, and avio writes files from what it records. `scripts/setup.sh
 * --tests` installs what this needs.
 */
import { assert, assertEquals } from "@std/assert";
import { mimeType, probe } from "@avio/avio";
import { missing, openPage, type Page } from "./support/browser.ts";
import { type BrowserServer, serveBrowser } from "./support/browser_server.ts";
import { fixturePath } from "./support/fixtures.ts";
import { madeFile } from "./support/made.ts";
import { serveOnDemand } from "./support/on_demand.ts";

/** What a page observed while playing a film. */
interface Seen {
  first: number;
  time: number;
  frames: number;
  picture: { mean: number; spread: number } | null;
  width: number;
  duration: number;
  audio: number;
}

function testInBrowser(
  name: string,
  test: (page: Page, server: BrowserServer) => Promise<void>,
  made: () => ReadonlyMap<string, Uint8Array<ArrayBuffer>> = () => new Map(),
): void {
  Deno.test({
    name: missing === "" ? name : `${name} (${missing}: scripts/setup.sh --tests)`,
    ignore: missing !== "",
    async fn() {
      await using server = serveBrowser(made());
      await using page = await openPage(server.origin);
      try {
        await test(page, server);
      } finally {
        assertEquals(server.errors, []);
      }
    },
  });
}

/** Checks that a film was played to a time: pictures that are not black, frames, sound. */
function checkSeen(seen: Seen, until: number, label: string): void {
  assert(seen.time >= until, `${label}: time ${seen.time}`);
  assert(seen.frames >= (until - seen.first) * 25 / 2, `${label}: ${seen.frames} frames`);
  assert(
    seen.picture !== null && seen.picture.mean > 30 && seen.picture.spread > 20,
    `${label}: the picture`,
  );
  assert(seen.audio > 1000, `${label}: ${seen.audio} bytes of sound`);
}

testInBrowser("A film of any container plays while it becomes mp4, and seeks by ?t=", async (page) => {
  for (const name of ["video.mp4", "video.mkv", "video.ts", "video.flv", "video.webm"]) {
    checkSeen(await page.evaluate<Seen>(`avio.play("/film/${name}", 2)`), 2, name);
  }
  for (const name of ["video.mp4", "video.ts"]) {
    const seen = await page.evaluate<Seen>(`avio.play("/film/${name}?t=1.5", 1.2)`);
    checkSeen(seen, 1.2, `${name} from 1.5`);
    assert(seen.duration > 1.8 && seen.duration < 2.2, `${name} from 1.5 lasts ${seen.duration}`);
  }
});

testInBrowser("A film plays as HLS by hls.js, and seeks", async (page) => {
  for (const name of ["video.mp4", "video.mkv", "video.ts"]) {
    for (const segments of ["mpegts", "fmp4"]) {
      const url = `/hls/${name}/${segments}/index.m3u8`;
      const label = `${name} as ${segments}`;
      const seen = await page.evaluate<Seen & { failed: unknown }>(`avio.playHls("${url}", 1.5)`);
      assertEquals(seen.failed, null, label);
      checkSeen(seen, 1.5, label);
      assert(Math.abs(seen.duration - 3) < 0.2, `${label} lasts ${seen.duration}`);
      const later = await page.evaluate<Seen>(`avio.playHls("${url}", 2.6, 2)`);
      assert(later.first > 1.9 && later.first < 2.3, `${label} begins at ${later.first}`);
    }
  }
});

testInBrowser("HLS whose segments are made one by one plays without a gap, and seeks", async (page) => {
  for (const name of ["video.mp4", "video.mkv", "video.ts"]) {
    await using server = await serveOnDemand(fixturePath(name));
    const seen = await page.evaluate<Seen & { failed: unknown; buffered: number[] }>(
      `avio.playHls("${server.url}", 2.6)`,
    );
    assertEquals(seen.failed, null, name);
    checkSeen(seen, 2.6, name);
    assertEquals(seen.buffered.length, 1, `${name}: buffered ${seen.buffered}`);
    const later = await page.evaluate<Seen>(`avio.playHls("${server.url}", 2.6, 2)`);
    assert(later.first > 1.9 && later.first < 2.3, `${name} begins at ${later.first}`);
  }
});

testInBrowser(
  "A film plays by Media Source Extensions, under its own times, from a seek on",
  async (page) => {
    for (const name of ["video.mp4", "video.mkv", "video.webm"]) {
      const seen = await page.evaluate<Seen>(`avio.playMse("/film/${name}", 1.5)`);
      checkSeen(seen, 1.5, name);
      const later = await page.evaluate<Seen & { buffered: [number, number] }>(
        `avio.playMse("/film/${name}?t=1.4&keep", 2.5, 1.5)`,
      );
      const [start, end] = later.buffered;
      assert(start > 0.9 && start < 1.1 && end > 2.8, `${name}: ${later.buffered}`);
      assert(later.time >= 2.5 && later.picture!.mean > 30, `${name}: ${later.time}`);
    }
  },
);

testInBrowser("mimeType() is what the browser can play", async (page) => {
  const says = async (name: string) =>
    await page.evaluate<string>(`canPlay(${JSON.stringify(mimeType(await probe(fixturePath(name))))})`);
  for (
    const name of [
      "video.mp4",
      "video.webm",
      "video.mkv",
      "audio.mp3",
      "audio.ogg",
      "audio.flac",
      "audio.wav",
    ]
  ) {
    assert(["probably", "maybe"].includes(await says(name)), name);
  }
  for (const name of ["video.avi", "video.flv"]) assertEquals(await says(name), "", name);
});

/** What a page has decoded. */
interface Decoded {
  codec: string;
  supported: boolean;
  failed: string | null;
  chunks: number;
  frames: number;
  samples: number;
  times: number[];
  picture: { mean: number; spread: number } | null;
  peak: number;
}

testInBrowser(
  "VideoDecoder and AudioDecoder decode avio's packets",
  async (page) => {
    const video = ["video.mp4", "video.ts", "video.mkv", "video.webm", "made.vp8", "made.av1"];
    for (const name of video) {
      const seen = await page.evaluate<Decoded>(`avio.decode("/packets/${name}/video")`);
      const label = `${name} (${seen.codec})`;
      assertEquals([seen.supported, seen.failed, seen.frames], [true, null, seen.chunks], label);
      assert(seen.chunks >= 4 && seen.picture!.mean > 30 && seen.picture!.spread > 20, label);
      assertEquals(seen.times, seen.times.toSorted((a, b) => a - b), label);
    }
    const audio = [
      "video.mp4",
      "video.ts",
      "video.webm",
      "audio.mp3",
      "audio.flac",
      "audio.ogg",
      "audio.wav",
    ];
    for (const name of audio) {
      const seen = await page.evaluate<Decoded>(`avio.decode("/packets/${name}/audio")`);
      const label = `${name} (${seen.codec})`;
      assertEquals([seen.supported, seen.failed], [true, null], label);
      assert(seen.samples > 30_000 && seen.peak > 0.05, `${label}: ${seen.samples}, ${seen.peak}`);
    }
  },
  () => new Map(["vp8", "av1"].map((name) => [`made.${name}`, madeFile(name)])),
);

testInBrowser("A recording by WebCodecs becomes mp4 and HLS while it runs", async (page, server) => {
  const socket = `${server.origin.replace("http", "ws")}/record`;
  for (const type of ["vp09.00.10.08", "avc1.42c01f"]) {
    server.recorded.clear();
    const { failed, played } = await page.evaluate<{ failed: unknown; played: Seen }>(
      `avio.record("${socket}", "${type}", 4, "/recorded/index.m3u8")`,
    );
    assertEquals([failed, server.errors], [null, []], type);
    checkSeen(played, 1, `${type}, while it is recorded`);
    checkSeen(await page.evaluate<Seen>(`avio.play("/recorded/film.mp4", 3)`), 3, `${type} as mp4`);
    checkSeen(await page.evaluate<Seen>(`avio.playHls("/recorded/index.m3u8", 3)`), 3, `${type} as HLS`);
  }
});

/** examples/player/ over a folder of these fixtures. */
async function withPlayer(
  names: string[],
  use: (page: Page, folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  for (const name of names) await Deno.copyFile(fixturePath(name), `${folder}/${name}`);
  const args = ["run", "-A", "--no-check", "examples/player/server.ts", folder, "0"];
  const cwd = new URL("..", import.meta.url);
  const server = new Deno.Command(Deno.execPath(), { args, cwd, stdout: "null", stderr: "piped" }).spawn();
  try {
    let said = "";
    const lines = server.stderr.pipeThrough(new TextDecoderStream()).getReader();
    while (!/:(\d+)\//.test(said)) said += (await lines.read()).value ?? "";
    lines.releaseLock();
    await using page = await openPage(`http://localhost:${/:(\d+)\//.exec(said)![1]}/`);
    await use(page, folder);
  } finally {
    server.kill();
    await server.stderr.cancel().catch(() => {});
    await server.status;
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test({
  name: "examples/player/ lists, plays, seeks, shows subtitles, cuts and receives uploads",
  ignore: missing !== "",
  fn: () =>
    withPlayer(["subtitles.mkv", "cover.mp3", "video.avi", "image.png"], async (page, folder) => {
      const until = (what: string) =>
        page.evaluate<boolean>(`new Promise((done, fail) => {
          const started = Date.now();
          const look = () => (${what}) ? done(true) : Date.now() - started > 20000 ? fail(new Error(${
          JSON.stringify(what)
        })) : setTimeout(look, 50);
          look();
        })`);
      const open = (name: string) => page.evaluate(`document.querySelector('[data-name="${name}"]').click()`);
      await until(`document.querySelectorAll(".card").length === 3`);
      await until(`[...document.querySelectorAll(".poster")].some((one) => one.style.backgroundImage)`);
      await open("subtitles.mkv");
      await until(`video.currentTime > 0.3 && video.videoWidth > 0`);
      await page.evaluate(`slider.value = 1.5, slider.onchange({ target: slider })`);
      await until(`video.currentTime > 0.2 && slider.value > 1.1`);
      await page.evaluate(`words.value = "2", words.onchange()`);
      await until(`video.textTracks[0]?.cues?.length > 0`);
      await page.evaluate(`video.pause(), to.onclick()`);
      const part = await page.evaluate<number[]>(
        `fetch(cut.href).then(async (r) => [r.status, (await r.arrayBuffer()).byteLength])`,
      );
      assert(part[0] === 200 && part[1]! > 5000, String(part));
      await open("video.avi");
      await until(`word.textContent.startsWith("This browser has no decoder for video/mp4")`);
      const bytes = Deno.readFileSync(fixturePath("video.webm")).toBase64();
      await page.evaluate(`(() => {
        const files = [new File([Uint8Array.fromBase64("${bytes}")], "new.webm")];
        file.onchange({ target: { files } });
      })()`);
      await until(`document.querySelector('[data-name="new.webm"]') !== null`);
      assertEquals(Deno.statSync(`${folder}/new.webm`).size, Deno.statSync(fixturePath("video.webm")).size);
      assertEquals(await page.evaluate(`fetch("/film/..%2f..%2fetc%2fpasswd").then((r) => r.status)`), 404);
    }),
});
