/**
 * The child process of `probe_in_process.ts`: probes stdin, and prints the description or the error as a line of JSON. It
 * needs only --allow-ffi for the library.
 */
import { AVError, probe, uploadFormats } from "@avio/avio";

try {
  const info = await probe(Deno.stdin.readable, {
    formats: uploadFormats,
    maxStreams: 32,
    maxPacketSize: 16 * 1024 * 1024,
    maxOpenSize: 16 * 1024 * 1024,
    maxMemory: 128 * 1024 * 1024,
    probeSize: 1_000_000,
    analyzeDuration: 2,
  });
  const { format: { name }, duration, size, streams } = info;
  const codecs = streams.map(({ type, codecParameters: { codec, width, height } }) => ({
    type,
    codec,
    width,
    height,
  }));
  console.log(JSON.stringify({ format: name, duration, size, streams: codecs }));
} catch (error) {
  if (!(error instanceof AVError)) throw error;
  console.log(JSON.stringify({ error: error.message }));
}
