/**
 * The server of browser_test.ts, written as users of avio would write it: films remuxed on the fly, HLS, packets for WebCodecs,
 * recordings over a WebSocket.
 */
import {
  codecParametersOf,
  decoderConfig,
  Demuxer,
  type EncodedChunk,
  type EncoderReport,
  mimeType,
  Muxer,
  Packet,
  probe,
  remux,
  streamingOptions,
} from "@avio/avio";
import { hlsScript } from "./browser.ts";
import { fixturePath } from "./fixtures.ts";

/** Complete files, by name. */
type Files = Map<string, Uint8Array<ArrayBuffer>>;

/** A sink that becomes one of the files when it is closed. */
function publish(files: Files, name: string, onpublish = () => {}): WritableStream<Uint8Array> {
  const chunks: Uint8Array[] = [];
  return new WritableStream({
    write: (chunk) => void chunks.push(chunk.slice()),
    close() {
      files.set(name, new Uint8Array(chunks.flatMap((chunk) => [...chunk])));
      onpublish();
    },
  });
}

const page = `<!doctype html><title>avio</title><script src="/hls.js"></script><body>
<script type="module" src="/page.js"></script>`;

const types: Record<string, string> = {
  m3u8: "application/vnd.apple.mpegurl",
  m4s: "video/mp4",
  mp4: "video/mp4",
  ts: "video/mp2t",
};

/** The server, and what tests check of it. */
export interface BrowserServer extends AsyncDisposable {
  /** Begins with "http://", without a slash at the end. */
  origin: string;
  /** The recorded files. */
  recorded: Files;
  /** Errors that occurred. */
  errors: unknown[];
}

/** Starts the server. */
export function serveBrowser(made: ReadonlyMap<string, Uint8Array<ArrayBuffer>> = new Map()): BrowserServer {
  const recorded: Files = new Map();
  const errors: unknown[] = [];
  const source = (name: string) => made.get(name) ?? fixturePath(name);

  /** A film from about this time on, sent while it is remuxed. */
  async function film(name: string, start: number, timestamps: "zero" | "keep"): Promise<Response> {
    const type = mimeType({ ...await probe(source(name)), format: { name: "mp4", mimeTypes: [] } })!;
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const options = streamingOptions("mp4");
    remux(source(name), writable, { format: "mp4", start, timestamps, options }).catch((error) =>
      errors.push(error)
    );
    return new Response(readable as ReadableStream<Uint8Array<ArrayBuffer>>, {
      headers: { "content-type": type },
    });
  }

  const playlists = new Map<string, Files>();

  /** A playlist and its segments, made at the first request. */
  async function hls(name: string, segments: string, file: string): Promise<Response> {
    const key = `${name}/${segments}`;
    const files = playlists.get(key) ?? new Map();
    if (!playlists.has(key)) {
      playlists.set(key, files);
      await remux(source(name), publish(files, "index.m3u8"), {
        format: "hls",
        url: "index.m3u8",
        onopen: ({ url, mode }) => mode === "write" ? publish(files, url) : null,
        options: { hls_time: 1, hls_playlist_type: "vod", hls_segment_type: segments },
      });
    }
    return respond(files, file);
  }

  function respond(files: Files, name: string): Response {
    const bytes = files.get(name);
    if (!bytes) return new Response("Not found", { status: 404 });
    const headers = { "content-type": types[name.split(".").at(-1)!] ?? "application/octet-stream" };
    return new Response(bytes, { headers });
  }

  /** A stream's configuration, and its packets as chunks. */
  async function packets(name: string, type: "video" | "audio"): Promise<Response> {
    await using demuxer = await Demuxer.open(source(name));
    const stream = demuxer.bestStream(type)!;
    const config = decoderConfig(stream)!;
    const chunks = [];
    for await (const packet of demuxer) {
      if (packet.streamIndex !== stream.index) continue;
      const init = packet.toEncodedChunkInit();
      chunks.push({ ...init, data: init.data.toBase64() });
    }
    return Response.json({ config: { ...config, description: config.description?.toBase64() }, chunks });
  }

  function recording(request: Request): Response {
    const { socket, response } = Deno.upgradeWebSocket(request);
    const recorder = new Recorder(recorded, (word) => socket.send(word));
    // One after the other: handlers of WebSocket messages do not wait for each other.
    let line = Promise.resolve();
    socket.onmessage = ({ data }) => {
      line = line.then(() => recorder.take(JSON.parse(data))).catch((error) => void errors.push(error));
    };
    return response;
  }

  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    const { pathname, searchParams } = new URL(request.url);
    const [, route = "", ...rest] = pathname.split("/");
    const number = (name: string) => Number(searchParams.get(name) ?? 0);
    switch (route) {
      case "":
        return new Response(page, { headers: { "content-type": "text/html" } });
      case "page.js":
        return new Response(Deno.readTextFileSync(new URL("browser_page.js", import.meta.url)), {
          headers: { "content-type": "text/javascript" },
        });
      case "hls.js":
        return new Response(hlsScript(), { headers: { "content-type": "text/javascript" } });
      case "film":
        return await film(rest[0]!, number("t"), searchParams.has("keep") ? "keep" : "zero");
      case "hls":
        return await hls(rest[0]!, rest[1]!, rest[2]!);
      case "packets":
        return await packets(rest[0]!, rest[1] as "video" | "audio");
      case "record":
        return recording(request);
      case "recorded":
        return respond(recorded, rest[0]!);
    }
    return new Response("Not found", { status: 404 });
  });
  return {
    origin: `http://127.0.0.1:${server.addr.port}`,
    recorded,
    errors,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** The messages of a browser. */
type Message =
  | { kind: "video" | "audio"; config: EncoderReport & { description?: string } }
  | { kind: "video" | "audio"; chunk: EncodedChunk & { data: string } }
  | { kind: "end" };

/** Writes the received chunks as mp4 and HLS: both begin when both streams are known. */
class Recorder {
  #files: Files;
  #answer: (word: string) => void;
  #configs = new Map<string, EncoderReport>();
  #muxers: Muxer[] = [];
  #early: Packet[] = [];
  #segments = 0;

  constructor(files: Files, answer: (word: string) => void) {
    this.#files = files;
    this.#answer = answer;
  }

  async take(message: Message): Promise<void> {
    if (message.kind === "end") return await this.#end();
    if ("config" in message) {
      const { description, ...config } = message.config;
      this.#configs.set(message.kind, {
        ...config,
        ...(description ? { description: Uint8Array.fromBase64(description) } : {}),
      });
      if (this.#configs.size === 2) await this.#start();
      return;
    }
    const chunk = { ...message.chunk, data: Uint8Array.fromBase64(message.chunk.data) };
    const packet = Packet.fromEncodedChunk(chunk, { streamIndex: message.kind === "video" ? 0 : 1 });
    if (this.#muxers.length === 0) this.#early.push(packet);
    for (const muxer of this.#muxers) await muxer.write(packet);
  }

  async #start(): Promise<void> {
    const countSegment = () => {
      if (++this.#segments === 2) this.#answer("ready");
    };
    this.#muxers = [
      await Muxer.open(publish(this.#files, "film.mp4"), {
        format: "mp4",
        options: streamingOptions("mp4"),
      }),
      await Muxer.open(publish(this.#files, "index.m3u8", countSegment), {
        format: "hls",
        url: "index.m3u8",
        onopen: ({ url, mode }) =>
          mode === "write"
            ? publish(this.#files, url, url.endsWith(".m3u8") ? countSegment : undefined)
            : null,
        options: { hls_time: 1, hls_segment_type: "fmp4", hls_playlist_type: "event" },
      }),
    ];
    for (const muxer of this.#muxers) {
      for (const kind of ["video", "audio"]) muxer.addStream(codecParametersOf(this.#configs.get(kind)!));
      for (const packet of this.#early) await muxer.write(packet);
    }
  }

  async #end(): Promise<void> {
    for (const muxer of this.#muxers) await muxer.finish();
    this.#answer("done");
  }
}
