/**
 * Cuts a part out of a file without re-encoding: `cut.ts IN OUT START [END]`, in seconds. Prints where the cut begins,
 * before it is written: at the last key frame at or before START. Needs --allow-ffi --allow-read --allow-write.
 */
import { remuxSync } from "@avio/avio";

const [input, output, from, to] = Deno.args;
const [start, end] = [Number(from), to === undefined ? Infinity : Number(to)];
if (!input || !output || !(start >= 0) || !(end > start)) {
  console.error("Usage: cut.ts IN OUT START [END]");
  Deno.exit(2);
}
const { packets, duration } = remuxSync(input, output, {
  start,
  end,
  onstart: ({ start }) => console.log(`from ${start.toFixed(2)} s on`),
});
console.log(`${duration?.toFixed(2)} s, ${packets} packets`);
