/**
 * `avio rewrite`: changing tags, dispositions, covers and chapters in place; losses that it refuses, and the files that
 * remain after errors and Ctrl-C.
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Demuxer, probeSync } from "@avio/avio";
import { avio, avioWith, temporaryFolder } from "./support/cli.ts";
import { fixtureBytes, fixturePath, mediaFixtures } from "./support/fixtures.ts";
import { dataByStream } from "./support/packets.ts";
import { joined } from "./support/pieces.ts";
import { isEmbedded, libavformat } from "./support/versions.ts";

const NAMES = mediaFixtures.filter((name) => /\.(mp4|mkv|webm|ts|mp3|ogg|flac|wav|avi|flv)$/.test(name));

/** A folder with a copy of a fixture, or with other bytes under this name. */
function copyOf(name: string, bytes = fixtureBytes(name)) {
  const folder = temporaryFolder();
  const path = folder.path(name);
  Deno.writeFileSync(path, bytes);
  const names = () => [...Deno.readDirSync(folder.path("."))].map(({ name }) => name).toSorted();
  return { ...folder, path, folder: folder.path, names, [Symbol.dispose]: folder[Symbol.dispose] };
}

function times(path: string | Uint8Array): (number | null)[][] {
  using demuxer = Demuxer.openSync(path);
  const times: (number | null)[][] = demuxer.streams.map(() => []);
  for (const { streamIndex, time } of demuxer.packetsSync()) times[streamIndex]!.push(time);
  return times;
}

/** Files with other times afterwards. FFmpeg 5.1's WebM muxer adds the delay of Opus to all of them. */
const shifted = libavformat >= 60 ? /\.(avi|flv)$/ : /\.(avi|flv|webm)$/;

Deno.test("cli: rewrite changes a tag, and no packet, in files of each format", async () => {
  for (const name of NAMES) {
    using file = copyOf(name);
    const expected = dataByStream(fixtureBytes(name));
    const before = times(file.path);
    const { code, stderr } = await avio("rewrite", file.path, "-q", "--metadata", "title=Another");
    const canTag = !name.endsWith(".ts");
    if (canTag) assertEquals([name, code, stderr], [name, 0, ""]);
    else assertMatch(stderr, /this would be lost \(-y rewrites it without\): the tag title\n$/);
    assertEquals(dataByStream(file.path), expected, name);
    if (canTag) assertEquals(probeSync(file.path).tags.title, "Another", name);
    if (!shifted.test(name)) assertEquals(times(file.path), before, name);
    assertEquals(file.names(), [name]);
  }
});

Deno.test("cli: rewrite changes languages, titles, dispositions and chapters, and keeps the rest", async () => {
  using file = copyOf("video.mkv");
  const chapters = file.folder("chapters.txt");
  Deno.writeTextFileSync(
    chapters,
    ";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1\nSTART=0\nEND=2\ntitle=One\n",
  );
  const run = (...flags: string[]) => avio("rewrite", file.path, "-q", ...flags);
  const changed = await run(
    ...["--stream-metadata", "1:language=fra", "--stream-metadata", "audio:title=Son"],
    ...["--disposition", "1=forced+default", "--chapters", chapters],
  );
  assertEquals(changed, { code: 0, stdout: "", stderr: "" });
  const after = probeSync(file.path);
  assertEquals(after.streams[1]!.metadata.language, "fra");
  assertEquals(after.streams[1]!.metadata.title, "Son");
  assertEquals(after.streams[1]!.disposition, ["default", "forced"]);
  assertEquals(after.chapters.map(({ metadata }) => metadata.title), ["One"]);
  assertEquals(after.tags.title, probeSync(fixtureBytes("video.mkv")).tags.title);
  assertEquals((await run("--no-chapters", "--no-metadata")).code, 0);
  assertEquals(probeSync(file.path).chapters, []);
});

Deno.test("cli: rewrite replaces and removes covers", async () => {
  for (const name of ["audio.mp3", "audio.flac", "audio.ogg", "video.mp4", "video.mkv"]) {
    using file = copyOf(name);
    const cover = async (...flags: string[]) => {
      assertEquals(await avio("rewrite", file.path, "-q", ...flags), { code: 0, stdout: "", stderr: "" });
      return probeSync(file.path).covers.map(({ data }) => data);
    };
    const [jpeg, png] = [fixturePath("image.jpeg"), fixturePath("image.png")];
    assertEquals(await cover("--cover", jpeg), [Deno.readFileSync(jpeg)], name);
    assertEquals(await cover("--cover", png), [Deno.readFileSync(png)], name);
    assertEquals(await cover("--metadata", "title=T"), [Deno.readFileSync(png)], name);
    assertEquals(await cover("--no-cover"), [], name);
    assertEquals(dataByStream(file.path), dataByStream(fixtureBytes(name)), name);
  }
});

Deno.test("cli: rewrite moves the index of an mp4 to its front", async () => {
  using file = copyOf("video.mp4");
  const firstBoxes = () => {
    const bytes = Deno.readFileSync(file.path);
    const text = new TextDecoder("latin1").decode(bytes);
    return text.indexOf("moov") < text.indexOf("mdat");
  };
  assertEquals(firstBoxes(), false);
  assertEquals((await avio("rewrite", file.path)).code, 0);
  assertEquals(firstBoxes(), true);
});

Deno.test("cli: rewrite keeps permissions, and follows symbolic links", async () => {
  using file = copyOf("audio.mp3");
  Deno.chmodSync(file.path, 0o604);
  const link = file.folder("link.mp3");
  Deno.symlinkSync("audio.mp3", link);
  assertEquals((await avio("rewrite", link, "--metadata", "title=By link")).code, 0);
  assert(Deno.lstatSync(link).isSymlink);
  assertEquals(Deno.statSync(file.path).mode! & 0o777, 0o604);
  assertEquals(probeSync(file.path).tags.title, "By link");
  assertEquals(file.names(), ["audio.mp3", "link.mp3"]);
});

Deno.test("cli: rewrite with --dry-run does everything but replace the file", async () => {
  using file = copyOf("audio.mp3");
  const { mtime, ino } = Deno.statSync(file.path);
  const { code, stderr } = await avio("rewrite", file.path, "-n", "--metadata", "title=Other");
  assertEquals(code, 0);
  assertMatch(stderr, /audio\.mp3: \d+ packets.*\n.*audio\.mp3 is left as it was: --dry-run\n$/);
  assertEquals([Deno.statSync(file.path).mtime, Deno.statSync(file.path).ino], [mtime, ino]);
  assertEquals(file.names(), ["audio.mp3"]);
});

/** A Matroska file whose end is missing. */
function cutOff(): Uint8Array<ArrayBuffer> {
  return fixtureBytes("video.mkv").slice(0, 20_000);
}

Deno.test("cli: rewrite keeps a file of which something would be lost, except with -y", async () => {
  using file = copyOf("video.mkv", cutOff());
  const before = Deno.readFileSync(file.path);
  const refused = await avio("rewrite", file.path, "--metadata", "title=T");
  assertEquals(refused.code, 1);
  assertMatch(refused.stderr, /is left as it was, this would be lost \(-y rewrites it without\): /);
  assertEquals(Deno.readFileSync(file.path), before);
  assertEquals(file.names(), ["video.mkv"]);
  const allowed = await avio("rewrite", file.path, "-y", "--metadata", "title=T");
  assertEquals(allowed.code, 3);
  assertStringIncludes(allowed.stderr, "warning: ");
  assertEquals(probeSync(file.path).tags.title, "T");
});

/** Data that is no stream, tag, chapter or cover, in files that are otherwise fixtures. */
const hidden: Readonly<Record<string, [string, () => Uint8Array<ArrayBuffer>]>> = {
  "the box uuid": [
    "video.mp4",
    () => joined(fixtureBytes("video.mp4"), [0, 0, 0, 28], "uuid", "0123456789abcdefDATA"),
  ],
  "the ID3 frame POPM": [
    "audio.mp3",
    () =>
      joined(
        "ID3",
        [4, 0, 0, 0, 0, 0, 17],
        "POPM",
        [0, 0, 0, 7, 0, 0],
        "a@b",
        [0, 255, 0, 1],
        fixtureBytes("audio.mp3"),
      ),
  ],
  "the block APPLICATION": ["audio.flac", () => {
    const flac = fixtureBytes("audio.flac"), behind = 8 + 34;
    return joined(flac.subarray(0, behind), [2, 0, 0, 8], "testDATA", flac.subarray(behind));
  }],
  "the chunk iXML": ["audio.wav", () => joined(fixtureBytes("audio.wav"), "iXML", [4, 0, 0, 0], "<a/>")],
};

for (const [what, [name, make]] of Object.entries(hidden)) {
  Deno.test(`cli: rewrite refuses to lose ${what}`, async () => {
    using file = copyOf(name, make());
    const before = Deno.readFileSync(file.path);
    const refused = await avio("rewrite", file.path, "--metadata", "genre=G");
    assertEquals([refused.code, refused.stderr.includes(what)], [1, true], refused.stderr);
    assertEquals(Deno.readFileSync(file.path), before);
    assertEquals((await avio("rewrite", file.path, "-y", "--metadata", "genre=G")).code, 3);
  });
}

Deno.test("cli: rewrite leaves a file that another program has changed meanwhile", async () => {
  using file = copyOf("video.mp4");
  const [one, other] = await Promise.all([
    avio("rewrite", file.path, "--metadata", "title=A"),
    avio("rewrite", file.path, "--metadata", "artist=B"),
  ]);
  const { tags } = probeSync(file.path);
  for (const [run, isThere] of [[one, tags.title === "A"], [other, tags.artist === "B"]] as const) {
    assertEquals(run.code === 0, isThere, run.stderr);
    if (run.code !== 0) assertMatch(run.stderr, /(changed|being replaced) by another program[^;]*$/);
  }
  assertEquals(file.names(), ["video.mp4"]);
});

Deno.test("cli: rewrite does not replace a file that another one is replacing, or was killed while replacing", async () => {
  using file = copyOf("audio.mp3");
  const { ino } = Deno.statSync(file.path);
  const lock = file.folder(`.avio-${ino!.toString(36)}.lock`);
  Deno.writeTextFileSync(lock, "");
  const { code, stderr } = await avio("rewrite", file.path, "--metadata", "title=A");
  assertEquals(code, 1);
  assertStringIncludes(stderr, `${file.path} is being replaced by another program, if there is ${lock}: `);
  assertEquals(file.names(), [lock.slice(file.folder("").length), "audio.mp3"]);
  Deno.removeSync(lock);
  assertEquals((await avio("rewrite", file.path, "--metadata", "title=A")).code, 0);
});

Deno.test("cli: rewrite reports hard links, which would keep the old file", async () => {
  using file = copyOf("audio.mp3");
  const link = file.folder("link.mp3");
  Deno.linkSync(file.path, link);
  const refused = await avio("rewrite", file.path, "--metadata", "title=A");
  assertEquals(refused.code, 1);
  assertStringIncludes(
    refused.stderr,
    "this would be lost (-y rewrites it without): the tie to 1 hard link\n",
  );
  const allowed = await avio("rewrite", file.path, "-y", "--metadata", "title=A");
  assertEquals([allowed.code, probeSync(file.path).tags.title], [3, "A"]);
  assertEquals(probeSync(link).tags.title, "avio test");
});

Deno.test("cli: rewrite refuses a disposition and a tag that the format can't keep", async () => {
  using file = copyOf("audio.wav");
  const disposition = await avio("rewrite", file.path, "--disposition", "0=forced");
  assertEquals(disposition.code, 1);
  assertStringIncludes(disposition.stderr, "the disposition forced of stream 0\n");
  const tag = await avio(
    "rewrite",
    file.path,
    "--metadata",
    "no_such_tag=1",
    "--stream-metadata",
    "0:mood=blue",
  );
  assertStringIncludes(
    tag.stderr,
    "these would be lost (-y rewrites it without): the tag no_such_tag; the tag mood of stream 0\n",
  );
  const allowed = await avio("rewrite", file.path, "-y", "--metadata", "no_such_tag=1");
  assertEquals([allowed.code, allowed.stderr.split("\n")[1]], [3, "warning: the tag no_such_tag is lost"]);
});

Deno.test("cli: rewrite refuses files that it can't rewrite, with the reason", async () => {
  using file = copyOf("audio.mp3");
  const named = file.folder("audio.mkv");
  Deno.copyFileSync(file.path, named);
  const image = file.folder("image.png");
  Deno.copyFileSync(fixturePath("image.png"), image);
  const outcomes = await Promise.all([
    avio("rewrite", "-"),
    avio("rewrite", "https://example.com/a.mp4"),
    avio("rewrite", file.folder("none.mp3")),
    avio("rewrite", file.folder(".")),
    avio("rewrite", named),
    avio("rewrite", named, "-f", "mp3", "-q"),
    avio("rewrite", image),
    avio("rewrite", file.path, "--disposition", "7=forced"),
    avio("rewrite", file.path, "--cover", image, "--no-cover"),
  ]);
  const first = outcomes.map((
    { code, stderr },
  ) => [code, stderr.split("\n")[0]!.replaceAll(file.folder(""), "")]);
  assertEquals(first, [
    [2, "avio: FILE: must be a file, which is replaced"],
    [2, "avio: FILE: must be a file, which is replaced"],
    [1, "avio: Cannot open input: No such file or directory: none.mp3"],
    [1, "avio: Cannot rewrite .: Is a directory"],
    [2, "avio: audio.mkv is mp3, but its name does not say so: give one of -f mp3"],
    [0, ""],
    [1, "avio: Cannot rewrite image.png: png_pipe can't be written"],
    [2, "avio: There is no stream 7 to change in it"],
    [2, "avio: --cover can't be combined with --no-cover"],
  ]);
});

// FFmpeg 5.1 does not read AVIF.
Deno.test({ name: "cli: rewrite refuses a picture", ignore: !isEmbedded }, async () => {
  using file = copyOf("video.mp4");
  const picture = file.folder("picture.avif");
  Deno.writeFileSync(picture, fixtureBytes("video.mp4").with(8, 97).with(9, 118).with(10, 105).with(11, 102));
  const { code, stderr } = await avio("rewrite", picture, "-f", "mp4", "-y");
  assertEquals([code, stderr], [1, `avio: Cannot rewrite ${picture}: it is a picture\n`]);
});

Deno.test("cli: rewrite without the permission to write beside the file leaves it", async () => {
  using file = copyOf("audio.mp3");
  const before = Deno.readFileSync(file.path);
  const flags = ["--allow-ffi", "--allow-read", "--allow-env", `--allow-write=${file.path}`];
  const { code, stderr } = await avioWith({ flags }, "rewrite", file.path);
  assertEquals(code, 1);
  assertStringIncludes(stderr, `avio: Cannot write into the folder ${file.folder("").slice(0, -1)}: `);
  assertEquals(Deno.readFileSync(file.path), before);
  assertEquals(file.names(), ["audio.mp3"]);
});

const STOPS = [["SIGINT", 130, "Ctrl-C"], ["SIGTERM", 143, "SIGTERM"]] as const;
for (const [signal, exit, name] of STOPS) {
  Deno.test(`cli: rewrite leaves the file, and nothing beside it, after ${name}`, async () => {
    const wav = fixtureBytes("audio.wav").slice();
    const view = new DataView(wav.buffer);
    const data = new TextDecoder("latin1").decode(wav).indexOf("data");
    const size = 2_000_000_000; // of zeros that take no place on the disk
    view.setUint32(4, data + size, true);
    view.setUint32(data + 4, size, true);
    using file = copyOf("audio.wav", wav);
    const opened = Deno.openSync(file.path, { write: true });
    opened.truncateSync(data + 8 + size);
    opened.close();
    const { ino } = Deno.statSync(file.path);
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "cli.ts", "rewrite", file.path],
      stderr: "piped",
    }).spawn();
    const text = new Response(child.stderr).text();
    const written = () =>
      file.names().some((name) => name.endsWith(".tmp") && Deno.statSync(file.folder(name)).size > 0);
    while (!written()) await new Promise((resolve) => setTimeout(resolve, 20));
    child.kill(signal);
    assertEquals((await child.status).code, exit);
    assertEquals(await text, `avio: stopped by ${name}\n`);
    assertEquals([Deno.statSync(file.path).ino, file.names()], [ino, ["audio.wav"]]);
  });
}

Deno.test("cli: rewrite refuses to change times: of two files in one, the second begins again", async () => {
  for (const name of ["audio.ogg", "video.mkv"]) {
    const twice = joined(fixtureBytes(name), fixtureBytes(name));
    using file = copyOf(name, twice);
    const { code, stderr } = await avio("rewrite", file.path, "-q", "--metadata", "title=Another");
    assertEquals([name, code], [name, 1]);
    assertStringIncludes(stderr, "its times do not increase: they are changed");
    assertEquals(Deno.readFileSync(file.path), twice);
  }
});
