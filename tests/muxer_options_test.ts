/**
 * Options of muxers that write several files, each with unusual values: the result is an output or an error, within a
 * short time. Each muxer runs in its own process with a deadline, and prints the current option last.
 */
import { assert, assertEquals } from "@std/assert";
import { runScript } from "./support/script.ts";

const MUXERS: Record<string, [source: string, url: string]> = {
  hls: ["video.mp4", "i.m3u8"],
  dash: ["video.mp4", "i.mpd"],
  segment: ["video.mp4", "s%d.ts"],
  stream_segment: ["video.mp4", "s%d.ts"],
  image2: ["image.png", "i%d.png"],
  webm_chunk: ["video.webm", "w_%d.chk"],
};

/** For options of every type; least and greatest numbers, and names of constants, come to them. */
const VALUES = [
  "0",
  "-1",
  "1",
  "2147483647",
  "-2147483648",
  "9223372036854775807",
  "1e300",
  "nan",
  "0.0000001",
  "",
  "x",
]
  .concat(
    "DELETE",
    "%d%s%n",
    "%v",
    "a=b:c=d",
    "method=DELETE",
    "a/../b",
    "file:///etc/passwd",
    "00:00:00.000001",
    "mpegts",
  );

for (const [format, [source, url]] of Object.entries(MUXERS)) {
  Deno.test(`every option of ${format} with unusual values ends within a short time`, async () => {
    const { code, stdout, stderr } = await runScript(
      `
      const source = fixtureBytes(${JSON.stringify(source)});
      const say = (text) => Deno.stdout.writeSync(new TextEncoder().encode(text));
      for (const option of avio.formatOptions("${format}", "output")) {
        const values = new Set([...${JSON.stringify(VALUES)}, ...option.constants.map(({ name }) => name)]);
        for (const number of [option.min, option.max]) if (number !== null) values.add(String(number));
        for (const value of values) {
          say(\`\\n\${option.name}=\${value} \`);
          const start = performance.now();
          try {
            avio.remuxSync(source, new MemorySink(), {
              format: "${format}",
              url: ${JSON.stringify(url)},
              onopen: avio.fromMap(new Map()),
              ondelete() {},
              options: { [option.name]: value },
            });
          } catch (error) {
            if (!["AVError", "TypeError", "RangeError"].includes(error.name)) say(\`BAD \${error}\`);
          }
          const milliseconds = Math.round(performance.now() - start);
          if (milliseconds > 3000) say(\`SLOW \${milliseconds}\`);
        }
      }
    `,
      { deadline: 240_000 },
    );
    const lines = stdout.split("\n");
    assertEquals(code, 0, `${lines.at(-1)}: ${stderr}`);
    assertEquals(lines.filter((line) => /BAD|SLOW/.test(line)), []);
    assert(lines.length > 200, `${lines.length} lines`);
  });
}
