/**
 * An HTTP server with a form for uploading a file, whose streams it lists. `probe_upload.ts [PORT]`,
 * or `curl -F file=@video.mkv http://localhost:8000`. Needs --allow-ffi --allow-net.
 */
import { AVError, type MediaInfo, probe } from "@avio/avio";

const MAX_BYTES = 100_000_000;

const form = `<!doctype html><form method="post" enctype="multipart/form-data">
<input type="file" name="file"><button>What is it?</button></form>`;

function linesOf({ format, duration, streams }: MediaInfo): string {
  const lines = streams.map(({ index, type, codecParameters: { codec, width, height, sampleRate } }) =>
    `${index}: ${type} ${codec}` + (width ? ` ${width}x${height}` : "") +
    (sampleRate ? ` ${sampleRate} Hz` : "")
  );
  return [`${format.longName}, ${duration?.toFixed(1) ?? "?"} s`, ...lines, ""].join("\n");
}

async function answer(request: Request): Promise<Response> {
  if (request.method !== "POST") return new Response(form, { headers: { "content-type": "text/html" } });
  const length = Number(request.headers.get("content-length") ?? Infinity);
  if (length > MAX_BYTES) return new Response("Too large\n", { status: 413 });
  const file = (await request.formData()).get("file");
  if (!(file instanceof File)) return new Response("Send a file\n", { status: 400 });
  try {
    return new Response(linesOf(await probe(file, { signal: AbortSignal.timeout(10_000) })));
  } catch (error) {
    if (!(error instanceof AVError)) throw error;
    return new Response(`${error.message}\n`, { status: 422 });
  }
}

Deno.serve({ port: Number(Deno.args[0] ?? 8000) }, answer);
