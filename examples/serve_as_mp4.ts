/**
 * An HTTP server that serves the media files of a folder as fragmented mp4, converted while they are sent:
 * `serve_as_mp4.ts FOLDER [PORT]`, then `curl http://localhost:8000/video.mkv?start=10 > video.mp4`.
 * Needs --allow-ffi --allow-net --allow-read=FOLDER.
 */
import { AVError, probe, remux, type Source, withinDirectory } from "@avio/avio";

const [folder = ".", port = "8000"] = Deno.args;
const within = withinDirectory(folder);

Deno.serve({ port: Number(port) }, async (request) => {
  const { pathname, searchParams } = new URL(request.url);
  const name = decodeURIComponent(pathname.slice(1));
  const source = await within({ url: name, mode: "read" }) as Source | null;
  const start = Number(searchParams.get("start") ?? 0);
  if (!source || !(start >= 0)) return new Response("Not found\n", { status: 404 });
  try {
    await probe(source); // before the status is sent: afterwards an error can't be reported
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return new Response("Not found\n", { status: 404 });
    if (error instanceof AVError) return new Response(`${error.message}\n`, { status: 422 });
    throw error;
  }
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  remux(source, writable, {
    format: "mp4",
    start,
    options: { movflags: "frag_keyframe+empty_moov+default_base_moof" },
    signal: request.signal,
  }).catch((error) => console.error(`${pathname}: ${error.message}`));
  return new Response(readable, { headers: { "content-type": "video/mp4" } });
});
