/**
 * Each program in examples/ does what it says, run as a user runs it.
 */
import { assertEquals, assertMatch } from "@std/assert";
import { probeSync } from "@avio/avio";

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

Deno.test("examples/pushed_source.ts demuxes what is pushed to a worker", async () => {
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

Deno.test("examples/serve_remux.ts answers with a playing mp4", async () => {
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
