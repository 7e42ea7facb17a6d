/**
 * Formats that normally seek back in their output, written to sinks that can't seek: by the command line into a pipe,
 * by RemuxStream, and with `streamingOptions`; read back.
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { outputFormats, RemuxStream, remuxSync, streamingOptions } from "@avio/avio";
import { shell, temporaryFolder } from "./support/cli.ts";
import { concatBytes } from "./support/essence.ts";
import { fixturePath } from "./support/fixtures.ts";
import { hashes } from "./support/many_files.ts";
import { rowsOf } from "./support/packets.ts";

const MP4_FAMILY = ["mp4", "mov", "ipod", "3gp", "3g2", "psp", "f4v", "ismv"];

/** Sources by the formats that they are written to. */
const streamed: Record<string, string> = {
  ...Object.fromEntries(MP4_FAMILY.map((format) => [format, "video.mp4"])),
  flv: "video.flv",
  matroska: "video.mkv",
  webm: "video.webm",
};

for (const [format, name] of Object.entries(streamed)) {
  const source = fixturePath(name), expected = () => hashes(rowsOf(source));

  Deno.test(`cli: remux into a pipe: ${format}`, async () => {
    using folder = temporaryFolder();
    const out = folder.path("out");
    for (const written of [format, format.toUpperCase()]) {
      const { code, stderr } = await shell(
        'avio remux "$1" - -f "$2" | cat > "$3"; exit $PIPESTATUS',
        source,
        written,
        out,
      );
      assertEquals(code, 0, stderr);
      assertEquals(hashes(rowsOf(out)), expected());
    }
  });

  Deno.test(`RemuxStream writes ${format}`, async () => {
    const { readable } = await Deno.open(source.replace("video.mp4", "faststart.mp4"));
    const bytes = await new Response(readable.pipeThrough(new RemuxStream({ format }))).bytes();
    assertEquals(hashes(rowsOf(bytes)), expected());
  });

  Deno.test(`streamingOptions() are sufficient for a sink without onseek: ${format}`, () => {
    const chunks: Uint8Array[] = [];
    const sink = { onwrite: (bytes: Uint8Array) => void chunks.push(bytes) };
    remuxSync(source, sink, { format, options: streamingOptions(format) });
    assertEquals(hashes(rowsOf(concatBytes(chunks))), expected());
  });
}

Deno.test("cli: the user's options override those for a pipe", async () => {
  using folder = temporaryFolder();
  const out = folder.path("out.mp4"), source = fixturePath("video.mp4");
  const script = 'avio remux "$1" - -f mp4 -o movflags=frag_keyframe+empty_moov+dash -q > "$2"';
  assertEquals((await shell(script, source, out)).code, 0);
  const text = new TextDecoder("latin1").decode(Deno.readFileSync(out));
  assert(text.includes("sidx") && text.includes("moof"));
});

Deno.test("streamingOptions() is empty for other formats, in any case", () => {
  assertEquals(streamingOptions("mpegts"), {});
  assertEquals(streamingOptions("nonsuch"), {});
  assertEquals(streamingOptions("FLV"), { flvflags: "no_duration_filesize" });
  assertEquals(streamingOptions("Mp4"), streamingOptions("mp4"));
  const theirs = streamingOptions("mp4");
  theirs.movflags = "changed";
  assert(streamingOptions("mp4").movflags !== "changed");
  assertThrows(
    () => streamingOptions(1 as unknown as string),
    TypeError,
    "format: must be a string, is a number",
  );
  const known = outputFormats().flatMap(({ name }) => name.split(","));
  for (const format of MP4_FAMILY) assert(known.includes(format), format);
});
