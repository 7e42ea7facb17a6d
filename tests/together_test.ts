/**
 * Formats that hold one stream of each kind, or one in all: a remux keeps the best, and leaves the others out with a warning;
 * for merge, which is given each of them, it is an error.
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  codecs,
  Demuxer,
  fromMap,
  MemorySink,
  mergeSync,
  Muxer,
  outputFormats,
  Packet,
  remuxSync,
  type Stream,
} from "@avio/avio";
import { fixturePath } from "./support/fixtures.ts";
import { libavformat } from "./support/versions.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** What the ffmpeg command writes. */
function ffmpeg(line: string): Bytes {
  const args = `-v error -nostdin ${line}`.split(" ");
  const { success, stdout, stderr } = new Deno.Command("ffmpeg", { args }).outputSync();
  assert(success, new TextDecoder().decode(stderr));
  return stdout as Bytes;
}

const TONES =
  "-f lavfi -i sine=duration=1:sample_rate=48000 -f lavfi -i sine=duration=1:sample_rate=48000 -map 0 -map 1";
const PICTURES = "-f lavfi -i testsrc=size=720x576:rate=25:duration=0.2 -map 0:v -map 0:v";

/** Two streams, of which the second is the default one. */
const pairs: Record<string, string> = {
  pcm_s16le: `${TONES} -c:a pcm_s16le`,
  pcm_s16be: `${TONES} -c:a pcm_s16be`,
  pcm_u8: `${TONES} -c:a pcm_u8`,
  flac: `${TONES} -c:a flac`,
  aac: `${TONES} -c:a aac`,
  mp3: `${TONES} -c:a libmp3lame -ar 44100`,
  ac3: `${TONES} -c:a ac3`,
  tta: `${TONES} -c:a tta`,
  wavpack: `${TONES} -c:a wavpack`,
  dvvideo: `${PICTURES} -c:v dvvideo -pix_fmt yuv420p`,
  h264: `${PICTURES} -c:v libx264`,
  vp9: `${PICTURES} -c:v libvpx-vp9 -deadline realtime`,
  gif: `${PICTURES} -c:v gif`,
  ffv1: `${PICTURES} -c:v ffv1`,
  mjpeg: `${PICTURES} -c:v mjpeg`,
};

function sourceOf(codec: string): Bytes {
  const kind = pairs[codec]!.includes("-c:a") ? "a" : "v";
  return ffmpeg(`${pairs[codec]} -disposition:${kind}:0 0 -disposition:${kind}:1 default -f matroska -`);
}

/** Whether a format's muxer takes a header with one of the streams, or with both. */
function takes(streams: Stream[], format: string): boolean {
  try {
    using muxer = Muxer.openSync(new MemorySink(), { format, onopen: () => new MemorySink() });
    for (const each of streams) muxer.addStream(each);
    muxer.startSync();
    return true;
  } catch {
    return false;
  }
}

/** These ask for more than a header: files of a format not known yet, IDs of streams, names of files, decoded frames. */
const OTHERS =
  /^(segment|stream_segment,ssegment|iamf|uncodedframecrc|webm_chunk|tee|fifo|image2|rtp|rtp_mpegts|rtsp|sap)$/;

for (const codec of Object.keys(pairs)) {
  Deno.test(`Formats that take one stream of ${codec}, but not two, get the better one`, () => {
    const source = sourceOf(codec);
    using demuxer = Demuxer.openSync(source);
    const [first, second] = demuxer.streams;
    const seen: string[] = [];
    for (const { name } of outputFormats()) {
      if (OTHERS.test(name) || !takes([second!], name)) continue;
      const isOne = !takes([first!, second!], name);
      try {
        const result = remuxSync(source, new MemorySink(), { format: name, onopen: () => new MemorySink() });
        if (!isOne) continue;
        seen.push(name);
        assertEquals(result.skippedStreams, [0], name);
        assertEquals(
          result.warnings.filter(({ kind, stream }) => kind === "skipped" && stream === 0).length,
          1,
          name,
        );
      } catch (error) {
        const text = String(error);
        const isOther = /can't hold|none is left|Operation not permitted|Wrong AAC/.test(text);
        assert(isOther || !/more than one|only one|exactly one|one stream/.test(text), `${name}: ${text}`);
      }
    }
    if (/pcm|flac|aac|mp3|ac3|tta|wavpack|gif|vp9/.test(codec)) {
      assert(seen.length > 0, "a format that takes one");
    }
  });
}

Deno.test("A selection of two streams is still an error in a format that takes one", () => {
  const source = sourceOf("flac");
  let message = "";
  try {
    remuxSync(source, new MemorySink(), { format: "flac", streams: () => true });
  } catch (error) {
    message = String(error);
  }
  assert(message.includes("flac"), message);
  const { skippedStreams } = remuxSync(source, new MemorySink(), { format: "matroska" });
  assertEquals(skippedStreams, []);
});

Deno.test("The packets of the better stream are written", () => {
  const source = sourceOf("pcm_s16le");
  using demuxer = Demuxer.openSync(source);
  const wanted = [...demuxer.packetsSync()].filter(({ streamIndex }) => streamIndex === 1);
  const sink = new MemorySink();
  const { warnings } = remuxSync(source, sink, { format: "wav" });
  assert(
    warnings.some(({ message }) => message.includes("wav can't hold it together with the others")),
    String(warnings[0]?.message),
  );
  using written = Demuxer.openSync(sink.bytes().slice());
  const size = (packets: Iterable<Packet>) => [...packets].reduce((sum, { data }) => sum + data.length, 0);
  assertEquals(size(written.packetsSync()), size(wanted));
});

/** Two streams that are described by little more than the name of their codec. */
function undescribed(codec: string): Bytes {
  const sink = new MemorySink();
  const timeBase = { num: 1, den: 1000 };
  const muxer = Muxer.openSync(sink, { format: "nut" });
  const { type } = codecs().find(({ name }) => name === codec)!;
  const audio = { type: "audio", codec, sampleRate: 48000, channels: 2 } as const;
  const stream = type === "audio" ? audio : { type: "video", codec, width: 64, height: 48 } as const;
  for (const _ of [0, 1]) muxer.addStream(stream, { timeBase });
  const data = new Uint8Array(64).fill(1);
  for (const streamIndex of [0, 1]) {
    muxer.writeSync(new Packet({ streamIndex, data, pts: 0, dts: 0, duration: 20, timeBase, isKey: true }));
  }
  muxer.finishSync();
  return sink.bytes().slice();
}

Deno.test("No format's header of two streams that are not described ends the process", () => {
  let count = 0;
  for (const { name } of codecs().filter(({ type }) => type === "audio")) {
    let source: Bytes;
    try {
      source = undescribed(name);
    } catch {
      continue; // not in nut
    }
    count++;
    for (const format of ["flv", "mp4", "matroska", "mxf", "mpegts", "asf", "ogg", "caf", "wav", "avi"]) {
      try {
        remuxSync(source, new MemorySink(), { format });
      } catch (error) {
        assert(error instanceof Error && !/[Aa]ssertion/.test(error.message), `${name}, ${format}: ${error}`);
      }
    }
  }
  assert(count > 50);
});

Deno.test("flv says that it needs the extradata of FLAC and Opus, without which its muxer ends the process", {
  ignore: libavformat < 61, // it holds neither
}, () => {
  for (const codec of ["flac", "opus"]) {
    using muxer = Muxer.openSync(new MemorySink(), { format: "flv" });
    muxer.addStream({ type: "audio", codec, sampleRate: 48000, channels: 2 });
    assertThrows(() => muxer.startSync(), Error, `${codec} needs its extradata`);
  }
});

Deno.test("vc1test with two streams says that it needs extradata, which its muxer does not look at", () => {
  const remuxing = () => remuxSync(undescribed("wmv3"), new MemorySink(), { format: "vc1test" });
  assertThrows(remuxing, Error, "vc1test needs extradata");
});

for (
  const [codec, formats] of [["pcm_s16le", ["wav"]], ["flac", ["flac"]], ["aac", ["adts"]]] as const
) {
  Deno.test(`merge: two streams of ${codec} in a format that holds one are an error before anything is written`, () => {
    const source = sourceOf(codec);
    for (const format of formats) {
      const sink = new MemorySink();
      const merge = (sources: unknown[]) => mergeSync(sources as never, sink, { format });
      const fault = `sources: ${format} can't hold these streams together: `;
      const names = [`stream 0 of sources[0] (audio, ${codec})`, `stream 1 of sources[1] (audio, ${codec})`];
      const error = assertThrows(
        () => merge([{ source, streams: [0] }, { source, streams: [1] }]),
        TypeError,
        fault + names.join(", "),
      );
      assertEquals((error as TypeError & { argument?: unknown }).argument, "sources");
      assertThrows(() => merge([source]), TypeError, fault);
      assertEquals(sink.size, 0);
      assert(merge([{ source, streams: [1] }]).packets > 0);
    }
  });
}

Deno.test("merge: a format that holds one stream of each kind has one of each", {
  ignore: libavformat >= 63, // flv has several
}, () => {
  const [sound, pictures] = [sourceOf("aac"), sourceOf("h264")];
  const sources = [{ source: pictures, streams: [0] }, { source: sound, streams: [0] }];
  const { streams } = mergeSync(sources, new MemorySink(), { format: "flv" });
  assertEquals(streams.map(({ sourceIndex }) => sourceIndex), [0, 1]);
  const more = [...sources, { source: sound, streams: [1] }];
  const fault = "stream 0 of sources[1] (audio, aac), stream 1 of sources[2] (audio, aac)";
  assertThrows(() => mergeSync(more, new MemorySink(), { format: "flv" }), TypeError, fault);
});

Deno.test("Formats that would write several streams as one get the best", () => {
  const source = sourceOf("mjpeg");
  for (const format of ["mpjpeg", "rawvideo", "image2pipe", "image2"]) {
    const files = new Map<string, MemorySink>();
    const sink = new MemorySink();
    const { streams, skippedStreams, warnings } = remuxSync(source, sink, {
      format,
      url: "%d.jpeg",
      onopen: fromMap(files as never),
    });
    assertEquals(streams.map(({ inputIndex, packets }) => [inputIndex, packets]), [[1, 5]], format);
    assertEquals(skippedStreams, [0]);
    assertEquals(warnings.map(({ kind, stream }) => [kind, stream]), [["skipped", 0]]);
    assertEquals(files.size, format === "image2" ? 5 : 0);
  }
  const withText = fixturePath("subtitles.mkv");
  assertEquals(remuxSync(withText, new MemorySink(), { format: "rawvideo" }).streams.length, 1);
  const two = sourceOf("ac3");
  assertEquals(remuxSync(two, new MemorySink(), { format: "rm" }).skippedStreams, [0]);
});
