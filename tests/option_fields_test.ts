/**
 * Where the fields of an options object stand makes no difference: they may be its own, those of a class, or inherited. Objects
 * whose fields have any names, such as tags, must be plain: fields that stand elsewhere can't be listed. And each option is
 * read once, so that what was checked is what is used.
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import vm from "node:vm";
import {
  codecParametersOf,
  codecString,
  concatSync,
  decoderConfig,
  Demuxer,
  guessFormat,
  keyFramesSync,
  MemorySink,
  mergeSync,
  mimeType,
  Muxer,
  Packet,
  probe,
  probeSync,
  RemuxStream,
  remuxSync,
  sideDataFields,
  splitSync,
  tagsOf,
  withinDirectory,
  withinOrigin,
} from "@avio/avio";
import { fixtureBytes } from "./support/fixtures.ts";

// deno-lint-ignore no-explicit-any
type Any = any;

/** Makes an object with the same fields, which stand elsewhere. */
type Shape = (fields: object) => Any;

const film = fixtureBytes("video.mp4");
const picture = fixtureBytes("image.jpeg");

/** An instance of a class that has a getter for each field. */
function withGetters(fields: object): object {
  class Settings {}
  for (const name of Object.keys(fields)) {
    Object.defineProperty(Settings.prototype, name, { get: () => fields[name as keyof typeof fields] });
  }
  return new Settings();
}

/** An instance of a class whose constructor sets the fields. */
function withFields(fields: object): object {
  class Settings {
    constructor() {
      Object.assign(this, fields);
    }
  }
  return new Settings();
}

const elsewhere: Record<string, Shape> = {
  getters: withGetters,
  inherited: (fields) => Object.create(fields),
  "of a class": withFields,
};

const plain: Record<string, Shape> = {
  "without a prototype": (fields) => Object.assign(Object.create(null), fields),
  "of another realm": (fields) => Object.assign(vm.runInNewContext("({})"), fields),
};

/** The output as a description; of a refused one, the error's text. */
function written(write: (sink: MemorySink) => unknown): unknown {
  const sink = new MemorySink();
  try {
    write(sink);
  } catch (error) {
    return (error as Error).message;
  }
  const { format, metadata, chapters, streams } = probeSync(sink.bytes());
  const { ENCODER: _, encoder: _encoder, ...tags } = metadata;
  return {
    format: format.name,
    tags,
    chapters: chapters.map(({ start, end, metadata }) => [start, end, metadata.title]),
    streams: streams.map(({ type, disposition, startTime, metadata: { title, filename } }) => ({
      type,
      disposition,
      startTime,
      title,
      filename,
    })),
  };
}

/** The result, or the error's text. */
function outcome(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    return (error as Error).message;
  }
}

/** Writes the video's packets by a Muxer. */
function muxed(as: Shape, before: (muxer: Muxer) => void): unknown {
  return written((sink) => {
    using demuxer = Demuxer.openSync(film);
    using muxer = Muxer.openSync(sink, as({ format: "matroska", tags: as({ title: "T" }) }));
    before(muxer);
    for (const packet of demuxer.packetsSync({ streams: [0] })) muxer.writeSync(as({ ...packet }));
    muxer.finishSync();
  });
}

const video = probeSync(film).streams[0]!;
const chapter = { id: 1, start: 0, end: 1, metadata: { title: "C" } };
const config = { codec: "vp8", codedWidth: 160, codedHeight: 90 };

/** Calls of the public functions; each has options whose loss changes the result. */
const calls: Record<string, (as: Shape) => unknown> = {
  probeSync: (as) => outcome(() => probeSync(film, as({ format: "wav" })).format.name),
  "Demuxer.openSync": (as) => outcome(() => Demuxer.openSync(film, as({ format: "wav" })).format.name),
  keyFramesSync: (as) => keyFramesSync(film, as({ around: 1.5 })),
  "keyFramesSync input": (as) => outcome(() => keyFramesSync(film, { input: as({ format: "wav" }) })),
  "seekSync, packetsSync": (as) => {
    using demuxer = Demuxer.openSync(film);
    demuxer.seekSync(as({ streamIndex: 0, timestamp: 20000 }), as({ backward: false }));
    return [...demuxer.packetsSync(as({ streams: [0] }))].length;
  },
  getPacketSync: (as) => {
    using demuxer = Demuxer.openSync(film);
    return demuxer.getPacketSync(1, as({ stream: 1 }))?.streamIndex;
  },
  bestStream: (as) => {
    using demuxer = Demuxer.openSync(film);
    return outcome(() => demuxer.bestStream("audio", as({ related: 9 })));
  },
  remuxSync: (as) =>
    written((sink) =>
      remuxSync(
        film,
        sink,
        as({
          format: "matroska",
          end: 2,
          tags: as({ title: "T" }),
          chapters: [as(chapter)],
          streams: [1, as({ index: 0, delay: 0.5, metadata: { title: "S" } })],
        }),
      )
    ),
  "remuxSync streams()": (as) =>
    written((sink) =>
      remuxSync(film, sink, {
        format: "matroska",
        streams: ({ index }) => as({ order: -index, metadata: { title: "S" } }),
        editChapters: () => [as(chapter)],
      })
    ),
  "remuxSync ranges": (as) =>
    remuxSync(film, new MemorySink(), { format: "matroska", ranges: [as({ start: 1, end: 2 })] }).packets,
  "remuxSync input": (as) => written((sink) => remuxSync(film, sink, { input: as({ format: "wav" }) })),
  mergeSync: (as) =>
    written((sink) =>
      mergeSync(
        [as({ source: film, streams: [1], delay: 0.5 }), as({ source: film, streams: [0] })],
        sink,
        as({
          format: "matroska",
          tagsFrom: 1,
          covers: [as({ data: picture, kind: "back" })],
          attachments: [as({ data: picture, fileName: "a.bin", mimeType: "a/b" })],
        }),
      )
    ),
  "mergeSync input": (as) =>
    written((sink) => mergeSync([{ source: film, input: as({ format: "wav" }) }], sink, { format: "mp4" })),
  concatSync: (as) => written((sink) => concatSync([film, film], sink, as({ format: "matroska", end: 2 }))),
  "concatSync source": (as) =>
    written((sink) =>
      concatSync([as({ source: film, input: as({ format: "wav" }) })], sink, { format: "mp4" })
    ),
  splitSync: (as) =>
    splitSync(film, as({ format: "mp4", every: 1, onsegment: () => new MemorySink() })).segments.length,
  "Muxer of parameters": (as) =>
    muxed(as, (muxer) => {
      muxer.addStream(as(video.codecParameters), as({ timeBase: as({ num: 1, den: 90000 }), id: 5 }));
      muxer.addChapters([as(chapter)]);
      muxer.addCover(as({ data: picture, kind: "back" }));
      muxer.addAttachment(as({ data: picture, fileName: "a.bin", mimeType: "a/b", description: "D" }));
    }),
  "Muxer of a stream": (as) =>
    muxed(as, (muxer) => {
      const like = { ...video, codecParameters: as(video.codecParameters), metadata: { title: "L" } };
      muxer.addStream(as(like), as({ disposition: ["forced"] }));
    }),
  codecString: (as) => codecString(as({ codec: "h264", profile: 100, level: 31 })),
  mimeType: (as) => mimeType(as({ ...probeSync(film) }), as({ format: "matroska" })),
  decoderConfig: (as) => decoderConfig(as({ ...video, codecParameters: as(video.codecParameters) })),
  codecParametersOf: (as) =>
    codecParametersOf(as({ ...config, colorSpace: as({ primaries: "bt709", fullRange: true }) })),
  "Packet.fromEncodedChunk": (as) =>
    Packet.fromEncodedChunk(
      as({ type: "key", timestamp: 5, duration: 7, data: new Uint8Array(3) }),
      as({ streamIndex: 3 }),
    ),
  sideDataFields: (as) => sideDataFields(as({ type: "Stereo 3D", data: new Uint8Array(20) })),
  guessFormat: (as) => guessFormat(as({ fileName: "a.mkv" }))?.name,
  withinOrigin: (as) => {
    const onopen = withinOrigin("https://example.com", as({ path: "/media/" }));
    return onopen({ url: "https://example.com/a", mode: "read", canWait: false });
  },
  withinDirectory: (as) => {
    const onopen = withinDirectory("fixtures", as({ write: true }));
    return typeof onopen({ url: "new.ts", mode: "write", canWait: false });
  },
  tagsOf: (as) => tagsOf(as({ metadata: { TITLE: "T" } })),
};

for (const [name, as] of Object.entries({ ...plain, ...elsewhere })) {
  Deno.test(`Options have the same effect if their fields are: ${name}`, () => {
    for (const [call, of] of Object.entries(calls)) {
      assertEquals([call, outcome(() => of(as))], [call, outcome(() => of((fields) => fields))]);
    }
  });
}

Deno.test("RemuxStream and http: options have the same effect wherever their fields are", async () => {
  for (const as of [...Object.values(plain), ...Object.values(elsewhere)]) {
    const remuxing = new RemuxStream(as({ format: "matroska", end: 2 }));
    const mkv = await new Response(ReadableStream.from([film]).pipeThrough(remuxing)).bytes();
    assertEquals(probeSync(mkv).format.name, "matroska,webm");
    assert((await remuxing.result).packets < 206);
    const http = as({ fetch: () => new Response(film), headers: () => ({}) });
    assertEquals((await probe("https://example.com/a", as({ http }))).streams.length, 2);
  }
});

/** Calls with an object whose fields may have any names, by its name in errors. */
const records: Record<string, (record: Any) => unknown> = {
  metadata: (metadata) => written1({ metadata }),
  options: (options) => written1({ options }),
  "input.options": (options) => written1({ input: { options } }),
  "streams[0].metadata": (metadata) => written1({ streams: [{ index: 0, metadata }] }),
  "streams.metadata": (metadata) => written1({ streams: ({ index }: Any) => index === 0 && { metadata } }),
  "chapters[0].metadata": (metadata) => written1({ chapters: [{ ...chapter, metadata }] }),
  editMetadata: (metadata) => written1({ editMetadata: () => metadata }),
  "metadata ": (metadata) => {
    using muxer = Muxer.openSync(new MemorySink(), { format: "matroska" });
    return muxer.addStream(video.codecParameters, { metadata });
  },
  "tagged.metadata": (metadata) => tagsOf({ metadata }),
  "info.metadata": (metadata) => mimeType({ ...probeSync(film), metadata }),
  "http.headers": (headers) =>
    probeSync(film, { http: { headers, fetch: () => Promise.resolve(new Response()) } }),
};

function written1(options: Any): unknown {
  return remuxSync(film, new MemorySink(), { format: "mp4", ...options });
}

Deno.test("Tags, AVOptions and headers: an object that isn't plain is an error that names it", () => {
  const fields = { title: "T" };
  const others = [
    ...Object.values(elsewhere).map((as) => as(fields)),
    new Date(),
    Object.assign(new Date(), fields),
    Promise.resolve(fields),
  ];
  const wrong = Object.entries(records).flatMap(([name, call]) =>
    others.filter((other) => {
      const text = outcome(() => call(other));
      return !(typeof text === "string" && text.startsWith(`${name.trim()}: must be a plain object, is `));
    }).map((other) => `${name}: ${other.constructor.name}`)
  );
  assertEquals(wrong, []);
  const { "http.headers": headers, ...tags } = records;
  for (const as of Object.values(plain)) {
    for (const call of Object.values(tags)) call(as({}));
    headers!(as(fields));
  }
});

Deno.test("Each option is read once: one that changes afterwards has no effect", () => {
  const reads: Record<string, number> = {};
  /** Every field is right when it is read first, and something else later. */
  const changing = (fields: object): Any => {
    const object = {};
    for (const [name, value] of Object.entries(fields)) {
      let isRead = false;
      const get = () => {
        if (isRead) reads[name] = (reads[name] ?? 1) + 1;
        if (isRead) return Symbol("read again");
        isRead = true;
        return value;
      };
      Object.defineProperty(object, name, { get, enumerable: true });
    }
    return object;
  };
  const { mimeType: _, decoderConfig: _config, ...others } = calls; // of descriptions, which are no options
  for (const [call, of] of Object.entries(others)) {
    assertEquals([call, outcome(() => of(changing))], [call, outcome(() => of((fields) => fields))]);
  }
  for (const record of [{ title: "T" }, { movflags: "faststart" }]) {
    for (const call of Object.values(records)) {
      assertEquals(String(outcome(() => call(changing(record)))).includes("must be a string"), false);
    }
  }
  assertEquals(reads, {});
});

Deno.test("An unknown option is an error if it is inherited, or beside inherited ones", () => {
  const of = (inherited: object, own: object) => Object.assign(Object.create(inherited), own);
  const wrong: Any[] = [
    of({ format: "mp4" }, { formt: "" }),
    of({ formt: "mp4" }, {}),
    of(of({ formt: 1 }, {}), {}),
  ];
  for (const options of wrong) {
    const error = assertThrows(() => remuxSync(film, new MemorySink(), options), TypeError) as Any;
    assertEquals(error.argument, "formt");
  }
  assertEquals(probeSync(film, of({}, {})).streams.length, 2);
  class Settings {
    format = "mp4";
    state = 1;
  }
  assertEquals(remuxSync(film, new MemorySink(), of(new Settings(), {})).packets, 206);
});

Deno.test("concatSync and mergeSync: an unknown field of a source is an error", () => {
  const sources = [{ source: film, input: {}, inputs: {} }] as Any;
  for (const call of [concatSync, mergeSync]) {
    const { message } = assertThrows(() => call(sources, new MemorySink(), { format: "mp4" }), TypeError);
    assert(message.startsWith("sources[0].inputs: there is no such option"), message);
  }
});
