/**
 * Serves a film from any container as HLS. Each segment is made when a player requests it: nothing is written to disk, and a
 * seek costs one segment. `hls_on_demand.ts FILE [PORT [SECONDS]]`, then open http://localhost:8000/index.m3u8 in a player.
 * Needs --allow-ffi --allow-net --allow-read=FILE. For codecs that MPEG-TS can hold, such as H.264 and AAC.
 */
import { keyFrames, MemorySink, probe, remux } from "@avio/avio";

/** `length`: minimum seconds of a segment, which ends at a key frame. */
const [file = "fixtures/video.mp4", port = "8000", length = "4"] = Deno.args;

/** Times of the key frames at which segments begin, and the end of the film. */
async function boundaries(): Promise<number[]> {
  const { duration } = await probe(file);
  const begins: number[] = [0];
  for (const time of await keyFrames(file)) {
    if (time >= begins.at(-1)! + Number(length)) begins.push(time);
  }
  return [...begins, duration ?? begins.at(-1)! + Number(length)];
}

function playlist(times: readonly number[]): string {
  const lengths = times.slice(1).map((time, index) => time - times[index]!);
  return [
    "#EXTM3U",
    "#EXT-X-VERSION:3",
    "#EXT-X-PLAYLIST-TYPE:VOD",
    `#EXT-X-TARGETDURATION:${Math.ceil(Math.max(...lengths))}`,
    ...lengths.flatMap((length, index) => [`#EXTINF:${length.toFixed(6)},`, `${index}.ts`]),
    "#EXT-X-ENDLIST",
    "",
  ].join("\n");
}

/** A segment with the film's own times, so that it continues the previous one. */
async function segment(start: number, end: number, isLast: boolean): Promise<Uint8Array<ArrayBuffer>> {
  const sink = new MemorySink();
  await remux(file, sink, {
    format: "mpegts",
    start,
    ...(isLast ? {} : { end }),
    timestamps: "keep",
    // Each segment counts its TS packets from 0: without this flag players would report lost packets.
    options: { mpegts_flags: "initial_discontinuity" },
    streams: ({ type }, canHold) => canHold && (type === "video" || type === "audio"),
  });
  return sink.bytes();
}

const times = await boundaries();

Deno.serve({ port: Number(port) }, async (request) => {
  const headers = { "access-control-allow-origin": "*" };
  const { pathname } = new URL(request.url);
  if (pathname === "/index.m3u8") {
    return new Response(playlist(times), {
      headers: { ...headers, "content-type": "application/vnd.apple.mpegurl" },
    });
  }
  const index = Number(/^\/(\d+)\.ts$/.exec(pathname)?.[1]);
  const [start, end] = times.slice(index, index + 2);
  if (start === undefined || end === undefined) return new Response("Not found\n", { status: 404, headers });
  const bytes = await segment(start, end, index === times.length - 2);
  return new Response(bytes, { headers: { ...headers, "content-type": "video/mp2t" } });
});
