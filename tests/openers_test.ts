/**
 * The ready-made openers, called directly: what each allows, what it refuses, and what it returns. At the end, that
 * they get `canWait`.
 */
import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import {
  anyOf,
  concat,
  concatSync,
  fromMap,
  type MapFile,
  MemorySink,
  type OpenCallback,
  withinDirectory,
  withinOrigin,
} from "@avio/avio";
import { readRows } from "./support/async.ts";
import { bytesOf, playlistOf, tsSegments, tsWhole } from "./support/many_files.ts";
import { rowsOf } from "./support/packets.ts";

const read = (opener: OpenCallback, url: string) => opener({ url, mode: "read" });
const write = (opener: OpenCallback, url: string) => opener({ url, mode: "write" });

// ------------------------------------------------------------------------------------------- withinDirectory

/** A directory "media" with files and links, beside files that must not be reached. */
class Tree {
  readonly root = Deno.realPathSync(Deno.makeTempDirSync());
  readonly media = `${this.root}/media`;

  constructor() {
    for (const folder of ["media/sub/deep", "media/my dir", "media2", "out"]) {
      Deno.mkdirSync(`${this.root}/${folder}`, { recursive: true });
    }
    for (
      const file of [
        "secret",
        "out/secret",
        "media2/x.ts",
        "media/a.ts",
        "media/sub/b.ts",
        "media/my dir/my seg.ts",
        "media/q.ts?literal=1",
        "media/100%.ts",
        "media/..a.ts",
      ]
    ) Deno.writeTextFileSync(`${this.root}/${file}`, file);
    const links: [string, string][] = [
      ["media/inside.ts", "sub/b.ts"],
      ["media/outside.ts", "../secret"],
      ["media/absolute.ts", `${this.root}/secret`],
      ["media/dangling.ts", "nothing.ts"],
      ["media/dangling-out.ts", "../new.ts"],
      ["media/chain1.ts", "chain2.ts"],
      ["media/chain2.ts", "sub/chain3.ts"],
      ["media/sub/chain3.ts", "../../secret"],
      ["media/good1.ts", "good2.ts"],
      ["media/good2.ts", "a.ts"],
      ["media/loop.ts", "loop.ts"],
      ["media/subdir", "sub"],
      ["media/outdir", "../out"],
      ["media/deadir", "../none"],
      ["media/self", "."],
      ["media/up", ".."],
      ["link", "media"],
    ];
    for (const [path, target] of links) Deno.symlinkSync(target, `${this.root}/${path}`);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.root, { recursive: true });
  }
}

/** What names mean, relative to the directory; null is refused. */
function checkNames(opener: OpenCallback, directory: string, names: Record<string, string | null>): void {
  for (const [url, expected] of Object.entries(names)) {
    assertEquals(read(opener, url), expected === null ? null : `${directory}/${expected}`, url);
  }
}

function refusesAll(opener: OpenCallback, urls: string[]): void {
  for (const url of urls) {
    assertStrictEquals(read(opener, url), null, `read ${url}`);
    assertStrictEquals(write(opener, url), null, `write ${url}`);
  }
}

/**
 * The results of an opener, or the names of its errors, in a process with this working directory and these permissions. This
 * process's own directory is shared with tests that run at the same time.
 */
function resultsFrom(
  cwd: string,
  directory: string,
  requests: { url: string; mode: "read" | "write" }[],
  ...permissions: string[]
): unknown[] {
  const script = `
    import { withinDirectory } from ${
    JSON.stringify(new URL("../io/within_directory.ts", import.meta.url).href)
  };
    const opener = withinDirectory(${JSON.stringify(directory)}, { write: true });
    const answer = (request) => {
      try {
        return opener(request);
      } catch (error) {
        return error.name;
      }
    };
    console.log(JSON.stringify(${JSON.stringify(requests)}.map(answer)));
  `;
  const { stdout, stderr } = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-prompt",
      ...permissions,
      `data:text/typescript,${encodeURIComponent(script)}`,
    ],
    cwd,
    env: { NO_COLOR: "1" },
  }).outputSync();
  assertEquals(new TextDecoder().decode(stderr), "");
  return JSON.parse(new TextDecoder().decode(stdout));
}

function checkNamesFrom(cwd: string, directory: string, names: Record<string, string>): void {
  const requests = Object.keys(names).map((url) => ({ url, mode: "read" as const }));
  assertEquals(resultsFrom(cwd, directory, requests, "--allow-read"), Object.values(names));
}

Deno.test("withinDirectory() returns the absolute path for relative names, absolute paths and file: URLs", () => {
  using tree = new Tree();
  const { media } = tree;
  checkNames(withinDirectory(media), media, {
    "a.ts": "a.ts",
    "./a.ts": "a.ts",
    "sub/b.ts": "sub/b.ts",
    "sub//b.ts": "sub/b.ts",
    "sub/../a.ts": "a.ts",
    "../media/a.ts": "a.ts",
    "..a.ts": "..a.ts",
    [`${media}/a.ts`]: "a.ts",
    [`${media}/sub/../a.ts`]: "a.ts",
    [`${media}/../media/a.ts`]: "a.ts",
    [`file://${media}/a.ts`]: "a.ts",
    [`FILE://${media}/a.ts`]: "a.ts",
    [`file:${media}/a.ts`]: "a.ts",
    [`file://localhost${media}/a.ts`]: "a.ts",
    [`file://${media}/sub/%2e%2e/a.ts`]: "a.ts",
    "12:30:00.ts": "12:30:00.ts",
    "./a:b.ts": "a:b.ts",
  });
});

Deno.test("withinDirectory() takes a directory by path, file: URL, trailing slash or link", () => {
  using tree = new Tree();
  const { root, media } = tree;
  for (const directory of [media, `${media}/`, `${root}/out/../media`, new URL(`file://${media}/`)]) {
    assertEquals(read(withinDirectory(directory), "a.ts"), `${media}/a.ts`);
  }
  assertEquals(read(withinDirectory(`file://${media}`), "a.ts"), `${media}/a.ts`);
  const linked = withinDirectory(`${root}/link`);
  checkNames(linked, `${root}/link`, {
    "a.ts": "a.ts",
    [`${root}/link/a.ts`]: "a.ts",
    [`${media}/a.ts`]: "a.ts",
    "inside.ts": "sub/b.ts",
    "outside.ts": null,
  });
});

Deno.test("withinDirectory() tries a name unchanged, without its query, and percent-decoded", () => {
  using tree = new Tree();
  const { media } = tree;
  const long = "x".repeat(300);
  checkNames(withinDirectory(media), media, {
    "a.ts?token=1": "a.ts",
    "a.ts?token=a/b/../..": "a.ts",
    "a.ts?next=../../../secret": "a.ts",
    "a.ts?u=..%2fsecret": "a.ts",
    [`a.ts?${long}`]: "a.ts",
    [`${media}/a.ts?token=1`]: "a.ts",
    "q.ts?literal=1": "q.ts?literal=1",
    [`${media}/q.ts?literal=1`]: "q.ts?literal=1",
    "q.ts%3Fliteral=1": "q.ts?literal=1",
    "my dir/my seg.ts": "my dir/my seg.ts",
    "my%20dir/my%20seg.ts": "my dir/my seg.ts",
    [`${media}/my%20dir/my%20seg.ts?x`]: "my dir/my seg.ts",
    [`file://${media}/my%20dir/my%20seg.ts?x`]: "my dir/my seg.ts",
    [`file://${media}/q.ts%3Fliteral=1`]: "q.ts?literal=1",
    [`file://${media}/a.ts?token=1#here`]: "a.ts",
    "100%.ts": "100%.ts",
    "100%25.ts": "100%.ts",
    [`file://${media}/100%.ts`]: null,
  });
});

Deno.test("withinDirectory() returns a path for a missing file, so that opening it reports the error", () => {
  using tree = new Tree();
  const { media } = tree;
  const opener = withinDirectory(media);
  checkNames(opener, media, {
    "none.ts": "none.ts",
    "none.ts?x": "none.ts?x",
    "none/none/a.ts": "none/none/a.ts",
    "subdir/none.ts": "sub/none.ts",
    "a.ts/none.ts": "a.ts/none.ts",
    "....//....//secret": "..../..../secret",
    "%252e%252e/secret": "%252e%252e/secret",
  });
  assertThrows(() => Deno.openSync(read(opener, "none.ts") as string), Deno.errors.NotFound);
});

Deno.test("withinDirectory() refuses impossible paths at once", async () => {
  using tree = new Tree();
  const { media } = tree;
  const opener = withinDirectory(media, { write: true });
  for (const length of [2049, 16_000, 250_000]) {
    for (const name of ["a/".repeat(length) + "b", `file://${media}/${"a/".repeat(length)}b`]) {
      assertEquals([read(opener, name), write(opener, name)], [null, null], `${length} parts`);
      assertEquals(await opener({ url: name, mode: "read", canWait: true }), null);
    }
  }
  assertEquals(read(opener, "\u00fc".repeat(2049)), null, "bytes count");
  const deep = `${"a/".repeat(1500)}b`;
  assertEquals(read(opener, deep), `${media}/${deep}`); // so that opening it reports the error
  assertEquals(read(opener, `a.ts?${"token".repeat(2000)}`), `${media}/a.ts`);
});

Deno.test("withinDirectory() refuses everything outside", () => {
  using tree = new Tree();
  const { root, media } = tree;
  refusesAll(withinDirectory(media, { write: true }), [
    "",
    ".",
    "./",
    "/",
    "..",
    "sub/..",
    media,
    `${media}/`,
    `file://${media}`,
    `file://${media}/`,
    "../secret",
    "sub/../../secret",
    "../media2/x.ts",
    "none/../../secret",
    `${root}/secret`,
    `${media}2/x.ts`,
    `${media}/../secret`,
    "/etc/passwd",
    "a.ts\0",
    "\0",
    `file://${media}/a.ts%00`,
  ]);
});

Deno.test("withinDirectory() refuses encoded slashes and dots, backslashes, hosts and schemes", () => {
  using tree = new Tree();
  const { root, media } = tree;
  refusesAll(withinDirectory(media, { write: true }), [
    "..%2fsecret",
    "..%2Fsecret",
    "%2e%2e/secret",
    "%2E%2E/secret",
    ".%2e/secret",
    "%2e./secret",
    "%2e%2e",
    "%2e",
    "sub/%2e%2e/%2e%2e/secret",
    "%2e%2e%2fsecret",
    "..%5csecret",
    "a.ts%00.ts",
    `${media}/%2e%2e/secret`,
    `${media}/..%2fsecret`,
    "..\\secret",
    "sub\\b.ts",
    "\\\\host\\share",
    "C:\\secret",
    "C:/secret",
    "c:secret",
    "//host/path",
    `//${media.slice(1)}/a.ts`,
    `/${media}/a.ts`,
    "file:///etc/passwd",
    "FILE:///etc/passwd",
    "FILE:///",
    "file:///",
    "file:",
    "file:a.ts",
    "file:relative",
    "file:../secret",
    `file://host${media}/a.ts`,
    "file://host/x",
    "file://[",
    `file://${root}/secret`,
    `file://${media}/../secret`,
    `file://${media}/%2e%2e/secret`,
    `file://${media}/..%2fsecret`,
    `file://${media}/%zz`,
    "http://example.com/a.ts",
    "https:a.ts",
    "HTTP:a.ts",
    "data:text/plain,a",
    "crypto:a.ts",
    `crypto+file:${media}/a.ts`,
    "concat:a.ts|b.ts",
    "concatf:a.ts",
    "subfile:a.ts",
    "subfile,,start,0,end,9,,:a.ts",
    `subfile,,start,0,end,9,,:${media}/a.ts`,
    "pipe:0",
    "pipe:",
    "fd:",
    "async:cache:a.ts",
  ]);
});

Deno.test("withinDirectory() follows links inside, and returns their targets", () => {
  using tree = new Tree();
  const { media } = tree;
  checkNames(withinDirectory(media), media, {
    "inside.ts": "sub/b.ts",
    "good1.ts": "a.ts",
    "subdir/b.ts": "sub/b.ts",
    "self/self/a.ts": "a.ts",
    "subdir/../a.ts": "a.ts", // by name, not where ".." of the link's target leads
    "up/media/a.ts": "a.ts",
  });
});

Deno.test("withinDirectory() refuses links that lead out or nowhere", () => {
  using tree = new Tree();
  const { media } = tree;
  const opener = withinDirectory(media, { write: true });
  const names = [
    "outside.ts",
    "absolute.ts",
    "dangling.ts",
    "dangling-out.ts",
    "chain1.ts",
    "chain2.ts",
    "sub/chain3.ts",
    "loop.ts",
    "loop.ts/a.ts",
    "outdir",
    "outdir/secret",
    "outdir/new.ts",
    "outdir/new/new.ts",
    "deadir/new.ts",
    "deadir/new/new.ts",
    "self",
    "up",
    "up/secret",
    "up/new.ts",
    "subdir/chain3.ts",
  ];
  refusesAll(opener, names);
  refusesAll(opener, names.map((name) => `${media}/${name}`));
  refusesAll(opener, names.map((name) => `file://${media}/${name}`));
  for (const name of names) assertStrictEquals(read(opener, `${name}?x=1`), null, name);
  assertStrictEquals(read(opener, "out%73ide.ts"), null);
});

Deno.test("withinDirectory() refuses writing without `write`, and uses names unchanged with it", () => {
  using tree = new Tree();
  const { media } = tree;
  for (const opener of [withinDirectory(media), withinDirectory(media, { write: false })]) {
    for (const name of ["a.ts", "new.ts", `${media}/new.ts`]) assertStrictEquals(write(opener, name), null);
  }
  const opener = withinDirectory(media, { write: true });
  assertEquals(read(opener, "a.ts"), `${media}/a.ts`);
  const names = {
    "a.ts": "a.ts",
    "new.ts": "new.ts",
    "a.ts?x=1": "a.ts?x=1",
    "my%20new.ts": "my%20new.ts",
    "subdir/new.ts": "sub/new.ts",
    "inside.ts": "sub/b.ts",
    "none/new.ts": "none/new.ts",
    [`${media}/new.ts`]: "new.ts",
    [`file://${media}/my%20new.ts?x`]: "my new.ts",
  };
  for (const [url, expected] of Object.entries(names)) {
    assertEquals(write(opener, url), `${media}/${expected}`, url);
  }
});

Deno.test("withinDirectory() knows names that lead into the directory from the working directory", () => {
  using tree = new Tree();
  const { root, media } = tree;
  Deno.mkdirSync(`${media}/media`);
  Deno.writeTextFileSync(`${media}/media/twice.ts`, "");
  for (const directory of ["media", media]) {
    checkNamesFrom(root, directory, {
      "media/a.ts": `${media}/a.ts`,
      "./media/a.ts?x": `${media}/a.ts`,
      "media/twice.ts": `${media}/media/twice.ts`,
      "a.ts": `${media}/a.ts`,
      "secret": `${media}/secret`,
    });
  }
  checkNamesFrom(`${root}/out`, "../media", {
    "../media/a.ts": `${media}/a.ts`,
    "a.ts": `${media}/a.ts`,
    "secret": `${media}/secret`,
  });
  checkNamesFrom(`${media}/sub`, media, { "a.ts": `${media}/a.ts`, "b.ts": `${media}/b.ts` });
  checkNamesFrom(`${media}/sub`, ".", { "b.ts": `${media}/sub/b.ts` });
});

Deno.test("withinDirectory() writes to names relative to the working directory", () => {
  using tree = new Tree();
  const { root, media } = tree;
  const requests = ["media/new.ts", "new.ts"].map((url) => ({ url, mode: "write" as const }));
  assertEquals(resultsFrom(root, "./media/", requests, "--allow-read"), [
    `${media}/new.ts`,
    `${media}/new.ts`,
  ]);
});

Deno.test("withinDirectory() needs read permission only for the directory", () => {
  using tree = new Tree();
  const { root } = tree;
  const urls = ["a.ts", "inside.ts", "none.ts", "outside.ts", "/etc/passwd", "../secret", "outdir/new.ts"];
  const requests = urls.map((url) => ({ url, mode: "read" as const }));
  assertEquals(
    resultsFrom(root, "link", requests, `--allow-read=${root}/link`),
    [`${root}/link/a.ts`, `${root}/link/sub/b.ts`, `${root}/link/none.ts`, null, null, null, null],
  );
});

Deno.test("withinDirectory() throws for files without permission in the directory", () => {
  using tree = new Tree();
  const { root } = tree;
  const requests = ["a.ts", "sub/b.ts"].map((url) => ({ url, mode: "read" as const }));
  assertEquals(
    resultsFrom(root, "media", requests, "--allow-read=media", "--deny-read=media/sub"),
    [`${root}/media/a.ts`, "NotCapable"],
  );
});

Deno.test("withinDirectory() checks its arguments", () => {
  using tree = new Tree();
  const { media } = tree;
  const wrong: [unknown, unknown, string][] = [
    [undefined, {}, "directory: "],
    [7, {}, "directory: "],
    ["", {}, "directory: "],
    ["a\0b", {}, "directory: "],
    [new URL("http://example.com/"), {}, "directory: "],
    [media, null, "options: "],
    [media, [], "options: "],
    [media, { write: 1 }, "write: "],
  ];
  for (const [directory, options, message] of wrong) {
    assertThrows(() => withinDirectory(directory as string, options as object), TypeError, message);
  }
  assertThrows(() => withinDirectory(`${media}/none`), Deno.errors.NotFound);
  assertThrows(() => withinDirectory(`${media}/a.ts`), Deno.errors.NotADirectory, "directory: ");
});

// ------------------------------------------------------------------------------------------- withinOrigin

Deno.test("withinOrigin() returns absolute URLs of its origin", () => {
  for (const origin of ["https://example.com", "https://EXAMPLE.com:443/", new URL("https://example.com")]) {
    const opener = withinOrigin(origin);
    const urls: Record<string, string> = {
      "a.ts": "https://example.com/a.ts",
      "/x/../a.ts?b#c": "https://example.com/a.ts?b#c",
      "//example.com/a.ts": "https://example.com/a.ts",
      "https://example.com:443/a.ts": "https://example.com/a.ts",
      "HTTPS://Example.COM/a%2Fb.ts": "https://example.com/a%2Fb.ts",
      "https:\\\\example.com\\a.ts": "https://example.com/a.ts",
    };
    for (const [url, expected] of Object.entries(urls)) assertEquals(read(opener, url), expected, url);
  }
  assertEquals(read(withinOrigin("http://[::1]:8080"), "http://[::1]:8080/a"), "http://[::1]:8080/a");
});

Deno.test("withinOrigin() refuses other origins and schemes, credentials, and writing", () => {
  const opener = withinOrigin("https://example.com");
  refusesAll(opener, [
    "",
    "a.ts\0",
    "http://example.com/a.ts",
    "https://example.com:8443/a.ts",
    "https://example.com.evil.org/a.ts",
    "https://sub.example.com/a.ts",
    "https://example.com@evil.org/a.ts",
    "https://user:pass@example.com/a.ts",
    "https://user@example.com/a.ts",
    "https://:pass@example.com/a.ts",
    "//evil.org/a.ts",
    "\\\\evil.org\\a.ts",
    "/\\evil.org/a.ts",
    "\t//evil.org/a.ts",
    "https://",
    "https://[",
    "blob:https://example.com/a.ts",
    "filesystem:https://example.com/a.ts",
    "ws://example.com/a.ts",
    "ftp://example.com/a.ts",
    "file:///etc/passwd",
    "data:text/plain,a",
    "crypto:https://example.com/a.ts",
    "crypto+https://example.com/a.ts",
    "concat:a.ts",
  ]);
  assertStrictEquals(write(opener, "a.ts"), null);
  assertStrictEquals(write(opener, "https://example.com/a.ts"), null);
});

Deno.test("withinOrigin() with a path stays below it", () => {
  for (const path of ["/media/", "/media", "media", "/x/../media/", "/%2e/media"]) {
    const opener = withinOrigin("https://example.com", { path });
    const urls: Record<string, string | null> = {
      "a.ts": "https://example.com/media/a.ts",
      "sub/../a.ts": "https://example.com/media/a.ts",
      "/media/a%20b.ts?u=..%2f": "https://example.com/media/a%20b.ts?u=..%2f",
      "https://example.com/media/a.ts": "https://example.com/media/a.ts",
      "https://example.com/x/../media/a.ts": "https://example.com/media/a.ts",
      "/media2/x": null,
      "/media": null,
      "/": null,
      "../x": null,
      "/media/../x": null,
      "/media/%2e%2e/x": null,
      "/media/.%2E/x": null,
      "\\x": null,
      "..\\x": null,
      "/media/..%2fx": null,
      "/media/..%2Fx": null,
      "/media/..%5cx": null,
      "/media/..%252fx": null,
      "/media/%252e%252e/x": null,
      "/media%2fa.ts": null,
      "/MEDIA/a.ts": null,
      "https://evil.org/media/a.ts": null,
    };
    for (const [url, expected] of Object.entries(urls)) assertEquals(read(opener, url), expected, url);
  }
  const doubled = withinOrigin("https://example.com", { path: "//evil.org/" });
  assertEquals(read(doubled, "a.ts"), "https://example.com//evil.org/a.ts");
});

Deno.test("withinOrigin() checks its arguments", () => {
  const origins = [
    undefined,
    7,
    "",
    "example.com",
    "/media",
    "file:///srv",
    "ftp://example.com",
    "blob:https://example.com/",
    "https://user@example.com",
    "https://example.com/media/",
    "https://example.com/?x",
    "https://example.com/#x",
    new URL("https://example.com/media/"),
  ];
  for (const origin of origins) {
    assertThrows(() => withinOrigin(origin as string), TypeError, "origin: ", String(origin));
  }
  const origin = "https://example.com";
  assertThrows(() => withinOrigin(origin, null as never), TypeError, "options: ");
  assertThrows(() => withinOrigin(origin, { path: 7 as never }), TypeError, "path: ");
  assertThrows(() => withinOrigin(origin, { path: "/a%2fb/" }), TypeError, "path: ");
});

// ------------------------------------------------------------------------------------------- fromMap

/** A sink that has been written, or that can't be read now. */
class Written extends MemorySink {
  readonly content: () => Uint8Array<ArrayBuffer>;

  constructor(content: () => Uint8Array<ArrayBuffer>) {
    super();
    this.content = content;
  }

  override bytes(): Uint8Array<ArrayBuffer> {
    return this.content();
  }
}

Deno.test("fromMap() reads the Map's files, by name with or without ./", () => {
  const bytes = new Uint8Array([1]);
  const buffer = new ArrayBuffer(2);
  const blob = new Blob(["abc"]);
  const written = new Uint8Array([4]);
  const opener = fromMap(
    new Map<string, MapFile>([
      ["a.ts", bytes],
      ["sub/b.ts", buffer],
      ["./c.ts", blob],
      ["d.ts", new Written(() => written)],
      ["e.ts", bytes],
      ["./e.ts", buffer],
    ]),
  );
  const found: Record<string, MapFile | null> = {
    "a.ts": bytes,
    "./a.ts": bytes,
    "././a.ts": bytes,
    "sub/b.ts": buffer,
    "c.ts": blob,
    "./c.ts": blob,
    "d.ts": written,
    "e.ts": bytes,
    "./e.ts": buffer,
    "A.ts": null,
    "a.ts?x": null,
    "sub/../a.ts": null,
    "sub/./b.ts": null,
    "/a.ts": null,
    "a%2ets": null,
    "": null,
    "./": null,
    "__proto__": null,
  };
  for (const [url, expected] of Object.entries(found)) assertStrictEquals(read(opener, url), expected, url);
});

Deno.test("fromMap() puts a new MemorySink into the Map, replacing an entry of that name", () => {
  const files = new Map<string, MapFile>([["./old.ts", new Uint8Array([1])]]);
  const opener = fromMap(files);
  const first = write(opener, "./new.ts");
  assert(first instanceof MemorySink);
  assertStrictEquals(files.get("new.ts"), first);
  const second = write(opener, "new.ts");
  assert(second instanceof MemorySink && second !== first);
  assertStrictEquals(files.get("new.ts"), second);
  assertStrictEquals(write(opener, "old.ts"), files.get("./old.ts"));
  assert(files.get("./old.ts") instanceof MemorySink);
  assertEquals([...files.keys()], ["./old.ts", "new.ts"]);
  assertEquals(read(opener, "new.ts"), new Uint8Array(0));
  for (const name of ["", "./"]) assertStrictEquals(write(opener, name), null);
  assertEquals(files.size, 2);
});

Deno.test("fromMap() throws where a MemorySink is being written, or the Map has something else", () => {
  const busy = new Error("busy");
  const files = new Map<string, MapFile>([
    [
      "busy.ts",
      new Written(() => {
        throw busy;
      }),
    ],
    ["text.ts", "text" as never],
    ["none.ts", undefined as never],
  ]);
  const opener = fromMap(files);
  const error = assertThrows(
    () => read(opener, "./busy.ts"),
    Error,
    "Cannot read busy.ts while it is written",
  );
  assertStrictEquals(error.cause, busy);
  assertThrows(() => read(opener, "text.ts"), TypeError, "files: text.ts");
  assertThrows(() => read(opener, "none.ts"), TypeError, "files: none.ts");
});

Deno.test("fromMap() checks its argument", () => {
  for (const files of [undefined, null, {}, [], "a"]) {
    assertThrows(() => fromMap(files as never), TypeError, "files: must be a Map");
  }
});

// ------------------------------------------------------------------------------------------- canWait

/** Fails if a synchronous file call is made. */
async function withoutSyncCalls<T>(work: () => Promise<T>): Promise<T> {
  const names = ["realPathSync", "lstatSync", "statSync", "openSync", "readDirSync", "readLinkSync"] as const;
  const originals = names.map((name) => [name, Deno[name]] as const);
  for (const name of names) {
    Object.assign(Deno, {
      [name]() {
        throw new Error(`Deno.${name} was called`);
      },
    });
  }
  try {
    return await work();
  } finally {
    Object.assign(Deno, Object.fromEntries(originals));
  }
}

Deno.test("withinDirectory() accesses files asynchronously if it can wait, and returns the same", async () => {
  using tree = new Tree();
  const { media } = tree;
  const opener = withinDirectory(media, { write: true });
  const urls = [
    ...["a.ts", "a.ts?x=1", "my%20dir/my%20seg.ts", "none.ts", "../secret", "outside.ts", "dangling.ts"],
    ...["inside.ts", "loop.ts/a.ts", "outdir/new.ts", "subdir/none.ts", `file://${media}/a.ts`, "http://a/b"],
  ];
  for (const mode of ["read", "write"] as const) {
    for (const url of urls) {
      const answer = await withoutSyncCalls(async () => await opener({ url, mode, canWait: true }));
      assertStrictEquals(answer, opener({ url, mode }), `${mode} ${url}`);
      assertStrictEquals(answer, opener({ url, mode, canWait: false }), `${mode} ${url}`);
    }
  }
});

Deno.test("onopen gets canWait: true in the async API, false in the sync one", async () => {
  const reported: unknown[] = [];
  const onopen: OpenCallback = ({ url, canWait }) => {
    reported.push(canWait);
    return tsSegments().get(url);
  };
  const playlist = bytesOf(playlistOf(["index0.ts", "index1.ts"]));
  assert(rowsOf(playlist, { onopen }).length > 0);
  assertEquals(new Set(reported), new Set([false]));
  reported.length = 0;
  assert((await readRows(playlist, { onopen })).length > 0);
  assertEquals(new Set(reported), new Set([true]));
});

// ------------------------------------------------------------------------------------------- anyOf

/** All orders of the values. */
function orders<T>(values: T[]): T[][] {
  if (values.length < 2) return [values];
  return values.flatMap((value, index) => orders(values.toSpliced(index, 1)).map((rest) => [value, ...rest]));
}

Deno.test("anyOf() of directories, an origin and a Map: the one that has the file serves it, in any order, sync and async", async () => {
  using tree = new Tree();
  const { media, root } = tree;
  const bytes = new Uint8Array([1]);
  const openers = [
    withinDirectory(media),
    withinDirectory(`${root}/media2`),
    withinOrigin("https://example.com"),
    fromMap(new Map([["m.ts", bytes]])),
  ];
  const names: Record<string, unknown> = {
    "a.ts": `${media}/a.ts`,
    "sub/b.ts": `${media}/sub/b.ts`,
    "x.ts": `${root}/media2/x.ts`,
    "m.ts": bytes,
    "./m.ts": bytes,
    "https://example.com/a.ts": "https://example.com/a.ts",
    "https://evil.org/a.ts": null,
    [`${root}/secret`]: `https://example.com${root}/secret`,
  };
  for (const order of orders(openers)) {
    const opener = anyOf(...order);
    for (const [url, expected] of Object.entries(names)) {
      assertStrictEquals(read(opener, url), expected, url);
      const answer = withoutSyncCalls(async () => await opener({ url, mode: "read", canWait: true }));
      assertStrictEquals(await answer, expected, url);
    }
  }
});

Deno.test("anyOf(): for a missing file the first that allows it is used, so that opening it reports the error", async () => {
  using tree = new Tree();
  const { media, root } = tree;
  const [first, second] = [withinDirectory(media), withinDirectory(`${root}/media2`)];
  const origin = withinOrigin("https://example.com");
  assertEquals(read(anyOf(first, second), "none.ts"), `${media}/none.ts`);
  assertEquals(read(anyOf(second, first), "none.ts"), `${root}/media2/none.ts`);
  assertEquals(
    await anyOf(second, first)({ url: "none.ts", mode: "read", canWait: true }),
    `${root}/media2/none.ts`,
  );
  assertEquals(read(anyOf(fromMap(new Map()), first), "a.ts/none.ts"), `${media}/a.ts/none.ts`);
  assertEquals(read(anyOf(first, origin), "none.ts"), "https://example.com/none.ts", "it may be there");
  assertStrictEquals(read(anyOf(first, second), "../secret"), null);
  assertStrictEquals(read(anyOf(), "a.ts"), null);
  assertEquals(read(anyOf(anyOf(first), anyOf(second)), "x.ts"), `${root}/media2/x.ts`);
});

Deno.test("anyOf(): for writing the first that allows it is used", () => {
  using tree = new Tree();
  const { media } = tree;
  const files = new Map<string, MapFile>();
  const directory = withinDirectory(media, { write: true });
  assertEquals(write(anyOf(withinDirectory(media), directory, fromMap(files)), "new.ts"), `${media}/new.ts`);
  assertEquals(files.size, 0);
  assert(write(anyOf(fromMap(files), directory), "new.ts") instanceof MemorySink);
  assertStrictEquals(
    write(anyOf(withinDirectory(media), withinOrigin("https://example.com")), "new.ts"),
    null,
  );
});

Deno.test("anyOf() takes any opener: URLs, null, promises if it can wait, and throws its exceptions", async () => {
  using tree = new Tree();
  const file = new URL(`file://${tree.media}/a.ts`);
  const none = new URL(`file://${tree.media}/none.ts`);
  const bytes = new Uint8Array(1);
  assertStrictEquals(read(anyOf(() => undefined, () => none, () => file), "x"), file);
  assertStrictEquals(read(anyOf(() => {}, () => none, () => null), "x"), none);
  const later = anyOf(() => Promise.resolve(null), () => Promise.resolve(bytes));
  assertStrictEquals(await later({ url: "x", mode: "read", canWait: true }), bytes);
  assertThrows(() => read(later, "x"), TypeError, "promise");
  const reason = new Error("the program's own");
  const throwing = anyOf(() => {
    throw reason;
  }, () => bytes);
  assertStrictEquals(assertThrows(() => read(throwing, "x")), reason);
  for (const wrong of [null, "a", {}]) {
    assertThrows(() => anyOf(() => null, wrong as never), TypeError, "openers[1]: ");
  }
});

Deno.test("anyOf(): playlists of two folders, read one after the other", async () => {
  using tree = new Tree();
  const names = [...tsSegments().keys()].filter((name) => name.endsWith(".ts"));
  for (const folder of ["one", "two"]) {
    Deno.mkdirSync(`${tree.root}/${folder}`);
    for (const name of names) {
      Deno.writeFileSync(`${tree.root}/${folder}/${folder}-${name}`, tsSegments().get(name)!);
    }
    const playlist = playlistOf(names.map((name) => `${folder}-${name}`));
    Deno.writeTextFileSync(`${tree.root}/${folder}/index.m3u8`, playlist);
  }
  const sources = ["one", "two"].map((folder) => `${tree.root}/${folder}/index.m3u8`);
  const openers = ["one", "two"].map((folder) => withinDirectory(`${tree.root}/${folder}`));
  const whole = rowsOf(tsWhole()).length;
  for (const order of orders(openers)) {
    const input = { onopen: anyOf(...order) };
    const synced = new MemorySink();
    assertEquals(concatSync(sources, synced, { format: "matroska", input }).packets, 2 * whole);
    const awaited = new MemorySink();
    assertEquals((await concat(sources, awaited, { format: "matroska", input })).packets, 2 * whole);
  }
});
