/**
 * An HTTP server that converts an upload to fragmented mp4 while it is still being uploaded:
 * `curl -T video.mkv http://localhost:8000 > video.mp4`. Needs --allow-ffi --allow-net.
 */
import { RemuxStream } from "@avio/avio";

const port = Number(Deno.args[0] ?? 8000);
Deno.serve({ port }, (request) => {
  if (!request.body) return new Response("Send a media file", { status: 400 });
  const mp4 = request.body.pipeThrough(new RemuxStream({ format: "mp4" }));
  return new Response(mp4, { headers: { "content-type": "video/mp4" } });
});
