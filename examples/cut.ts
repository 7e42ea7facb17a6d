/**
 * Cuts a part out of a file without re-encoding: `cut.ts IN OUT START [END]`, in seconds. Tells where it really begins:
 * at the last key frame before START. Needs --allow-ffi --allow-read --allow-write.
 */
import { Demuxer, remuxSync } from "@avio/avio";

/** Seconds of the key frame that a cut at `start` begins with. */
function keyFrameBefore(file: string, start: number): number {
  using demuxer = Demuxer.openSync(file);
  const video = demuxer.bestStream("video");
  if (!video) return start;
  for (const stream of demuxer.streams) stream.discard = stream.index !== video.index;
  const origin = demuxer.startTime ?? 0;
  demuxer.seekSync(start + origin);
  return (demuxer.readSync()?.time ?? origin) - origin;
}

const [input, output, from, to] = Deno.args;
const [start, end] = [Number(from), to === undefined ? Infinity : Number(to)];
if (!input || !output || !(start >= 0) || !(end > start)) {
  console.error("Usage: cut.ts IN OUT START [END]");
  Deno.exit(2);
}
const { packets, duration } = remuxSync(input, output, {
  start,
  ...(end === Infinity ? {} : { end }),
});
const begin = keyFrameBefore(input, start);
console.log(`from ${begin.toFixed(2)} s on, ${duration?.toFixed(2)} s, ${packets} packets`);
