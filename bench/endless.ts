/**
 * Remuxes many gigabytes from a generated source to a sink that discards them; prints seconds, and memory meanwhile.
 * Argument: `GIGABYTES`.
 */
import { remux } from "../mod.ts";

const total = Number(Deno.args[0] ?? 20) * 1e9;

/** wav of unknown length: 48 kHz, 16 bits, stereo. */
function header(): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(44);
  const view = new DataView(bytes.buffer);
  const text = (at: number, letters: string) => bytes.set(new TextEncoder().encode(letters), at);
  text(0, "RIFF");
  view.setUint32(4, 0xffffffff, true);
  text(8, "WAVEfmt ");
  [[16, 16], [24, 48000], [28, 192000], [40, 0xffffffff]].forEach(([at, value]) =>
    view.setUint32(at!, value!, true)
  );
  [[20, 1], [22, 2], [32, 4], [34, 16]].forEach(([at, value]) => view.setUint16(at!, value!, true));
  text(36, "data");
  return bytes;
}

async function* source(): AsyncGenerator<Uint8Array> {
  yield header();
  const chunk = new Uint8Array(65536).map((_, index) => index * 31);
  for (let given = 0; given < total; given += chunk.length) yield chunk;
}

const megabytes = () => Math.round(Deno.memoryUsage().rss / 1e6);
let written = 0, early = 0, peak = 0;
const start = performance.now();
const seconds = () => (performance.now() - start) / 1000;
const timer = setInterval(() => {
  if (!early && seconds() > 3) early = megabytes();
  peak = Math.max(peak, megabytes());
}, 100);
const discard = new WritableStream<Uint8Array>({ write: (chunk) => void (written += chunk.length) });
const { packets } = await remux(source(), discard, { format: "matroska" });
clearInterval(timer);
console.log(
  `${packets} packets, ${(written / 1e9).toFixed(2)} GB in ${seconds().toFixed(1)} s, ` +
    `resident: ${early} MB after 3 s, ${peak} MB at most`,
);
