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
