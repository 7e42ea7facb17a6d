/**
 * Plays a file as a live HLS stream, at the speed of its clock, with nothing on disk: `hls_in_memory.ts FILE [PORT]`, then
 * open http://localhost:8000/index.m3u8 in a player. Needs --allow-ffi --allow-net --allow-read.
 */
import { Demuxer, Muxer } from "@avio/avio";

const [input, port = "8000"] = Deno.args;
if (!input) {
  console.error("Usage: hls_in_memory.ts FILE [PORT]");
  Deno.exit(2);
}

/** Served files by name, each added when it is complete. */
const files = new Map<string, Blob>();

function publish(name: string): WritableStream<Uint8Array> {
  const chunks: BlobPart[] = [];
  return new WritableStream({
    write: (chunk) => void chunks.push(chunk.slice()),
    close: () => void files.set(name, new Blob(chunks)),
  });
}

const types: Record<string, string> = { m3u8: "application/vnd.apple.mpegurl", ts: "video/mp2t" };
const server = Deno.serve({ port: Number(port) }, ({ url }) => {
  const name = new URL(url).pathname.slice(1);
  const file = files.get(name);
  if (!file) return new Response("Not found\n", { status: 404 });
  const headers = {
    "content-type": types[name.split(".").at(-1)!] ?? "application/octet-stream",
    "cache-control": name.endsWith(".m3u8") ? "no-store" : "max-age=60",
    "access-control-allow-origin": "*",
  };
  return new Response(file, { headers });
});

await using demuxer = await Demuxer.open(input);
await using muxer = await Muxer.open(publish("index.m3u8"), {
  format: "hls",
  url: "index.m3u8",
  onopen: ({ url, mode }) => mode === "write" ? publish(url) : null,
  ondelete: (url) => void files.delete(url),
  options: { hls_time: 2, hls_list_size: 5, hls_flags: "delete_segments+independent_segments" },
});
for (const stream of demuxer.streams) {
  if (stream.type === "video" || stream.type === "audio") muxer.addStream(stream);
  else stream.discard = true;
}
const begin = performance.now();
for await (const packet of demuxer) {
  const early = ((packet.time ?? 0) - (demuxer.startTime ?? 0)) * 1000 - (performance.now() - begin);
  if (early > 5) await new Promise((resolve) => setTimeout(resolve, early));
  await muxer.write(packet);
}
await muxer.finish();
console.log(`over: ${[...files.keys()].join(" ")}`);
await server.finished;
