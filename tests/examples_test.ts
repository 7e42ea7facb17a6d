/**
 * The programs in examples/, run as a user runs them; more of them in more_examples_test.ts.
 */
import { assertEquals, assertMatch } from "@std/assert";
import { Demuxer, probeSync } from "@avio/avio";
import { serveOnDemand } from "./support/on_demand.ts";

async function run(permissions: string[], ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-env", ...permissions, ...args],
    cwd: new URL("..", import.meta.url),
  }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

Deno.test("examples/remux_file.ts remuxes a file", async () => {
  const output = Deno.makeTempFileSync({ suffix: ".mkv" });
  try {
    const permissions = ["--allow-ffi", "--allow-read", "--allow-write"];
    assertMatch(
      await run(permissions, "examples/remux_file.ts", "fixtures/video.mp4", output),
      /^206 packets/,
    );
    assertEquals(probeSync(output).format.name, "matroska,webm");
  } finally {
    Deno.removeSync(output);
  }
});

Deno.test("examples/pushed_source.ts demuxes bytes that are pushed to a worker", async () => {
  const permissions = ["--allow-ffi", "--allow-read"];
  assertEquals(await run(permissions, "examples/pushed_source.ts", "fixtures/video.mkv"), "206\n");
});

/** Tries again for ten seconds: the server needs a moment to start. */
async function whenListening(request: () => Promise<Response>): Promise<Response> {
  for (let left = 100;; left--) {
    try {
      return await request();
    } catch (error) {
      if (left === 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

Deno.test("examples/serve_remux.ts serves a playable mp4", async () => {
  const port = 8000 + Math.floor(Math.random() * 20000);
  const server = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--allow-env",
      "--allow-ffi",
      "--allow-net",
      "examples/serve_remux.ts",
      String(port),
    ],
    cwd: new URL("..", import.meta.url),
    stdout: "null",
  }).spawn();
  try {
    const body = Deno.readFileSync(new URL("../fixtures/video.mkv", import.meta.url));
    const response = await whenListening(() => fetch(`http://127.0.0.1:${port}/`, { method: "PUT", body }));
    const mp4 = await response.bytes();
    assertEquals(probeSync(mp4).streams.map(({ codecParameters }) => codecParameters.codec), ["h264", "aac"]);
  } finally {
    server.kill();
    await server.status;
  }
});

Deno.test("examples/hls_on_demand.ts: segments contain every packet of the film once, with its own time", async () => {
  for (const name of ["video.mp4", "video.mkv"]) {
    await using server = await serveOnDemand(`fixtures/${name}`);
    const list = await (await fetch(server.url)).text();
    const segments = [...list.matchAll(/^\d+\.ts$/gm)].map(([segment]) => segment);
    assertEquals(segments.length, 3);
    const times: [number[], number[]] = [[], []];
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    for (const segment of segments) {
      const piece = await (await fetch(new URL(segment, server.url))).bytes();
      pieces.push(piece);
      using demuxer = Demuxer.openSync(piece);
      for (const { streamIndex, time } of demuxer.packetsSync()) times[streamIndex as 0 | 1].push(time!);
    }
    using joined = Demuxer.openSync(await new Blob(pieces).bytes());
    const damaged = [...joined.packetsSync()].filter(({ isCorrupt }) => isCorrupt);
    assertEquals(damaged.length, 0, "none seems lost between two segments");
    using film = Demuxer.openSync(`fixtures/${name}`);
    const whole: [number[], number[]] = [[], []];
    for (const { streamIndex, time } of film.packetsSync()) whole[streamIndex as 0 | 1].push(time!);
    const rounded = (all: number[]) => all.map((time) => Math.round(time * 1000)).toSorted((a, b) => a - b);
    assertEquals(rounded(times[0]), rounded(whole[0]), name);
    assertEquals(times[1].length, whole[1].length, name);
  }
});
