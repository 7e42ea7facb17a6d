/**
 * Image sequences, segments, chunks, concat scripts, and muxers that reread their own output, with both engines; the
 * packets must be those of the original. Concat scripts and sequences are read only by the embedded FFmpeg.
 */
import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import {
  AVError,
  Demuxer,
  fromMap,
  type MapFile,
  MemorySink,
  Muxer,
  type OpenCallback,
  remux,
  type RemuxOptions,
  remuxSync,
  type Sink,
  withinDirectory,
} from "@avio/avio";
import { readRows, rejectionOf, soon, WatchedSink } from "./support/async.ts";
import { Collector, readerOf } from "./support/devices.ts";
import { ffprobeInfo } from "./support/ffprobe.ts";
import { fixtureBytes, fixturePath } from "./support/fixtures.ts";
import {
  assertNoPrefix,
  assertProbed,
  assertReads,
  bytesOf,
  contents,
  filesOf,
  hashes,
  inFolder,
  mp4Hashes,
  openFiles,
  recording,
  textOf,
  tsHashes,
  tsSegments,
} from "./support/many_files.ts";
import { md5, rowsOf } from "./support/packets.ts";
import { isEmbedded } from "./support/versions.ts";

const VIDEO = fixturePath("video.mp4");
const PICTURES = ["image.png", "image.png", "image.png"].map((name) => fixtureBytes(name));

// ------------------------------------------------------------------------------------------- sequences of images

/** The pictures by the names f001.png to f003.png. */
const frames = () => new Map(PICTURES.map((bytes, i) => [`f00${i + 1}.png`, bytes] as const));

Deno.test("image2 in: a sequence", { ignore: !isEmbedded }, async () => {
  const expected = [PICTURES.map((bytes) => md5(bytes))];
  const { asked, onopen } = recording(fromMap(frames()));
  await assertReads(() => "f%03d.png", () => ({ format: "image2", onopen }), expected);
  assert(asked.every(({ mode }) => mode === "read"));
  using demuxer = Demuxer.openSync("f%03d.png", {
    format: "image2",
    onopen: fromMap(frames()),
    options: { framerate: 5 },
  });
  assertEquals([...demuxer.packetsSync()].map(({ time }) => time), [0, 0.2, 0.4]);
});

Deno.test("image2 in: a sequence of files, which begins at a number", { ignore: !isEmbedded }, async () => {
  const files = PICTURES.map((bytes, i) => [`pictures/${i + 40}.png`, bytes] as const);
  await inFolder(files, async (folder) => {
    const options = () => ({
      format: "image2",
      onopen: withinDirectory(folder),
      options: { start_number: 40 },
    });
    await assertReads(() => `${folder}/pictures/%d.png`, options, [PICTURES.map((bytes) => md5(bytes))]);
    const wrong = { ...options(), options: { start_number: 1 } };
    assertThrows(() => Demuxer.openSync(`${folder}/pictures/%d.png`, wrong), AVError);
  });
});

Deno.test("image2 in: patterns that search folders are refused", () => {
  const onopen = fromMap(frames());
  for (const pattern_type of ["glob", "glob_sequence"]) {
    const options = { format: "image2", onopen, options: { pattern_type } };
    assertThrows(() => Demuxer.openSync("f%03d.png", options), AVError);
  }
  assertThrows(() => Demuxer.openSync("f%03d.png", { format: "image2" }), AVError);
});

Deno.test("image2 in: a sequence needs the embedded FFmpeg", { ignore: isEmbedded }, async () => {
  const options = { format: "image2", onopen: fromMap(frames()) };
  assertThrows(() => Demuxer.openSync("f%03d.png", options), AVError, "embedded");
  await assertRejects(() => Demuxer.open("f%03d.png", options), AVError, "embedded");
});

Deno.test("image2 in: what onopen throws is thrown", { ignore: !isEmbedded }, async () => {
  const thrown = new Error("mine");
  for (const at of [0, 1, 3, 5, 6]) {
    let calls = 0;
    const map = fromMap(frames());
    const onopen: OpenCallback = (request) => {
      if (calls++ === at) throw thrown;
      return map(request);
    };
    const options = { format: "image2", onopen };
    assertStrictEquals(assertThrows(() => rowsOf("f%03d.png", options)), thrown);
    calls = 0;
    assertStrictEquals(await rejectionOf(readRows("f%03d.png", options)), thrown);
  }
});

Deno.test("image2 out: a file for each packet", async () => {
  using demuxer = Demuxer.openSync(fixtureBytes("image.png"));
  const { streams } = demuxer;
  const [packet] = [...demuxer.packetsSync()];
  for (const isAsync of [false, true]) {
    const files = new Map<string, MapFile>();
    const options = { format: "image2", url: "out/f%02d.png", onopen: fromMap(files) };
    await using muxer = isAsync
      ? await Muxer.open(new MemorySink(), options)
      : Muxer.openSync(new MemorySink(), options);
    muxer.addStream(streams[0]!);
    for (let i = 0; i < 3; i++) {
      const next = { ...packet!, pts: i, dts: i };
      if (isAsync) await muxer.write(next);
      else muxer.writeSync(next);
    }
    if (isAsync) await muxer.finish();
    else muxer.finishSync();
    assertEquals([...files.keys()], ["out/f01.png", "out/f02.png", "out/f03.png"]);
    for (const bytes of contents(files).values()) assertEquals(md5(bytes), md5(packet!.data));
  }
});

Deno.test("image2 out: one picture with `update` is the sink itself", () => {
  const sink = new MemorySink();
  remuxSync(fixtureBytes("image.png"), sink, { format: "image2", url: "a.png", options: { update: 1 } });
  assertEquals(
    md5(sink.bytes()),
    md5(rowsOf(fixtureBytes("image.png")).length === 1 ? fixtureBytes("image.png") : bytesOf("")),
  );
});

// ------------------------------------------------------------------------------------------- segments

const SEGMENTS = ["s/0.ts", "s/1.ts", "s/2.ts"];
const segments = (format: string, list: string): RemuxOptions & { url: string } => ({
  format,
  url: "s/%d.ts",
  options: { segment_time: 1, segment_list: list, segment_format: "mpegts" },
});

for (const format of ["segment", "stream_segment"]) {
  for (const list of ["s/list.m3u8", "s/list.csv", "s/list.ffconcat", "s/list.txt"]) {
    Deno.test(`${format} out: with ${list}`, async () => {
      const files = filesOf(VIDEO, segments(format, list));
      assertEquals([...files.keys()].toSorted(), [...SEGMENTS, list].toSorted());
      assertNoPrefix(files);
      const later = new Map<string, MapFile>();
      await remux(VIDEO, new MemorySink(), { ...segments(format, list), onopen: fromMap(later) });
      assertEquals(contents(later).get(list), files.get(list));
      const parts = await new Blob(SEGMENTS.map((name) => files.get(name)!)).bytes();
      assertEquals(hashes(rowsOf(parts)), tsHashes());
      if (list.endsWith(".m3u8")) {
        assertEquals(hashes(rowsOf(files.get(list)!, { url: list, onopen: fromMap(files) })), tsHashes());
        await assertProbed(files, list, tsHashes());
      } else if (list.endsWith(".ffconcat") && isEmbedded) {
        assertEquals(hashes(rowsOf(files.get(list)!, { url: list, onopen: fromMap(files) })), tsHashes());
      } else {
        assert(SEGMENTS.every((name) => textOf(files.get(list)).includes(name.slice(2))));
      }
    });
  }
}

Deno.test("segment out: mp4, each with its index in front", async () => {
  const options = {
    format: "segment",
    url: "%d.mp4",
    options: { segment_time: 1, segment_format_options: "movflags=+faststart" },
  };
  for (const isAsync of [false, true]) {
    const files = new Map<string, MapFile>();
    const onopen = fromMap(files);
    if (isAsync) await remux(VIDEO, new MemorySink(), { ...options, onopen });
    else remuxSync(VIDEO, new MemorySink(), { ...options, onopen });
    assertEquals([...files.keys()], ["0.mp4", "1.mp4", "2.mp4"]);
    const rows = [...contents(files).values()].flatMap((bytes) => {
      const text = new TextDecoder("latin1").decode(bytes);
      assert(text.indexOf("moov") < text.indexOf("mdat"));
      return rowsOf(bytes);
    });
    assertEquals(hashes(rows), mp4Hashes());
  }
});

Deno.test("segment out: open streams are aborted when the muxer is closed, closed ones are not", async () => {
  const sinks: WatchedSink[] = [];
  const onopen = () => (sinks.push(new WatchedSink()), sinks.at(-1)!.stream);
  await using input = await Demuxer.open(VIDEO);
  const muxer = await Muxer.open(new MemorySink(), { ...segments("segment", "l.csv"), onopen });
  for (const stream of input.streams) muxer.addStream(stream);
  const packets = await Array.fromAsync(input);
  for (const packet of packets.slice(0, 150)) await muxer.write(packet);
  await muxer.flush();
  await soon(muxer[Symbol.asyncDispose]());
  assert(sinks.some(({ aborted }) => aborted.length === 1));
  assert(sinks.some(({ closed }) => closed === 1));
  for (const { closed, aborted, stream } of sinks) {
    assertEquals(closed + aborted.length, 1);
    assert(!stream.locked);
  }
});

Deno.test("segment out: a nested stream that fails ends it with its error, and the others are aborted with that", async () => {
  const thrown = new Error("disk full");
  const sinks: WatchedSink[] = [];
  const onopen: OpenCallback = ({ url }) => {
    sinks.push(
      new WatchedSink(() => {
        if (url === "s/1.ts") throw thrown;
      }),
    );
    return sinks.at(-1)!.stream;
  };
  const failure = await soon(
    rejectionOf(remux(VIDEO, new MemorySink(), { ...segments("segment", "l.csv"), onopen })),
  );
  assertStrictEquals(failure, thrown);
  for (const { aborted } of sinks) assert(aborted.every((reason) => reason === thrown));
  for (const { stream } of sinks) assert(!stream.locked);
});

Deno.test("webm_chunk out: a header and chunks", () => {
  const files = filesOf(fixturePath("video.webm"), {
    format: "webm_chunk",
    url: "v_%d.chk",
    streams: ({ type }) => type === "video",
    options: { header: "v.hdr", chunk_start_index: 1 },
  });
  assertNoPrefix(files);
  assertEquals([...files.keys()].slice(0, 2), ["v.hdr", "v_1.chk"]);
  const size = [...files.values()].reduce((sum, { length }) => sum + length, 0);
  const whole = new Uint8Array(size);
  let at = 0;
  for (const bytes of files.values()) {
    whole.set(bytes, at);
    at += bytes.length;
  }
  const video = rowsOf(fixturePath("video.webm")).filter(({ stream }) => stream === 0);
  assertEquals(hashes(rowsOf(whole)), hashes(video));
});

// ------------------------------------------------------------------------------------------- rereading the output

/** Muxers that reread their output, with a check that the index has moved to the beginning. */
const again: Record<string, { options: RemuxOptions; check: (bytes: Uint8Array) => void }> = {
  "faststart, mp4": {
    options: { format: "mp4", options: { movflags: "+faststart" } },
    check: (bytes) => assert(place(bytes, "moov") < place(bytes, "mdat")),
  },
  "faststart, mov": {
    options: { format: "mov", options: { movflags: "+faststart" } },
    check: (bytes) => assert(place(bytes, "moov") < place(bytes, "mdat")),
  },
  "global sidx, fragmented mp4": {
    options: {
      format: "mp4",
      options: { movflags: "+frag_keyframe+empty_moov+default_base_moof+global_sidx" },
    },
    check: (bytes) => assert(place(bytes, "sidx") < place(bytes, "moof")),
  },
  "keyframe index, flv": {
    options: { format: "flv", options: { flvflags: "+add_keyframe_index" } },
    check: (bytes) => assert(place(bytes, "filepositions") > 0),
  },
  "cues in front, mkv": {
    options: { format: "matroska", options: { cues_to_front: 1 } },
    check: (bytes) => assert(place(bytes, "\x1c\x53\xbb\x6b") < place(bytes, "\x1f\x43\xb6\x75")),
  },
};

function place(bytes: Uint8Array, sign: string): number {
  const at = new TextDecoder("latin1").decode(bytes).indexOf(sign);
  return at < 0 ? Infinity : at;
}

/** Writes with both engines to each kind of sink that can be read again. */
async function* rewritten(options: RemuxOptions): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const bitexact = { ...options, options: { fflags: "+bitexact", ...options.options } };
  const folder = await Deno.makeTempDir({ prefix: "avio-again-" });
  try {
    for (const isAsync of [false, true]) {
      const write = (sink: Sink, more: RemuxOptions = {}) =>
        isAsync
          ? remux(VIDEO, sink, { ...bitexact, ...more })
          : remuxSync(VIDEO, sink, { ...bitexact, ...more });
      const sink = new MemorySink();
      await write(sink);
      yield sink.bytes();
      const path = `${folder}/out-${isAsync}`;
      await write(path);
      yield await Deno.readFile(path);
      using file = Deno.openSync(`${path}.open`, { create: true, read: true, write: true });
      await write(file, { url: `${path}.open`, onopen: () => `${path}.open` });
      yield await Deno.readFile(`${path}.open`);
      const collector = new Collector();
      const { asked, onopen } = recording(() => readerOf(new Uint8Array(collector.bytes())));
      await write(collector, { url: "mine", onopen });
      assert(asked.length > 0 && asked.every(({ url, mode }) => url === "mine" && mode === "read"));
      yield new Uint8Array(collector.bytes());
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

for (const [what, { options, check }] of Object.entries(again)) {
  Deno.test(`rereading its own output: ${what}`, async () => {
    const all: Uint8Array<ArrayBuffer>[] = [];
    for await (const bytes of rewritten(options)) all.push(bytes);
    for (const bytes of all) assertEquals(md5(bytes), md5(all[0]!));
    check(all[0]!);
    assertEquals(hashes(rowsOf(all[0]!)), mp4Hashes());
    await assertProbed(new Map([["file", all[0]!]]), "file", mp4Hashes());
  });

  Deno.test(`rereading its own output: ${what}, callbacks without onopen are refused clearly`, async () => {
    assertThrows(
      () => remuxSync(VIDEO, new Collector(), { ...options, url: "mine" }),
      AVError,
      "refused to open 'mine'",
    );
    const rejected = () => remux(VIDEO, new Collector(), { ...options, url: "mine" });
    await assertRejects(rejected, AVError, "refused to open 'mine'");
  });
}

// ------------------------------------------------------------------------------------------- concat

const script = (...lines: string[]) => bytesOf(["ffconcat version 1.0", ...lines, ""].join("\n"));

Deno.test("concat: needs the embedded FFmpeg", { ignore: isEmbedded }, async () => {
  const onopen = fromMap(tsSegments());
  assertThrows(() => Demuxer.openSync(script("file index0.ts"), { onopen }), AVError, "embedded");
  await assertRejects(() => Demuxer.open(script("file index0.ts"), { onopen }), AVError, "embedded");
  assertThrows(
    () => Demuxer.openSync(bytesOf("file a.ts\n"), { onopen, format: "concat" }),
    AVError,
    "embedded",
  );
});

Deno.test("concat: files one after the other", { ignore: !isEmbedded }, async () => {
  const source = () => script(...[0, 1, 2].map((i) => `file index${i}.ts\nduration 1`));
  await assertReads(source, () => ({ onopen: fromMap(tsSegments()) }), tsHashes());
  using demuxer = Demuxer.openSync(source(), { onopen: fromMap(tsSegments()) });
  assertEquals(demuxer.duration, 3);
});

Deno.test(
  "concat: from a path, in folders, with names that are quoted",
  { ignore: !isEmbedded },
  async () => {
    const files = new Map([
      ["lists/a.ffconcat", script("file 'parts/one part.ts'", "file parts/2.ts", "file parts/3.ts")],
      ["lists/parts/one part.ts", tsSegments().get("index0.ts")!],
      ["lists/parts/2.ts", tsSegments().get("index1.ts")!],
      ["lists/parts/3.ts", tsSegments().get("index2.ts")!],
    ]);
    await inFolder(files, async (folder) => {
      const options = () => ({ onopen: withinDirectory(folder), options: { safe: 0 } }); // blanks are not safe
      await assertReads(() => `${folder}/lists/a.ffconcat`, options, tsHashes());
    });
    const up = { onopen: fromMap(files), url: "lists/b.ffconcat" };
    assertThrows(() => Demuxer.openSync(script("file ../secret.ts"), up), AVError);
  },
);

for (const name of ["audio.ogg", "audio.mp3", "video.mkv"]) {
  const ignore = !isEmbedded || Deno.build.os !== "linux";
  Deno.test(`concat: seeks in ${name} close the files that they open and leave`, { ignore }, async () => {
    const source = script(...Array.from({ length: 4 }, () => `file ${name}\nduration 3`));
    await inFolder(new Map([[name, fixtureBytes(name)]]), (folder) => {
      using demuxer = Demuxer.openSync(source, { onopen: withinDirectory(folder) });
      for (let time = 0; time < 12; time += 0.1) {
        try {
          demuxer.seekSync(time, { backward: false, min: time, max: time + 1e6 });
        } catch {
          // there may be no such place in the last file
        }
      }
      assertEquals(openFiles(folder), 1);
      return Promise.resolve();
    });
  });
}

Deno.test("concat: inpoint, outpoint, duration", { ignore: !isEmbedded }, async () => {
  const source = script("file video.mp4", "inpoint 1", "outpoint 2", "file video.mp4", "inpoint 2");
  const onopen: OpenCallback = () => fixturePath("video.mp4");
  const rows = rowsOf(source, { onopen });
  assertEquals(await readRows(source, { onopen }), rows);
  const [, original] = mp4Hashes();
  const places = hashes(rows)[1]!.map((hash) => original!.indexOf(hash)); // concat converts the video
  assert(places[0]! <= 43 && places[0]! > 35, String(places));
  assert(places.includes(85) && places.at(-1) === 130, String(places));
  assertEquals(places.filter((place, i) => i > 0 && place !== places[i - 1]! + 1).length, 1);
});

Deno.test("concat: seeks", { ignore: !isEmbedded }, () => {
  const source = script(...[0, 1, 2].map((i) => `file index${i}.ts\nduration 1`));
  const { asked, onopen } = recording(fromMap(tsSegments()));
  using demuxer = Demuxer.openSync(source, { onopen });
  asked.length = 0;
  demuxer.seekSync(demuxer.startTime! + 2.1);
  assertEquals(asked.at(-1)?.url, "index2.ts");
  assert([...demuxer.packetsSync()].length < 100);
});

Deno.test("concat: scripts in scripts, and one that names itself", { ignore: !isEmbedded }, async () => {
  const files = new Map([
    ["a.ffconcat", script("file index0.ts", "file index1.ts")],
    ["self.ffconcat", script("file self.ffconcat")],
    ["one.ffconcat", script("file other.ffconcat", "file index0.ts")],
    ["other.ffconcat", script("file one.ffconcat")],
    ...tsSegments(),
  ]);
  const onopen = fromMap(files);
  await assertReads(() => script("file a.ffconcat", "file index2.ts"), () => ({ onopen }), tsHashes());
  for (const name of ["self.ffconcat", "one.ffconcat"]) {
    assertThrows(() => rowsOf(script(`file ${name}`), { onopen }), AVError);
    assert(await soon(rejectionOf(readRows(script(`file ${name}`), { onopen }))) instanceof AVError);
  }
});

Deno.test("concat: protocols can't be allowed from a script", { ignore: !isEmbedded }, () => {
  const { asked, onopen } = recording(fromMap(tsSegments()));
  const source = script("file file:///etc/hostname", "option protocol_whitelist ALL");
  assertThrows(() => Demuxer.openSync(source, { onopen }), AVError);
  assert(asked.every(({ url }) => !url.startsWith("/etc")), JSON.stringify(asked));
});

Deno.test(
  "remux from a concat script to HLS: each side calls its own onopen",
  { ignore: !isEmbedded },
  async () => {
    const files = new Map<string, MapFile>(tsSegments());
    files.delete("index.m3u8");
    const opened = recording(fromMap(tsSegments()));
    const written = recording(fromMap(files));
    const sink = new MemorySink();
    const source = script(...[0, 1, 2].map((i) => `file index${i}.ts`));
    const options = {
      format: "hls",
      url: "out.m3u8",
      options: { hls_time: 1, hls_playlist_type: "vod" },
      onopen: written.onopen,
      input: { onopen: opened.onopen },
    };
    await remux(source, sink, options);
    assertEquals(new Set(opened.asked.map(({ mode }) => mode)), new Set(["read"]));
    assertEquals(new Set(written.asked.map(({ mode }) => mode)), new Set(["write"]));
    await inFolder([...contents(files), ["out.m3u8", sink.bytes()]], (folder) => {
      assertEquals(ffprobeInfo(`${folder}/out.m3u8`).streams.length, 2);
    });
  },
);

Deno.test("concat: a script that names a file of the output is served by its own onopen", {
  ignore: !isEmbedded,
}, async () => {
  for (const isAsync of [false, true]) {
    const files = new Map<string, MapFile>();
    const { asked, onopen } = recording(
      fromMap(new Map([["i.ts", tsSegments().get("index1.ts")!], ...tsSegments()])),
    );
    const options = {
      format: "hls",
      url: "i.m3u8",
      options: { hls_time: 1, hls_playlist_type: "vod", hls_flags: "single_file" },
      onopen: fromMap(files), // which has i.ts open meanwhile
      input: { onopen },
    };
    const source = script("file index0.ts", "file i.ts", "file i.m3u8", "file index2.ts");
    const write = (source: Uint8Array<ArrayBuffer>) =>
      isAsync ? remux(source, new MemorySink(), options) : remuxSync(source, new MemorySink(), options);
    await assertRejects(async () => await write(source), AVError, "refused to open 'i.m3u8'");
    await write(script("file index0.ts", "file i.ts", "file index2.ts"));
    assertEquals(asked.filter(({ url }) => url === "i.ts").length, 2);
    assertEquals(
      hashes(rowsOf(contents(files).get("i.ts")!)).map((rows) => rows.length),
      tsHashes().map((rows) => rows.length),
    );
  }
});
