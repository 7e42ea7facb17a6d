/**
 * Streams that have no packets in an output whose format does not describe such streams.
 */
import { assertEquals, assertThrows } from "@std/assert";
import {
  concatSync,
  MemorySink,
  merge,
  mergeSync,
  type MuxerOptions,
  probeSync,
  remuxSync,
  split,
  splitSync,
  StrictError,
} from "@avio/avio";
import { fixturePath } from "./support/fixtures.ts";

const VIDEO = fixturePath("video.mp4"); // three seconds, with a key frame in each

/** Its sound begins at second 1.5. */
function film(): Uint8Array {
  const sink = new MemorySink();
  const sources = [{ source: VIDEO, streams: [0] }, { source: VIDEO, streams: [1], delay: 1.5 }];
  mergeSync(sources, sink, { format: "matroska" });
  return sink.bytes();
}

function pieces(format: string, options: MuxerOptions["options"] = {}) {
  const sinks: MemorySink[] = [];
  const onsegment = (index: number) => sinks[index] = new MemorySink();
  const { segments, warnings } = splitSync(film(), { format, every: 1, options, onsegment });
  const skipped = warnings.filter(({ kind }) => kind === "skipped").map((
    { stream, message },
  ) => [stream, message]);
  return { sinks, segments, skipped };
}

const words = (where: string, format: string) =>
  `stream 1: audio (aac) is left out${where}: it has no packets there, and ${format} describes no stream without packets`;

for (const format of ["mp4", "mov", "mpegts"]) {
  Deno.test(`split() to ${format} warns of a stream that a piece does not have`, async () => {
    const { sinks, segments, skipped } = pieces(format);
    assertEquals(segments[0]!.streams[1]!.packets, 0);
    assertEquals(skipped, [[1, words(" of segment 0", format)]]);
    const { skippedStreams, warnings } = concatSync(sinks.map((sink) => sink.bytes()), new MemorySink(), {
      format,
    });
    const rest = format === "mpegts"
      ? ""
      : "sources[1], stream 1: audio (aac) is left out, as the first source has no stream 1";
    assertEquals(
      rest === "" ? skippedStreams : warnings.slice(0, 1).map(({ message }) => message),
      rest === "" ? [1] : [rest],
    );
    const onsegment = () => new MemorySink();
    const later = await split(film(), { format, every: 1, onsegment });
    assertEquals(later.warnings.filter(({ kind }) => kind === "skipped").map(({ message }) => message), [
      words(" of segment 0", format),
    ]);
  });

  Deno.test(`remux() and merge() to ${format} warn of a stream that the output does not have`, async () => {
    const { warnings, streams } = remuxSync(film(), new MemorySink(), { format, end: 1 });
    assertEquals(streams[1]!.packets, 0);
    assertEquals(warnings.map(({ kind, message }) => [kind, message]), [["skipped", words("", format)]]);
    const merged = await merge([film()], new MemorySink(), { format, end: 1 });
    assertEquals(merged.warnings.map(({ message }) => message), [words("", format)]);
    assertThrows(() => remuxSync(film(), new MemorySink(), { format, end: 1, strict: true }), StrictError);
  });
}

const fragmented = { movflags: "frag_keyframe+empty_moov" };
for (const [format, options] of [["matroska", {}], ["mp4", fragmented]] as const) {
  Deno.test(`split() to ${options === fragmented ? "fragmented " : ""}${format}: a piece has streams without packets, and joined pieces all of them`, () => {
    const { sinks, skipped } = pieces(format, options);
    assertEquals(skipped, []);
    assertEquals(sinks.map((sink) => probeSync(sink.bytes()).streams.length), sinks.map(() => 2));
    const whole = remuxSync(film(), new MemorySink(), { format: "matroska" });
    const joined = concatSync(sinks.map((sink) => sink.bytes()), new MemorySink(), { format: "matroska" });
    assertEquals(joined.streams.map(({ packets }) => packets), whole.streams.map(({ packets }) => packets));
  });
}
