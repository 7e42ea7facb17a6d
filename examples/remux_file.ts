/**
 * Remuxes a file into another container and prints its progress: `remux_file.ts IN OUT`. The format is taken from
 * OUT's name. Needs --allow-ffi --allow-read --allow-write.
 */
import { AVError, remuxSync } from "@avio/avio";

const [input, output] = Deno.args;
if (!input || !output) {
  console.error("Usage: remux_file.ts IN OUT");
  Deno.exit(2);
}
try {
  const result = remuxSync(input, output, {
    onprogress: ({ time, duration }) =>
      console.error(`${time.toFixed(1)} of ${duration?.toFixed(1) ?? "?"} s`),
  });
  console.log(`${result.packets} packets, ${result.bytesWritten} bytes`);
} catch (error) {
  if (!(error instanceof AVError)) throw error;
  console.error(error.message);
  Deno.exit(1);
}
