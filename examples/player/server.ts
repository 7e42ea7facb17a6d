/**
 * A player for a folder of films in any container: `server.ts FOLDER [PORT]`, then open http://localhost:8000/. Films are
 * remuxed to mp4 or WebM while they are sent, never decoded; uploads are stored in the folder.
 * Needs --allow-ffi --allow-net --allow-read --allow-write=FOLDER.
 */
import {
  AVError,
  decoderConfig,
  Demuxer,
  type MediaInfo,
  mimeType,
  probe,
  remux,
  type Stream,
  streamingOptions,
  tagsOf,
  withinDirectory,
} from "@avio/avio";

const [folder = ".", port = "8000"] = Deno.args;
const within = withinDirectory(folder, { write: true });
const page = await Deno.readFile(new URL("index.html", import.meta.url));

/** The path of a file in the folder that a request names; throws if it is outside. */
async function pathOf(name: string, mode: "read" | "write" = "read"): Promise<string> {
  const path = await within({ url: decodeURIComponent(name), mode });
  if (typeof path === "string") return path;
  throw new Deno.errors.NotFound(name);
}

type Described = Omit<Stream, "discard">;

const isCover = ({ disposition }: Described) => disposition.includes("attached_pic");

/** The streams to play: the first video, and the chosen audio or the first. */
function played({ streams }: MediaInfo, audio: number | null): Described[] {
  const video = streams.find((stream) => stream.type === "video" && !isCover(stream));
  const sound = streams.find(({ index }) => index === audio) ?? streams.find(({ type }) => type === "audio");
  return [video, sound].filter((stream) => stream !== undefined);
}

/** mp4, or WebM for codecs that only WebM can hold. */
function containerOf(streams: readonly Described[]): "webm" | "mp4" {
  const isWebm = streams.some(({ codecParameters: { codec } }) => codec === "vp8" || codec === "vorbis");
  return isWebm ? "webm" : "mp4";
}

/** The description of a film for the page. */
function description(name: string, info: MediaInfo) {
  const { duration, size, tags, covers, chapters, streams } = info;
  const chosen = played(info, null);
  return {
    name,
    duration,
    size,
    tags,
    chapters: chapters.map((chapter) => ({ start: chapter.start, title: tagsOf(chapter).title ?? "" })),
    cover: covers[0] ? `data:${covers[0].mimeType};base64,${covers[0].data.toBase64()}` : null,
    type: mimeType({ ...info, streams: chosen }, { format: containerOf(chosen) }),
    streams: streams.filter((stream) => !isCover(stream)).map((stream) => ({
      index: stream.index,
      type: stream.type,
      codec: stream.codecParameters.codec,
      language: tagsOf(stream).language ?? "",
      title: tagsOf(stream).title ?? "",
      width: stream.codecParameters.width,
      height: stream.codecParameters.height,
    })),
  };
}

/** All films of the folder; files that are not media are left out. */
async function films(): Promise<Response> {
  const found = [];
  for await (const { name, isFile } of Deno.readDir(folder)) {
    if (!isFile) continue;
    try {
      const info = await probe(await pathOf(name), { signal: AbortSignal.timeout(10_000) });
      if (info.duration) found.push(description(name, info));
    } catch {
      // Not media.
    }
  }
  return Response.json(found.toSorted((a, b) => a.name < b.name ? -1 : 1));
}

/** The film from the last key frame at or before a time on, or a part of it as a download. */
async function film(name: string, query: URLSearchParams, isDownload: boolean): Promise<Response> {
  const path = await pathOf(name);
  const info = await probe(path);
  const chosen = played(info, query.has("audio") ? Number(query.get("audio")) : null);
  const format = containerOf(chosen);
  const { readable, writable } = new TransformStream<Uint8Array<ArrayBuffer>>();
  remux(path, writable, {
    format,
    start: Number(query.get("t") ?? 0),
    end: Number(query.get("end") ?? Infinity),
    streams: chosen.map(({ index }) => index),
    options: streamingOptions(format),
  }).catch((error) => console.error(`${name}: ${error.message}`));
  const headers = new Headers({ "content-type": mimeType({ ...info, streams: chosen }, { format })! });
  if (isDownload) {
    const base = decodeURIComponent(name).replace(/\.[^.]*$/, "").replaceAll(/[^\w. -]/g, "_");
    headers.set("content-disposition", `attachment; filename="${base}-cut.${format}"`);
  }
  return new Response(readable, { headers });
}

/** The key frame at which playback from a time begins: its time, and the picture for WebCodecs. */
async function frame(name: string, time: number): Promise<Response> {
  await using demuxer = await Demuxer.open(await pathOf(name));
  const video = demuxer.bestStream("video");
  const packet = await demuxer.getKeyPacket(time);
  const config = video && decoderConfig(video);
  return Response.json({
    start: packet?.time ?? 0,
    config: config && { ...config, description: config.description?.toBase64() },
    chunk: packet && { ...packet.toEncodedChunkInit(), data: packet.data.toBase64() },
  });
}

const clock = (seconds: number) => new Date(Math.max(0, seconds) * 1000).toISOString().slice(11, 23);

/** Subtitles as WebVTT, with times relative to `start`. */
async function subtitles(name: string, index: number, start: number): Promise<Response> {
  await using demuxer = await Demuxer.open(await pathOf(name));
  const stream = demuxer.streams[index];
  if (stream?.type !== "subtitle") throw new Deno.errors.NotFound(name);
  const isCounted = stream.codecParameters.codec === "mov_text"; // the text begins with its length in two bytes
  const cues = ["WEBVTT"];
  for await (const { time, duration, timeBase, data } of demuxer.packets({ streams: [stream] })) {
    const text = new TextDecoder().decode(isCounted ? data.subarray(2) : data).trim();
    const end = (time ?? 0) + duration * timeBase.num / timeBase.den;
    if (text && time !== null && end > start) {
      cues.push(`${clock(time - start)} --> ${clock(end - start)}\n${text.replace(/\n{2,}/g, "\n")}`);
    }
  }
  return new Response(cues.join("\n\n"), { headers: { "content-type": "text/vtt" } });
}

async function upload(name: string, request: Request): Promise<Response> {
  const path = await pathOf(name, "write");
  const file = await Deno.open(path, { write: true, createNew: true });
  try {
    await request.body?.pipeTo(file.writable);
    return Response.json(description(name, await probe(path)));
  } catch (error) {
    await Deno.remove(path); // not media, or incomplete
    throw error;
  }
}

async function answer(request: Request): Promise<Response> {
  const { pathname, searchParams } = new URL(request.url);
  const [, route, name = ""] = pathname.split("/") as [string, string, string?];
  const time = Number(searchParams.get("t") ?? 0);
  switch (route) {
    case "":
      return new Response(page, { headers: { "content-type": "text/html; charset=utf-8" } });
    case "films":
      return await films();
    case "film":
      return await film(name, searchParams, false);
    case "cut":
      return await film(name, searchParams, true);
    case "frame":
      return await frame(name, time);
    case "subtitles":
      return await subtitles(name, Number(searchParams.get("stream")), time);
    case "look":
      return Response.json(description("", await probe(await request.bytes())));
    case "upload":
      return await upload(name, request);
  }
  return new Response("Not found\n", { status: 404 });
}

Deno.serve({ port: Number(port), hostname: "localhost" }, async (request) => {
  try {
    return await answer(request);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return new Response("Not found\n", { status: 404 });
    if (error instanceof Deno.errors.AlreadyExists) {
      return new Response("The file exists already\n", { status: 409 });
    }
    if (error instanceof AVError) return new Response(`${error.message}\n`, { status: 422 });
    throw error;
  }
});
