/**
 * Muxers that write several files (HLS, DASH, segments, chunks) or reread their own output, with both engines; the
 * files must have the packets of the original, read by avio and by ffprobe.
 */
import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import {
  AVError,
  Demuxer,
  fromMap,
  inputFormats,
  IOContext,
  type MapFile,
  MemorySink,
  Muxer,
  type MuxerOptions,
  type OpenCallback,
  remux,
  type RemuxOptions,
  remuxSync,
  type Sink,
  withinDirectory,
} from "@avio/avio";
import { WatchedSink } from "./support/async.ts";
import { amounts, Collector } from "./support/devices.ts";
import { ffprobePackets } from "./support/ffprobe.ts";
import { fixturePath } from "./support/fixtures.ts";
import {
  assertNoPrefix,
  assertProbed,
  bytesOf,
  contents,
  type Files,
  filesOf,
  hashes,
  inFolder,
  mp4Hashes,
  recording,
  textOf,
  tsHashes,
} from "./support/many_files.ts";
import { rowsOf } from "./support/packets.ts";
import { isEmbedded, libavformat } from "./support/versions.ts";

const VIDEO = fixturePath("video.mp4");
const hls = (options: Record<string, string | number> = {}) => ({
  format: "hls",
  options: { hls_time: 1, hls_playlist_type: "vod", ...options },
});

/** As `filesOf`, with the async API. */
async function filesOfAsync(options: RemuxOptions & { url: string }): Promise<Files> {
  const files = new Map<string, MapFile>();
  const own = new MemorySink();
  await remux(VIDEO, own, { onopen: fromMap(files), ...options });
  if (own.size > 0) files.set(options.url, own);
  return contents(files);
}

/** Writes with both engines; the files must be these and the same. */
async function written(options: RemuxOptions & { url: string }, names: string[]): Promise<Files> {
  const bitexact = { ...options, options: { fflags: "+bitexact", ...options.options } };
  const files = filesOf(VIDEO, bitexact);
  assertEquals([...files.keys()].toSorted(), names.toSorted());
  assertNoPrefix(files);
  const others = await filesOfAsync(bitexact);
  assertEquals([...others.keys()].toSorted(), names.toSorted());
  for (const [name, bytes] of files) {
    if (!name.endsWith(".mpd")) assertEquals(others.get(name), bytes, name);
  }
  return files;
}

/** The files are read by avio, from a Map, and by ffprobe, from a folder. */
async function assertHolds(files: Files, name: string, expected: string[][]): Promise<void> {
  assertEquals(hashes(rowsOf(files.get(name)!, { url: name, onopen: fromMap(files) })), expected);
  await assertProbed(files, name, expected);
}

// ------------------------------------------------------------------------------------------- HLS

const index = (...names: string[]) => ["index.m3u8", ...names];

Deno.test("HLS out: mpegts", async () => {
  const files = await written({ url: "index.m3u8", ...hls() }, index("index0.ts", "index1.ts", "index2.ts"));
  await assertHolds(files, "index.m3u8", tsHashes());
});

Deno.test("HLS out: fragmented mp4, in a folder", async () => {
  const names = ["a/index.m3u8", "a/init.mp4", "a/index0.m4s", "a/index1.m4s", "a/index2.m4s"];
  const files = await written({ url: "a/index.m3u8", ...hls({ hls_segment_type: "fmp4" }) }, names);
  await assertHolds(files, "a/index.m3u8", mp4Hashes());
});

for (const [type, extension] of [["mpegts", "ts"], ["fmp4", "m4s"]] as const) {
  Deno.test(`HLS out: one file, ${type}`, async () => {
    const options = hls({ hls_segment_type: type, hls_flags: "single_file" });
    const files = await written({ url: "index.m3u8", ...options }, index(`index.${extension}`));
    await assertHolds(files, "index.m3u8", type === "fmp4" ? mp4Hashes() : tsHashes());
  });
}

Deno.test("HLS out: names by pattern, in folders", async () => {
  const options = hls({
    hls_segment_type: "fmp4",
    hls_segment_filename: "media/parts/%03d.m4s",
    hls_fmp4_init_filename: "begin.mp4",
    start_number: 7,
  });
  const parts = ["007", "008", "009"].map((number) => `media/parts/${number}.m4s`);
  const files = await written({ url: "media/index.m3u8", ...options }, [
    "media/index.m3u8",
    "media/begin.mp4",
    ...parts,
  ]);
  const playlist = textOf(files.get("media/index.m3u8"));
  assertStringIncludes(playlist, 'URI="begin.mp4"');
  assertEquals(playlist.match(/^[^#\n].*/gm), ["007.m4s", "008.m4s", "009.m4s"]); // FFmpeg leaves the folder out
});

Deno.test("HLS out: base URL", () => {
  const files = filesOf(VIDEO, { url: "index.m3u8", ...hls({ hls_base_url: "https://cdn.example/v/" }) });
  assertStringIncludes(textOf(files.get("index.m3u8")), "\nhttps://cdn.example/v/index1.ts\n");
});

Deno.test("HLS out: a master playlist", async () => {
  const names = ["v/index.m3u8", "v/master.m3u8", "v/index0.ts", "v/index1.ts", "v/index2.ts"];
  const files = await written({ url: "v/index.m3u8", ...hls({ master_pl_name: "master.m3u8" }) }, names);
  assertStringIncludes(textOf(files.get("v/master.m3u8")), "\nindex.m3u8\n");
  await assertHolds(files, "v/master.m3u8", tsHashes());
});

Deno.test("HLS out: variants, each in its folder; none of them is the sink", async () => {
  const options = hls({
    master_pl_name: "master.m3u8",
    var_stream_map: "v:0,agroup:a a:0,agroup:a",
    hls_segment_filename: "o/%v/s%d.ts",
  });
  const files = await written({ url: "o/%v/i.m3u8", ...options }, [
    "o/master.m3u8",
    ...["o/0/i.m3u8", "o/0/s0.ts", "o/0/s1.ts", "o/0/s2.ts"],
    ...["o/1/i.m3u8", "o/1/s0.ts", "o/1/s1.ts", "o/1/s2.ts", "o/1/s3.ts"],
  ]);
  const [video, sound] = tsHashes();
  // Once as a rendition, once as a variant; FFmpeg 9.0 sees that the two are one playlist.
  const found = hashes(rowsOf(files.get("o/master.m3u8")!, { url: "o/master.m3u8", onopen: fromMap(files) }));
  assertEquals(found, [video!, sound!, ...(libavformat < 63 ? [sound!] : [])]);
  await assertProbed(files, "o/master.m3u8", [video!, sound!, sound!]);
});

/** The files of a muxer that deletes old ones, and those that it has deleted. */
async function withDeletes(
  options: RemuxOptions,
  isAsync: boolean,
): Promise<{ files: Map<string, MapFile>; deleted: string[]; own: MemorySink }> {
  const files = new Map<string, MapFile>();
  const deleted: string[] = [];
  const ondelete = (url: string) => {
    assert(files.delete(url), url);
    deleted.push(url);
    return isAsync ? Promise.resolve() : undefined!;
  };
  const own = new MemorySink();
  const settings = { ...options, onopen: fromMap(files), ondelete };
  if (isAsync) await remux(VIDEO, own, settings);
  else remuxSync(VIDEO, own, settings);
  return { files, deleted, own };
}

Deno.test("HLS out: live, the playlist is rewritten and old segments are deleted", async () => {
  const options: RemuxOptions = {
    format: "hls",
    url: "live.m3u8",
    options: { hls_time: 0.2, hls_list_size: 1, hls_delete_threshold: 1, hls_flags: "delete_segments" },
  };
  for (const isAsync of [false, true]) {
    const { files, deleted, own } = await withDeletes(options, isAsync);
    assertEquals(deleted, ["live0.ts"]);
    assertEquals([...files.keys()], ["live1.ts", "live2.ts"]);
    assertEquals(textOf(own.bytes()).match(/^[^#\n].*/gm), ["live2.ts"]);
  }
});

Deno.test("HLS out: without ondelete nothing is deleted, and an exception of ondelete is thrown", async () => {
  const options: RemuxOptions = {
    format: "hls",
    url: "live.m3u8",
    options: { hls_time: 1, hls_list_size: 1, hls_delete_threshold: 1, hls_flags: "delete_segments" },
  };
  const { asked, onopen } = recording(fromMap(new Map()));
  remuxSync(VIDEO, new MemorySink(), { ...options, onopen });
  assertEquals(asked.map(({ mode }) => mode), ["write", "write", "write"]);
  const thrown = new Error("keep it");
  const ondelete = () => {
    throw thrown;
  };
  const error = assertThrows(() => remuxSync(VIDEO, new MemorySink(), { ...options, onopen, ondelete }));
  assertEquals(error, thrown);
  const rejected = remux(VIDEO, new MemorySink(), {
    ...options,
    onopen,
    ondelete: () => Promise.reject(thrown),
  });
  assertEquals(await assertRejects(() => rejected), thrown);
});

Deno.test("HLS out: append_list begins a new playlist or continues an existing one", async () => {
  await inFolder([], async (folder) => {
    const options: RemuxOptions = {
      format: "hls",
      onopen: withinDirectory(folder, { write: true }),
      options: { hls_time: 1, hls_list_size: 0, hls_flags: "append_list+omit_endlist" },
    };
    const list = `${folder}/live.m3u8`;
    const segments = () => Deno.readTextFileSync(list).match(/^[^#\n].*/gm);
    remuxSync(VIDEO, list, options);
    assertEquals(segments(), ["live0.ts", "live1.ts", "live2.ts"]);
    remuxSync(VIDEO, list, options);
    if (isEmbedded) assertEquals(segments()!.length, 6); // FFmpeg 5.1 opens the list by itself, which is closed
    Deno.removeSync(list);
    await remux(VIDEO, list, options);
    assertEquals(segments()!.length, 3);
  });
});

Deno.test({
  name: "DASH out: segments that have left the window are deleted",
  ignore: !isEmbedded, // libavformat deletes by itself, where it may: not here
  async fn() {
    const options: RemuxOptions = {
      format: "dash",
      url: "d/x.mpd",
      options: { seg_duration: 0.5, window_size: 1, extra_window_size: 1 },
    };
    for (const isAsync of [false, true]) {
      const { files, deleted } = await withDeletes(options, isAsync);
      assert(deleted.includes("d/chunk-stream0-00001.m4s"), String(deleted));
      assert(files.has("d/init-stream0.m4s"));
      assert(!files.has("d/chunk-stream0-00001.m4s") && files.has("d/chunk-stream0-00003.m4s"));
    }
  },
});

Deno.test("HLS and DASH out: files that are being written are not deleted", () => {
  for (const format of ["hls", "dash"]) {
    for (
      const [name, value] of [["method", "DELETE"], ["method", "delete"], ["http_opts", "method=DELETE"]]
    ) {
      if (format === "hls" && name === "http_opts") continue;
      const options = { format, url: "i.m3u8", onopen: fromMap(new Map()), options: { [name!]: value! } };
      assertThrows(() => remuxSync(fixturePath("video.mp4"), new MemorySink(), options), AVError, name!);
    }
    const options = { format, url: "i.m3u8", onopen: fromMap(new Map()), options: { method: "POST" } };
    remuxSync(fixturePath("video.mp4"), new MemorySink(), options);
  }
});

Deno.test("HLS out: options for encryption are refused by name", () => {
  for (const options of [hls({ hls_key_info_file: "k" }), hls({ hls_enc: 1 })]) {
    assertThrows(
      () => filesOf(VIDEO, { url: "i.m3u8", ...options }),
      AVError,
      Object.keys(options.options)[2],
    );
  }
});

// ------------------------------------------------------------------------------------------- the muxer's own sink

/** Kinds of sinks in a folder, and their contents afterwards. */
const ownSinks: Record<string, (path: string) => { sync: boolean; sink: Sink; text: () => Promise<string> }> =
  {
    "a path": (path) => ({ sync: true, sink: path, text: () => Deno.readTextFile(path) }),
    "a file: URL": (path) => ({
      sync: true,
      sink: new URL(`file://${path}`),
      text: () => Deno.readTextFile(path),
    }),
    "a Deno.FsFile": (path) => {
      const file = Deno.openSync(path, { write: true, create: true });
      const text = () => (file.close(), Deno.readTextFile(path));
      return { sync: true, sink: file, text };
    },
    "callbacks": () => {
      const collector = new Collector();
      return {
        sync: true,
        sink: collector,
        text: () => Promise.resolve(textOf(collector.bytes() as Uint8Array<ArrayBuffer>)),
      };
    },
    "callbacks without onseek": () => {
      const { onwrite, bytes } = collect();
      return { sync: true, sink: { onwrite }, text: () => Promise.resolve(textOf(bytes())) };
    },
    "an IOContext": () => {
      const { onwrite, bytes } = collect();
      return {
        sync: true,
        sink: new IOContext(777, { onwrite }),
        text: () => Promise.resolve(textOf(bytes())),
      };
    },
    "a WritableStream": () => {
      const watched = new WatchedSink();
      const text = async () => (assertEquals(watched.closed, 1), textOf(await watched.bytes()));
      return { sync: false, sink: watched.stream, text };
    },
  };

function collect(): { onwrite: (bytes: Uint8Array) => void; bytes: () => Uint8Array<ArrayBuffer> } {
  const collector = new Collector();
  let position = 0;
  return {
    onwrite(bytes) {
      collector.onwrite(bytes, { position, marker: "unknown", time: null });
      position += bytes.length;
    },
    bytes: () => new Uint8Array(collector.bytes()),
  };
}

for (const [what, make] of Object.entries(ownSinks)) {
  Deno.test(`HLS out: its own sink is ${what}, and the playlist is written once`, async () => {
    await inFolder([], async (folder) => {
      for (const isAsync of [false, true]) {
        const { sync, sink, text } = make(`${folder}/own${isAsync}.m3u8`);
        if (!isAsync && !sync) continue;
        const files = new Map<string, MapFile>();
        const settings = { url: "index.m3u8", ...hls(), onopen: fromMap(files) };
        const result = isAsync ? await remux(VIDEO, sink, settings) : remuxSync(VIDEO, sink, settings);
        const playlist = await text();
        const total = [...files.values()].reduce((sum, file) => sum + (file as MemorySink).size, 0);
        assertEquals(result.bytesWritten, total + playlist.length);
        assertEquals(hashes(rowsOf(bytesOf(playlist), { onopen: fromMap(files) })), tsHashes());
      }
    });
  });

  Deno.test(
    `HLS out: its own sink is ${what}, and the playlist is written again and again`,
    async () => {
      await inFolder([], async (folder) => {
        const { sink, text } = make(`${folder}/own.m3u8`);
        const { asked, onopen } = recording(({ url }) => url === "index.m3u8" ? null : new MemorySink());
        const settings = { url: "index.m3u8", format: "hls", options: { hls_time: 1 }, onopen };
        const begins = ["a path", "a file: URL", "a Deno.FsFile"].includes(what);
        if (begins) {
          await remux(VIDEO, sink, settings);
          assertEquals((await text()).match(/^[^#\n].*/gm), ["index0.ts", "index1.ts", "index2.ts"]);
          return;
        }
        await assertRejects(() => remux(VIDEO, sink, settings), AVError, "refused to open 'index.m3u8'");
        assertEquals(asked.at(-1), { url: "index.m3u8", mode: "write" });
      });
    },
  );
}

Deno.test("HLS out: a rewritten playlist goes to onopen if the sink can't be rewritten", async () => {
  const files = new Map<string, MapFile>();
  const watched = new WatchedSink();
  await remux(VIDEO, watched.stream, {
    url: "index.m3u8",
    format: "hls",
    options: { hls_time: 1 },
    onopen: fromMap(files),
  });
  assertEquals(textOf(await watched.bytes()).match(/^[^#\n].*/gm), ["index0.ts"]);
  assertStringIncludes(textOf(contents(files).get("index.m3u8")), "index2.ts\n#EXT-X-ENDLIST");
});

// ------------------------------------------------------------------------------------------- results of onopen

/** A kind of sink per file, and its bytes afterwards. */
type Results = (name: string) => { sink: Sink; bytes: () => Promise<Uint8Array<ArrayBuffer>> };

async function assertAnswers(answers: Results, engines: readonly boolean[]): Promise<void> {
  for (const isAsync of engines) {
    const made = new Map<string, ReturnType<Results>>();
    const onopen: OpenCallback = ({ url }) => {
      made.set(url, answers(`${isAsync}-${url}`));
      return made.get(url)!.sink;
    };
    const own = new MemorySink();
    const settings = { url: "index.m3u8", ...hls(), onopen };
    if (isAsync) await remux(VIDEO, own, settings);
    else remuxSync(VIDEO, own, settings);
    const files: Files = new Map();
    for (const [name, { bytes }] of made) files.set(name, await bytes());
    assertEquals(hashes(rowsOf(own.bytes(), { onopen: fromMap(files) })), tsHashes());
  }
}

const BOTH = [false, true];

Deno.test("onopen returns MemorySinks, callbacks, IOContexts for writing", async () => {
  await assertAnswers(() => {
    const sink = new MemorySink();
    return { sink, bytes: () => Promise.resolve(sink.bytes()) };
  }, BOTH);
  await assertAnswers(() => {
    const sink = new Collector();
    return { sink, bytes: () => Promise.resolve(new Uint8Array(sink.bytes())) };
  }, BOTH);
  for (const size of [null, 555]) {
    await assertAnswers(() => {
      const { onwrite, bytes } = collect();
      const sink = size === null ? { onwrite } : new IOContext(size, { onwrite });
      return { sink, bytes: () => Promise.resolve(bytes()) };
    }, BOTH);
  }
});

Deno.test("onopen returns sinks that write few bytes at a time", async () => {
  for (const amount of [(wanted: number) => Math.min(wanted, 1000), amounts.halves]) {
    await assertAnswers(() => {
      const sink = new Collector(amount);
      return { sink, bytes: () => Promise.resolve(new Uint8Array(sink.bytes())) };
    }, BOTH);
  }
});

Deno.test("onopen returns WritableStreams, which are closed one by one", async () => {
  const open: WatchedSink[] = [];
  await assertAnswers(() => {
    for (const before of open) assertEquals(before.closed, 1);
    const sink = new WatchedSink();
    open.push(sink);
    return { sink: sink.stream, bytes: () => (assertEquals(sink.closed, 1), sink.bytes()) };
  }, [true]);
  const onopen = () => new WatchedSink().stream;
  assertThrows(() => filesOf(VIDEO, { url: "i.m3u8", ...hls(), onopen }), TypeError, "synchronously");
});

Deno.test("onopen returns paths and files for writing; the files stay open", async () => {
  await inFolder([], async (folder) => {
    await assertAnswers((name) => {
      const path = `${folder}/${name}`;
      return { sink: path, bytes: () => Deno.readFile(path) };
    }, BOTH);
    await assertAnswers((name) => {
      const path = `${folder}/open-${name}`;
      const file = Deno.openSync(path, { write: true, create: true });
      return { sink: file, bytes: () => (file.close(), Deno.readFile(path)) };
    }, BOTH);
  });
});

Deno.test("withinDirectory: HLS into a folder, and from it into another container", async () => {
  await inFolder([["media/keep", bytesOf("kept")]], async (folder) => {
    const media = `${folder}/media`;
    await remux(VIDEO, `${media}/i.m3u8`, { ...hls(), onopen: withinDirectory(media, { write: true }) });
    assertEquals(hashes(ffprobePackets(`${media}/i.m3u8`)), tsHashes());
    const sink = new MemorySink();
    const { asked, onopen } = recording(withinDirectory(media));
    remuxSync(`${media}/i.m3u8`, sink, { format: "mpegts", input: { onopen } });
    assertEquals(hashes(rowsOf(sink.bytes())), tsHashes());
    assert(asked.every(({ mode }) => mode === "read"));
  });
});

// ------------------------------------------------------------------------------------------- DASH

const CHUNKS = ["0-00001", "0-00002", "0-00003", "1-00001", "1-00002", "1-00003", "1-00004"];

Deno.test("DASH out: segments", async () => {
  const options = { url: "d/x.mpd", format: "dash", options: { seg_duration: 1 } };
  const chunks = CHUNKS.map((chunk) => `d/chunk-stream${chunk}.m4s`);
  const files = await written(options, ["d/x.mpd", "d/init-stream0.m4s", "d/init-stream1.m4s", ...chunks]);
  for (const stream of [0, 1]) {
    const parts = [
      `d/init-stream${stream}.m4s`,
      ...chunks.filter((name) => name.includes(`stream${stream}`)),
    ];
    const bytes = await new Blob(parts.map((name) => files.get(name)!)).bytes();
    assertEquals(hashes(rowsOf(bytes)), [mp4Hashes()[stream]!]);
    await assertProbed(new Map([["x.mp4", bytes]]), "x.mp4", [mp4Hashes()[stream]!]);
  }
});

Deno.test("DASH out: one file for each stream", { ignore: libavformat < 60 }, async () => {
  const options = { url: "d/x.mpd", format: "dash", options: { seg_duration: 1, single_file: 1 } };
  const files = await written(options, ["d/x.mpd", "d/x-stream0.mp4", "d/x-stream1.mp4"]);
  for (const stream of [0, 1]) {
    assertEquals(hashes(rowsOf(files.get(`d/x-stream${stream}.mp4`)!)), [mp4Hashes()[stream]!]);
  }
});

Deno.test("DASH out: one file for each stream is refused by builds that can't contain it", {
  ignore: libavformat >= 60,
}, () => {
  for (const option of [{ single_file: 1 }, { single_file_name: "x" }]) {
    const options = { url: "d/x.mpd", format: "dash", options: { seg_duration: 1, ...option } };
    assertThrows(() => filesOf(VIDEO, options), AVError, "Operation not permitted");
  }
});

Deno.test("DASH out: a window", () => {
  const options = {
    url: "x.mpd",
    format: "dash",
    options: { seg_duration: 1, window_size: 1, extra_window_size: 0 },
  };
  const files = filesOf(VIDEO, options);
  assert(!textOf(files.get("x.mpd")).includes('t="0"'));
});

Deno.test("DASH out: playlists for HLS beside it", async () => {
  const options = { url: "q/x.mpd", format: "dash", options: { seg_duration: 1, hls_playlist: 1 } };
  const files = filesOf(VIDEO, options);
  assertNoPrefix(files);
  await assertHolds(files, "q/master.m3u8", mp4Hashes());
});

Deno.test("DASH in: the packets of DASH out; refused by builds that can't serve it", async () => {
  const files = filesOf(VIDEO, { url: "/d/x.mpd", format: "dash", options: { seg_duration: 1 } });
  const manifest = files.get("/d/x.mpd")!;
  const options = { url: "/d/x.mpd", onopen: fromMap(files) };
  if (!isEmbedded || !inputFormats().some(({ name }) => name === "dash")) {
    assertThrows(() => Demuxer.openSync(manifest, options), AVError);
    return;
  }
  const sync = new MemorySink(), async = new MemorySink();
  const into = { format: "mp4", input: options };
  const { packets } = remuxSync(manifest, sync, into);
  assertEquals((await remux(manifest, async, into)).packets, packets);
  assertEquals(async.bytes(), sync.bytes());
  using before = Demuxer.openSync(VIDEO);
  // FFmpeg leaves out a last segment that the manifest's duration does not cover: of one packet here.
  assert(packets >= [...before.packetsSync()].length - 1, `${packets} packets`);
  const path = Deno.makeTempFileSync({ suffix: ".mp4" });
  Deno.writeFileSync(path, sync.bytes());
  assertEquals(ffprobePackets(path).length, packets);
  Deno.removeSync(path);
});

/** Writes video, and audio that begins after the first segment, to an output of several files. */
function writeLateAudio(options: MuxerOptions, codec: string, data: Uint8Array): void {
  using video = Demuxer.openSync(VIDEO);
  const muxer = Muxer.openSync(new MemorySink(), { ...options, onopen: () => new MemorySink() });
  muxer.addStream(video.streams[0]!);
  muxer.addStream({ type: "audio", codec, sampleRate: 48000, channels: 2 });
  for (const packet of video.packetsSync()) if (packet.streamIndex === 0) muxer.writeSync(packet);
  muxer.writeSync({ streamIndex: 1, data, pts: 3e6, dts: 3e6, duration: 32000, isKey: true });
  muxer.finishSync();
}

const AC3 = Uint8Array.from({ length: 768 }, (_, at) => [0x0b, 0x77, 0, 0, 0x14, 0x40, 0x43, 0xe1][at] ?? 0);

for (
  const [name, options] of Object.entries(
    {
      hls: { format: "hls", url: "a.m3u8", options: { hls_segment_type: "fmp4", hls_time: "1" } },
      "hls, one file": {
        format: "hls",
        url: "a.m3u8",
        options: { hls_segment_type: "fmp4", hls_time: "1", hls_flags: "single_file" },
      },
      segment: {
        format: "segment",
        url: "%d.mp4",
        options: {
          segment_format: "mp4",
          segment_time: "1",
          segment_format_options: "movflags=frag_keyframe+delay_moov",
        },
      },
    } satisfies Record<string, MuxerOptions>,
  )
) {
  // The system's libavformat ignores it: the segments can't be read.
  Deno.test({
    name: `${name}: what the muxer of the segments can't write is an error`,
    ignore: !isEmbedded,
    fn: () => {
      assertThrows(() => writeLateAudio(options, "ac3", AC3), AVError, "Cannot write");
      writeLateAudio(options, "mp3", Uint8Array.of(0xff, 0xfb, 0x94, 0x64, 0, 0, 0, 0));
    },
  });
}
