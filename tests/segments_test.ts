/**
 * HLS in fragmented mp4, and DASH, from sources with start codes and ADTS headers (MPEG-TS, avi, raw H.264 and AAC),
 * without naming a bitstream filter.
 */
import { assert, assertEquals } from "@std/assert";
import { Demuxer, fromMap, MemorySink, probeSync, remuxSync, type Source } from "@avio/avio";
import { fixturePath } from "./support/fixtures.ts";
import { filesOf } from "./support/many_files.ts";
import { isEmbedded } from "./support/versions.ts";

/** What a source is made of, by the format that brings it. */
function made(format: string, streams?: number[]): Uint8Array {
  const sink = new MemorySink();
  remuxSync(fixturePath("video.mp4"), sink, { format, ...(streams ? { streams } : {}) });
  return sink.bytes();
}

const sources: Record<string, () => Source> = {
  "MPEG-TS": () => fixturePath("video.ts"),
  "MPEG-TS of its own muxer": () => made("mpegts"),
  avi: () => made("avi"),
  "avi with MPEG-4": () => fixturePath("video.avi"),
  "H.264 in Annex B": () => made("h264", [0]),
  "AAC in ADTS": () => made("adts", [1]),
  mp4: () => fixturePath("video.mp4"),
};

const outputs = {
  "HLS in mp4": {
    format: "hls",
    url: "out.m3u8",
    options: { hls_segment_type: "fmp4", hls_playlist_type: "vod" },
  },
  "HLS in MPEG-TS": { format: "hls", url: "out.m3u8", options: { hls_playlist_type: "vod" } },
  DASH: { format: "dash", url: "out.mpd" },
};

/** Packets of each stream. */
function counts(source: Source, url?: string, files?: Map<string, Uint8Array<ArrayBuffer>>): number[] {
  using demuxer = Demuxer.openSync(source, files ? { url: url!, onopen: fromMap(files) } : {});
  const counts = demuxer.streams.map(() => 0);
  for (const { streamIndex } of demuxer.packetsSync()) counts[streamIndex]!++;
  return counts;
}

for (const [from, source] of Object.entries(sources)) {
  for (const [to, options] of Object.entries(outputs)) {
    const name = `remuxSync() from ${from} to ${to}, without a filter that is named`;
    // The system's libavformat can't read DASH as avio contains it.
    Deno.test({ name, ignore: to === "DASH" && !isEmbedded }, () => {
      const files = filesOf(source(), options);
      const codecs = probeSync(source()).streams.map(({ codecParameters }) => codecParameters.codec);
      const written =
        probeSync(files.get(options.url)!, { url: options.url, onopen: fromMap(files) }).streams;
      assertEquals(written.map(({ codecParameters }) => codecParameters.codec), codecs);
      assertEquals(counts(files.get(options.url)!, options.url, files), counts(source()));
      if (to === "HLS in MPEG-TS") return;
      for (const { codecParameters: { codec, extradata } } of written) {
        if (codec === "h264") assertEquals(extradata?.[0], 1); // avcC
        if (codec === "aac") assert(extradata!.length >= 2 && extradata!.length < 16); // AudioSpecificConfig
      }
    });
  }
}

Deno.test("canHold depends on the segment format of HLS and DASH", () => {
  const held = (name: string, format: string, options: Record<string, string>) => {
    const held: boolean[] = [];
    const streams = (_: unknown, canHold: boolean) => (held.push(canHold), canHold);
    const files = new Map();
    try {
      remuxSync(fixturePath(name), new MemorySink(), {
        format,
        url: "out",
        options,
        streams,
        onopen: fromMap(files),
      });
    } catch {
      // none is left
    }
    return held;
  };
  assertEquals(held("video.webm", "hls", { hls_segment_type: "fmp4" }), [true, true]);
  assertEquals(held("video.webm", "hls", {}), [false, true]); // MPEG-TS has Opus, and no VP8 or VP9
  assertEquals(held("video.webm", "dash", {}), [true, true]);
  assertEquals(held("video.ts", "dash", { dash_segment_type: "webm" }), [false, false]);
});
