/**
 * A file can't be source and sink at once: whatever its name and whoever opens it, that is an error before any of its
 * data is lost.
 */
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  concat,
  concatSync,
  Demuxer,
  MemorySink,
  probeSync,
  remux,
  type RemuxOptions,
  type RemuxResult,
  remuxSync,
  type Sink,
  type Source,
  split,
  splitSync,
  versions,
  withinDirectory,
} from "@avio/avio";
import { avio, type Outcome, shell } from "./support/cli.ts";
import { fixtureBytes, fixturePath } from "./support/fixtures.ts";
import { bytesOf, playlistOf, tsHashes, tsSegments, tsWhole } from "./support/many_files.ts";
import { hashes } from "./support/many_files.ts";
import { rowsOf } from "./support/packets.ts";
import { runScriptOk } from "./support/subprocess.ts";

const isEmbedded = versions().build === "embedded";
const IS_SOURCE = "sink: is the source, which it would overwrite";

/** A failure of assertEquals would compare media byte by byte. */
function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

/** A folder of files that must be unchanged at the end, except for those that a test adds. */
class Folder implements Disposable {
  readonly root = Deno.makeTempDirSync({ prefix: "avio-open-" });
  #kept = new Map<string, Uint8Array>();

  path = (name: string): string => `${this.root}/${name}`;

  /** A file that is to be kept. */
  keep(name: string, content: Uint8Array | string): string {
    const bytes = typeof content === "string" ? bytesOf(content) : content;
    Deno.mkdirSync(this.path(name).replace(/[^/]*$/, ""), { recursive: true });
    Deno.writeFileSync(this.path(name), bytes);
    this.#kept.set(name, bytes);
    return this.path(name);
  }

  hardLink(from: string, name: string): string {
    Deno.linkSync(from, this.path(name));
    return this.path(name);
  }

  symbolicLink(from: string, name: string): string {
    Deno.symlinkSync(from, this.path(name));
    return this.path(name);
  }

  forget(name: string): void {
    this.#kept.delete(name);
  }

  assertKept(): void {
    for (const [name, bytes] of this.#kept) assert(isSame(Deno.readFileSync(this.path(name)), bytes), name);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.root, { recursive: true });
  }
}

/** Checks that both engines throw, and nothing is lost. */
async function assertRefused(
  folder: Folder,
  run: { sync(): unknown; async(): Promise<unknown> },
  message: string,
  argument = "sink",
): Promise<void> {
  const errors = [
    assertThrows(() => run.sync(), TypeError, message),
    await assertRejects(() => run.async(), TypeError, message),
  ];
  for (const error of errors) assertEquals((error as { argument?: unknown }).argument, argument);
  folder.assertKept();
}

function remuxing(source: () => Source, sink: () => Sink, options: RemuxOptions = {}) {
  return {
    sync: (): RemuxResult => remuxSync(source(), sink(), options),
    async: (): Promise<RemuxResult> => remux(source(), sink(), options),
  };
}

const TS = { format: "mpegts" };

// ------------------------------------------------------------------------------------------- one of each

Deno.test("remux() does not write over its source, under any name", async () => {
  using folder = new Folder();
  const file = folder.keep("a.ts", tsWhole());
  folder.keep("b/none", "");
  folder.symbolicLink(folder.path("b"), "c");
  const names: (string | URL)[] = [
    file,
    folder.path("./a.ts"),
    folder.path("b/../a.ts"),
    new URL(`file://${file}`),
    folder.hardLink(file, "hard.ts"),
    folder.symbolicLink(file, "soft.ts"),
    folder.symbolicLink("soft.ts", "softer.ts"),
    folder.symbolicLink(folder.path("hard.ts"), "b/soft.ts"),
    folder.path("c/soft.ts"),
  ];
  for (const name of names) {
    const path = name instanceof URL ? file : name;
    await assertRefused(folder, remuxing(() => file, () => name, TS), `${IS_SOURCE}: ${path}`);
    await assertRefused(folder, remuxing(() => name, () => file, TS), `${IS_SOURCE}: ${file}`);
  }
});

Deno.test("remux() does not write over its source where one or both are a Deno.FsFile", async () => {
  using folder = new Folder();
  const file = folder.keep("a.ts", tsWhole());
  const link = folder.hardLink(file, "hard.ts");
  const both = { read: true, write: true };
  using reader = Deno.openSync(file), writer = Deno.openSync(link, { write: true });
  using one = Deno.openSync(file, both), other = Deno.openSync(file, both);
  for (const [source, sink] of [[reader, link], [link, writer], [reader, writer], [one, other], [one, one]]) {
    await assertRefused(folder, remuxing(() => source!, () => sink!, TS), IS_SOURCE);
  }
});

Deno.test("remux() overwrites another file completely", async () => {
  using folder = new Folder();
  const file = folder.keep("a.ts", tsWhole());
  const expected = new MemorySink();
  remuxSync(file, expected, TS);
  for (const where of ["old.ts", "new.ts"]) {
    for (const run of [remuxSync, remux]) {
      if (where === "old.ts") Deno.writeFileSync(folder.path(where), new Uint8Array(2 * tsWhole().length));
      await run(file, folder.path(where), TS);
      assert(isSame(Deno.readFileSync(folder.path(where)), expected.bytes()), where);
      Deno.removeSync(folder.path(where));
    }
  }
  folder.assertKept();
});

Deno.test("Devices and pipes are never the same file", async () => {
  using folder = new Folder();
  const file = folder.keep("a.ts", tsWhole());
  for (const run of [remuxSync, remux]) {
    using device = Deno.openSync("/dev/null", { read: true, write: true });
    for (const sink of ["/dev/null", device]) {
      assert((await run(file, sink, TS)).packets > 100);
    }
  }
  const { code, stdout } = await shell('avio remux - - -f mpegts -q < "$1" | wc -c', file);
  assertEquals([code, Number(stdout) > 10_000], [0, true], stdout);
});

// ------------------------------------------------------------------------------------------- several

Deno.test("concat() does not overwrite any of its sources, whether open or not", async () => {
  using folder = new Folder();
  const files = ["a.ts", "b.ts", "c.ts"].map((name) => folder.keep(name, tsWhole()));
  const links = files.map((file, index) => folder.hardLink(file, `hard${index}.ts`));
  for (const sink of [...files, ...links]) {
    await assertRefused(folder, {
      sync: () => concatSync(files, sink),
      async: () => concat(files, sink),
    }, `${IS_SOURCE}: ${sink}`);
  }
  using last = Deno.openSync(files[2]!);
  await assertRefused(folder, {
    sync: () => concatSync([files[0]!, last], files[2]!),
    async: () => concat([files[0]!, last], files[2]!),
  }, IS_SOURCE);
});

Deno.test("split() does not write a segment over its source", async () => {
  using folder = new Folder();
  const file = folder.keep("a.ts", tsWhole());
  const options = { ...TS, every: 1 };
  for (const name of [file, folder.hardLink(file, "hard.ts"), folder.symbolicLink(file, "soft.ts")]) {
    for (const at of [0, 1]) {
      const onsegment = (index: number) => index === at ? name : folder.path(`part${index}.ts`);
      await assertRefused(folder, {
        sync: () => splitSync(file, { ...options, onsegment }),
        async: () => split(file, { ...options, onsegment }),
      }, `${IS_SOURCE}: ${name}`);
    }
  }
});

Deno.test("A muxer's own segments don't overwrite the source", async () => {
  using folder = new Folder();
  const onopen = withinDirectory(folder.root, { write: true });
  for (const name of ["rec0.ts", "rec1.ts", "rec2.ts"]) {
    const file = folder.keep(name, tsWhole());
    const hls = { format: "hls", options: { hls_time: 1 }, onopen };
    await assertRefused(folder, remuxing(() => file, () => folder.path("rec.m3u8"), hls), IS_SOURCE);
    const segments = { format: "segment", options: { segment_time: 1 }, onopen };
    await assertRefused(folder, remuxing(() => file, () => folder.path("rec%d.ts"), segments), IS_SOURCE);
    await assertRefused(folder, {
      sync: () => concatSync([fixturePath("video.ts"), file], folder.path("rec.m3u8"), hls),
      async: () => concat([fixturePath("video.ts"), file], folder.path("rec.m3u8"), hls),
    }, IS_SOURCE);
    Deno.removeSync(file);
    folder.forget(name);
  }
});

// ------------------------------------------------------------------------------------------- files that a source names

/** A folder with the segments of a playlist in "in", and an opener for them. */
function segmentsIn(folder: Folder): { names: string[]; onopen: ReturnType<typeof withinDirectory> } {
  const segments = [...tsSegments()].filter(([name]) => name.endsWith(".ts"));
  const names = segments.map(([name, bytes]) => folder.keep(`in/${name}`, bytes).split("/").at(-1)!);
  return { names, onopen: withinDirectory(folder.root, { write: true }) };
}

Deno.test("remux() does not overwrite a segment that its playlist names, whether open or not", async () => {
  using folder = new Folder();
  const { names, onopen } = segmentsIn(folder);
  const escaped = [`${names[0]}?token=1`, names[1]!.replace("i", "%69"), `${folder.path("in")}/${names[2]}`];
  const lists = [folder.keep("in/a.m3u8", playlistOf(names)), folder.keep("in/b.m3u8", playlistOf(escaped))];
  folder.keep("in/master.m3u8", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=100000\na.m3u8\n");
  for (const list of [...lists, folder.path("in/master.m3u8")]) {
    for (const name of names) {
      const file = folder.path(`in/${name}`);
      const link = folder.hardLink(file, `hard-${name}`), soft = folder.symbolicLink(file, `soft-${name}`);
      for (const sink of [file, link, soft]) {
        const run = remuxing(() => list, () => sink, { ...TS, input: { onopen } });
        await assertRefused(folder, run, "which it would overwrite");
      }
      Deno.removeSync(link);
      Deno.removeSync(soft);
    }
  }
});

Deno.test("concat() does not overwrite a segment that a later source names, also through a master playlist", async () => {
  using folder = new Folder();
  const { names, onopen } = segmentsIn(folder);
  const list = folder.keep("in/a.m3u8", playlistOf(names)),
    first = folder.keep("first.ts", tsSegments().get(names[0]!)!);
  const master = folder.keep("in/master.m3u8", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=100000\na.m3u8\n");
  for (const source of [list, master]) {
    for (const name of names) {
      const file = folder.path(`in/${name}`);
      const sources = [first, first, { source, input: { onopen } }];
      const run = { sync: () => concatSync(sources, file, TS), async: () => concat(sources, file, TS) };
      await assertRefused(folder, run, "which it would overwrite");
    }
  }
});

Deno.test("The names in a playlist are known even if it is read with small buffers", async () => {
  using folder = new Folder();
  const { names, onopen } = segmentsIn(folder);
  const list = folder.keep("in/a.m3u8", playlistOf(names)), last = folder.path(`in/${names[2]}`);
  for (const bufferSize of [1, 7, 4096]) {
    const run = remuxing(() => list, () => last, { ...TS, input: { onopen, bufferSize } });
    await assertRefused(folder, run, "which it would overwrite");
  }
});

Deno.test("The error for a sink that a playlist names says so", () => {
  using folder = new Folder();
  const { names, onopen } = segmentsIn(folder);
  const list = folder.keep("in/a.m3u8", playlistOf(names)), last = folder.path(`in/${names[2]}`);
  assertThrows(
    () => remuxSync(list, last, { ...TS, input: { onopen } }),
    TypeError,
    `sink: is a file that the source ${list} names, which it would overwrite: ${last}`,
  );
});

Deno.test("split() does not write over a segment that its playlist names", async () => {
  using folder = new Folder();
  const { names, onopen } = segmentsIn(folder);
  const list = folder.keep("in/a.m3u8", playlistOf(names));
  const options = { ...TS, every: 1, input: { onopen } };
  const onsegment = (index: number) => folder.path(index === 0 ? "first.ts" : `in/${names[2]}`);
  await assertRefused(folder, {
    sync: () => splitSync(list, { ...options, onsegment }),
    async: () => split(list, { ...options, onsegment }),
  }, "which it would overwrite");
});

Deno.test(
  "remux() does not write over what a script of ffconcat names",
  { ignore: !isEmbedded },
  async () => {
    using folder = new Folder();
    const { names, onopen } = segmentsIn(folder);
    folder.keep("in/index9.ts", tsWhole());
    const script = folder.keep(
      "in/a.ffconcat",
      ["ffconcat version 1.0", ...names.map((name) => `file ${name}`), "file 'inde'x9.ts", ""].join("\n"),
    );
    for (const name of [...names, "index9.ts"]) {
      const sink = folder.path(`in/${name}`);
      await assertRefused(
        folder,
        remuxing(() => script, () => sink, { ...TS, input: { onopen } }),
        "would overwrite",
      );
    }
  },
);

Deno.test(
  "remux() does not write over what a manifest's template names",
  { ignore: !isEmbedded },
  async () => {
    using folder = new Folder();
    const onopen = withinDirectory(folder.root, { write: true });
    Deno.mkdirSync(folder.path("in"));
    const manifest = folder.path("in/a.mpd");
    const options = { format: "dash", onopen, options: { seg_duration: 1, streaming: 0 } };
    try {
      remuxSync(fixturePath("video.mp4"), manifest, options);
      using _ = Demuxer.openSync(manifest, { onopen });
    } catch {
      return; // a build without DASH
    }
    const names = [...Deno.readDirSync(folder.path("in"))].map(({ name }) => name);
    assert(names.length > 4);
    for (const name of names) folder.keep(`in/${name}`, Deno.readFileSync(folder.path(`in/${name}`)));
    for (const name of names) {
      const sink = folder.path(`in/${name}`);
      const run = remuxing(() => manifest, () => sink, { format: "matroska", input: { onopen } });
      await assertRefused(folder, run, "which it would overwrite");
    }
  },
);

Deno.test("remux() does not write over an image of its sequence", { ignore: !isEmbedded }, async () => {
  using folder = new Folder();
  for (const number of [1, 2, 3]) folder.keep(`i00${number}.png`, fixtureBytes("image.png"));
  const pattern = folder.path("i%03d.png"), sink = folder.path("i002.png");
  const options = {
    format: "image2",
    options: { update: 1 },
    onopen: withinDirectory(folder.root, { write: true }),
    input: { format: "image2", onopen: withinDirectory(folder.root) },
  };
  await assertRefused(folder, remuxing(() => pattern, () => sink, options), "which it would overwrite");
});

Deno.test("Opening a segment while it is being written is an error", async () => {
  using folder = new Folder();
  const { names } = segmentsIn(folder);
  const out = folder.path("out.ts");
  const list = bytesOf(playlistOf(names));
  const onopen = ({ url }: { url: string }) => url === names[2] ? out : folder.path(`in/${url}`);
  const options = { ...TS, url: "other.ts", onopen, input: { format: "hls", onopen } };
  const run = remuxing(() => list, () => out, options);
  await assertRefused(folder, run, `source: is a sink that is being written: ${out}`, "source");
});

Deno.test("A new sink that its own playlist names is an error when it is read", async () => {
  using folder = new Folder();
  folder.keep("a.ts", tsWhole());
  const list = folder.keep("list.m3u8", playlistOf(["a.ts", "new.ts"])), out = folder.path("new.ts");
  const onopen = withinDirectory(folder.root);
  for (const run of [remuxSync, remux]) {
    const message = `source: is a sink that is being written: ${out}`;
    await assertRejects(async () => await run(list, out, { ...TS, input: { onopen } }), TypeError, message);
    Deno.removeSync(out);
  }
});

Deno.test("A file that a playlist no longer names may be written", async () => {
  for (const run of [splitSync, split]) {
    using folder = new Folder();
    const { names, onopen } = segmentsIn(folder);
    const list = folder.keep("in/a.m3u8", playlistOf(names)), moved = folder.path("moved.ts");
    Deno.writeTextFileSync(folder.path("0.ts"), "old, so that it is compared");
    const onsegment = (index: number) => {
      if (index < 2) return folder.path(`${index}.ts`);
      Deno.renameSync(folder.path(`in/${names[0]}`), moved); // it was read
      return moved;
    };
    const { segments } = await run(list, { ...TS, every: 1, input: { onopen }, onsegment });
    assertEquals([segments.length, segments[2]!.bytesWritten], [3, Deno.statSync(moved).size]);
  }
});

Deno.test("Other files with the same names may be written, also in a folder beside the source", async () => {
  using folder = new Folder();
  const { names, onopen } = segmentsIn(folder);
  const list = folder.keep("in/index.m3u8", playlistOf(names));
  Deno.mkdirSync(folder.path("out"));
  const hls = { format: "hls", options: { hls_time: 1 }, onopen, input: { onopen } };
  for (const run of [remuxSync, remux, remuxSync]) { // the second and third write over the first
    await run(list, folder.path("out/index.m3u8"), hls);
    assertEquals(hashes(rowsOf(folder.path("out/index.m3u8"), { onopen })), tsHashes());
  }
  folder.assertKept();
});

// ------------------------------------------------------------------------------------------- standard input

/** A script with `< file`. */
async function withInput(file: string, code: string): Promise<string> {
  const script = await Deno.makeTempFile({ suffix: ".ts" });
  await Deno.writeTextFile(
    script,
    code.replaceAll('"@avio/avio"', JSON.stringify(import.meta.resolve("../mod.ts"))),
  );
  const { stdout, stderr, code: exit } = await shell(
    '"$DENO" run -A --no-check --quiet "$1" < "$2"',
    script,
    file,
  );
  await Deno.remove(script);
  assertEquals(exit, 0, stderr);
  return stdout.trim();
}

Deno.test("Standard input is a source, and is not written over", async () => {
  using folder = new Folder();
  const file = folder.keep("a.ts", tsWhole());
  const link = JSON.stringify(folder.hardLink(file, "b.ts"));
  const remuxed = await withInput(
    file,
    `import { MemorySink, remuxSync } from "@avio/avio";
     console.log(remuxSync(Deno.stdin, new MemorySink(), { format: "mpegts" }).packets);`,
  );
  assertEquals(remuxed, "206");
  for (const call of ["remuxSync(Deno.stdin", "await remux(Deno.stdin", "await remux(Deno.stdin.readable"]) {
    const message = await withInput(
      file,
      `import { remux, remuxSync } from "@avio/avio";
       try { ${call}, ${link}, { format: "mpegts" }); } catch (error) { console.log(error.message); }
       Deno.exit();`,
    );
    assertStringIncludes(message, IS_SOURCE, call);
    folder.assertKept();
  }
});

// ------------------------------------------------------------------------------------------- permissions

Deno.test("A sink without read permission is written, though it can't be compared", async () => {
  using folder = new Folder();
  const out = folder.path("out.ts");
  Deno.writeFileSync(out, new Uint8Array(200_000));
  const sources = new URL("..", import.meta.url).pathname;
  for (const call of ["remuxSync", "await remux"]) {
    const written = await runScriptOk(
      `import { remux, remuxSync } from "@avio/avio";
       console.log((${call}("fixtures/video.ts", ${JSON.stringify(out)})).bytesWritten);`,
      { flags: [`--allow-read=${sources}`, `--allow-write=${out}`, "--allow-ffi", "--allow-env"] },
    );
    assertEquals(Number(written), Deno.statSync(out).size);
  }
});

// ------------------------------------------------------------------------------------------- the command line

function assertFails({ code, stderr }: Outcome, message: string): void {
  assertStringIncludes(stderr, message);
  assertMatch(stderr, /^avio: [^\n]*\n$/);
  assertEquals(code, 1);
}

Deno.test("cli: no command writes over its input", async () => {
  using folder = new Folder();
  const { names } = segmentsIn(folder);
  const [first, y, q, rec, x] = ["a.ts", "y.ts", "q000.ts", "rec0.ts", "x0.ts"].map((name) =>
    folder.keep(name, tsWhole())
  ) as [string, string, string, string, string];
  const list = folder.keep("in/a.m3u8", playlistOf(names));
  const link = folder.hardLink(first, "link.ts");
  const itIs = "Cannot open output: it is the input, which it would overwrite: ";
  assertFails(await avio("remux", first, link), `${itIs}${link}`);
  assertFails(await avio("remux", rec, folder.path("rec.m3u8")), `${itIs}${rec}`);
  assertFails(await avio("remux", x, folder.path("x%d.ts"), "-f", "segment"), `${itIs}${x}`);
  assertFails(await avio("concat", first, y, link), `${itIs}${link}`);
  assertFails(await avio("remux", list, folder.path(`in/${names[2]}`)), `names, which it would overwrite`);
  assertFails(await shell('avio remux - "$1" < "$1"', y), `${itIs}${y}`);
  assertFails(await shell('avio remux - "$1" --timeout 9 < "$1"', y), `${itIs}${y}`);
  assertFails(
    await shell(
      'cd "$2" && "$DENO" run -A "$OLDPWD/cli.ts" split - q%03d.ts --every 1 < "$1"',
      q,
      folder.root,
    ),
    `${itIs}q000.ts`,
  );
  folder.assertKept();
  const mkv = folder.keep("s.mkv", fixtureBytes("subtitles.mkv"));
  assertFails(await avio("extract", mkv, folder.hardLink(mkv, "t.mkv"), "--attachment", "3"), itIs);
  assertFails(await shell('avio extract - "$1" --attachment 3 < "$1"', mkv), itIs);
  folder.assertKept();
});

Deno.test("cli: no command writes over a file that it adds, or over its input by stdout", async () => {
  using folder = new Folder();
  const { names } = segmentsIn(folder);
  const [first, other] = [folder.keep("a.ts", tsWhole()), folder.keep("b.ts", tsWhole())];
  const list = folder.keep("in/a.m3u8", playlistOf(names));
  const picture = folder.keep("c.mp3", probeSync(fixtureBytes("cover.mp3")).covers[0]!.data);
  const font = folder.keep("d.mkv", new Uint8Array(9)),
    film = folder.keep("e.mkv", fixtureBytes("subtitles.mkv"));
  const overwrites = (what: string, name: string) =>
    `Cannot open output: it is ${what}, which it would overwrite: ${name}`;
  const merge = (...args: string[]) => avio("merge", ...args);
  assertFails(await merge(first, "--cover", picture, picture), overwrites("the cover", picture));
  const link = folder.hardLink(picture, "link.mp3");
  assertFails(await merge(first, "--cover", picture, link), overwrites("the cover", link));
  assertFails(await merge(first, "--attach", font, font), overwrites("the attachment", font));
  assertFails(await merge(first, "--chapters", film, film), overwrites("the file with the chapters", film));
  const toStdout = overwrites("the input", "stdout");
  assertFails(await shell('avio remux - - -f mpegts < "$1" >> "$1"', first), toStdout);
  assertFails(await shell('avio remux "$1" - -f mpegts >> "$1"', first), toStdout);
  assertFails(await shell('avio concat "$1" "$2" - -f mpegts >> "$2"', first, other), toStdout);
  assertFails(await shell('avio merge "$1" "$2" - -f mpegts >> "$2"', first, other), toStdout);
  assertFails(
    await shell('avio merge "$1" --cover "$2" - -f mp3 >> "$2"', first, picture),
    overwrites("the cover", "stdout"),
  );
  assertFails(await shell('avio extract "$1" - --attachment 3 >> "$1"', film), toStdout);
  const named = overwrites(`a file that the input ${list} names`, "stdout");
  assertFails(await shell('avio remux "$1" - -f mpegts >> "$2"', list, folder.path(`in/${names[2]}`)), named);
  folder.assertKept();
});
