/**
 * The boundary to native code: symbols.ts against the C header, which folder may import what, permissions, and that
 * native memory is neither visible nor leaked.
 */
import { assert, assertEquals, assertLessOrEqual, assertStringIncludes } from "@std/assert";
import { Demuxer, IOContext, MemorySink, Packet, probeSync, remuxSync, versions } from "@avio/avio";
import { VERSION } from "../ffi/library_paths.ts";
import {
  ABI_VERSION,
  Direction,
  Event,
  Flag,
  Holds,
  IndexRow,
  IOFlag,
  IOKind,
  openModes,
  operations,
  RemuxState,
  Request,
  Route,
  Row,
  SavedState,
  SetWhat,
  Slot,
  symbols,
  Warnings,
} from "../ffi/symbols.ts";
import { readerOf } from "./support/devices.ts";
import { fixtureBytes } from "./support/fixtures.ts";
import { rowsOf } from "./support/packets.ts";
import { runScript, runScriptOk } from "./support/subprocess.ts";

const root = new URL("../", import.meta.url).pathname;
const header = Deno.readTextFileSync(`${root}shim/avs.h`);
const code = header.replace(/\/\*[\s\S]*?\*\//g, "");

// ------------------------------------------------------------------------------------------- the header

/** C's types as Deno.dlopen calls them. */
function typeOf(declaration: string): string {
  const text = declaration.replace(/\bconst\b/g, "").trim();
  if (text.includes("*")) return "buffer";
  if (text.startsWith("avs_callback")) return "function";
  const names: Record<string, string> = { uint32_t: "u32", int32_t: "i32", double: "f64", void: "void" };
  const type = names[text.split(/\s+/)[0]!];
  assert(type, `no rule for ${declaration}`);
  return type;
}

function declarations(): Record<string, { parameters: string[]; result: string }> {
  const found: Record<string, { parameters: string[]; result: string }> = {};
  for (const [, result, name, list] of code.matchAll(/^AVS_API\s+([^;(]*?)\b(avs_\w+)\(([^)]*)\);/gm)) {
    const parameters = list!.trim() === "void" ? [] : list!.split(",").map(typeOf);
    found[name!] = { parameters, result: typeOf(result!) };
  }
  return found;
}

/** Values of the enumerators whose names start with the prefix, without it. */
function enumerators(prefix: string): Record<string, number> {
  const found: Record<string, number> = {};
  for (const [, body] of code.matchAll(/enum\s*\w*\s*\{([^}]*)\}/g)) {
    let next = 0;
    for (const item of body!.split(",").map((text) => text.trim()).filter((text) => text !== "")) {
      const [name, value] = item.split("=").map((text) => text.trim());
      next = value === undefined ? next : Number(value);
      if (name!.startsWith(prefix)) found[name!.slice(prefix.length)] = next;
      next++;
    }
  }
  return found;
}

Deno.test("The functions of avs.h and the symbols are the same, with the same types", () => {
  const inHeader = declarations();
  assert(Object.keys(inHeader).length > 20);
  const inTypeScript = Object.fromEntries(
    Object.entries(symbols).map(([name, { parameters, result }]) => [
      name,
      { parameters: [...parameters] as string[], result: result as string },
    ]),
  );
  assertEquals(Object.keys(inTypeScript).sort(), Object.keys(inHeader).sort());
  assertEquals(
    inTypeScript,
    Object.fromEntries(Object.keys(inTypeScript).map((name) => [name, inHeader[name]!])),
  );
});

Deno.test("avs_run, the only symbol that can call back, returns void; the nonblocking one gets no buffer", () => {
  assertEquals(symbols.avs_run.result, "void");
  const nonblocking = Object.entries(symbols).filter(([, symbol]) => "nonblocking" in symbol);
  assertEquals(nonblocking.map(([name, { parameters }]) => [name, parameters]), [[
    "avs_wait_events",
    ["u32", "u32"],
  ]]);
  // request() is only reached through operations: their table, the callbacks of io.c and nested.c, remux.c.
  const names = ["", "input/", "output/", "remux/"].flatMap((folder) =>
    [...Deno.readDirSync(`${root}shim/${folder}`)].map(({ name }) => folder + name)
  );
  const callers = names.filter((name) =>
    name.endsWith(".c") &&
    /[ =]request\((io|channel->opener|session->channel.transformer), /.test(
      Deno.readTextFileSync(`${root}shim/${name}`),
    )
  );
  assertEquals(callers.toSorted(), ["io.c", "nested.c", "remux/remux.c"]);
});

Deno.test("Constants of the header and of symbols.ts are equal", () => {
  assertEquals(Number(/#define AVS_ABI_VERSION (\d+)/.exec(header)![1]), ABI_VERSION);
  const { INPUT, OUTPUT } = enumerators("AVS_");
  assertEquals({ INPUT, OUTPUT }, { ...Direction });
  assertEquals(enumerators("AVS_REQUEST_"), { ...Request });
  assertEquals(enumerators("AVS_EVENT_"), { ...Event });
  const { RESULT, ...slots } = Slot;
  assertEquals(RESULT, 0);
  assertEquals(enumerators("AVS_SLOT_"), slots);
  assertEquals(enumerators("AVS_FLAG_"), { ...Flag });
  assertEquals(enumerators("AVS_WARNING_"), { ...Warnings });
  assertEquals(enumerators("AVS_SET_"), { ...SetWhat });
  assertEquals(enumerators("AVS_ROW_"), { ...Row });
  assertEquals(enumerators("AVS_INDEX_"), { ...IndexRow });
  const { CALLBACKS, MEMORY_INPUT, MEMORY_OUTPUT, OPENER, TRANSFORMER, ...flags } = enumerators("AVS_IO_");
  assertEquals({ CALLBACKS, MEMORY_INPUT, MEMORY_OUTPUT, OPENER, TRANSFORMER }, { ...IOKind });
  assertEquals(flags, { ...IOFlag });
  const modes = Object.entries(enumerators("AVS_OPEN_")).toSorted(([, a], [, b]) => a - b);
  assertEquals(modes.map(([name]) => name.toLowerCase()), [...openModes]);
  assertEquals(enumerators("AVS_REMUX_"), { ...RemuxState });
  assertEquals(enumerators("AVS_HOLDS_"), { ...Holds });
  assertEquals(enumerators("AVS_ROUTE_"), { ...Route });
  assertEquals(enumerators("AVS_SAVED_"), { ...SavedState });
});

Deno.test("Operations of the header and of symbols.ts are equal", () => {
  const camel = (name: string) => name.toLowerCase().replace(/_(\w)/g, (_, letter) => letter.toUpperCase());
  const inHeader = Object.fromEntries(
    Object.entries(enumerators("AVS_OP_")).map(([name, value]) => [camel(name), value]),
  );
  const inTypeScript = Object.fromEntries(Object.entries(operations).map(([name, { code }]) => [name, code]));
  assertEquals(inTypeScript, inHeader);
});

/** The value of a constant in a TypeScript file. */
function constantOf(path: string, name: string): number {
  const text = Deno.readTextFileSync(root + path);
  return valueOf(new RegExp(`\\bconst ${name} = ([^;]+);`).exec(text)?.[1], `${name} in ${path}`);
}

/** The enumerators in a C file. */
function localEnumerators(path: string): Record<string, number> {
  const text = Deno.readTextFileSync(root + path).replace(/\/\*[\s\S]*?\*\//g, "");
  return Object.fromEntries(
    [...text.matchAll(/^ *enum \{ ([^}]*) \};/gm)].flatMap(([, list]) => list!.split(","))
      .map((item) => item.split("=").map((side) => side.trim()))
      .filter(([, value]) => value !== undefined && /^[\d\s*]+$/.test(value))
      .map(([name, value]) => [name!, valueOf(value, name!)]),
  );
}

/** The value of a product of whole numbers, in the syntax of both languages. */
function valueOf(text: string | undefined, what: string): number {
  assert(text !== undefined && /^[\d_]+( \* [\d_]+)*$/.test(text), `${what}: ${text}`);
  return text.split(" * ").reduce((product, factor) => product * Number(factor.replaceAll("_", "")), 1);
}

Deno.test("Limits and durations that both sides define are equal", () => {
  assertEquals(constantOf("ffi/events.ts", "MAX_POOL_WAIT"), enumerators("AVS_")["WAIT_MS"]);
  assertEquals(constantOf("format/options.ts", "MIN_MEMORY"), enumerators("AVS_MEMORY_")["MIN"]);
  assertEquals(enumerators("AVS_MEMORY_")["DEFAULT"], 2 ** 30); // as documented
  // A batch of packets that are read ahead, and one of those that `transform` gets.
  const { PACKETS, BYTES } = localEnumerators("shim/remux/remux.c");
  assertEquals(constantOf("ffi/reading.ts", "MAX_PACKETS"), PACKETS);
  assertEquals(constantOf("ffi/reading.ts", "MAX_BYTES"), BYTES);
});

/** The numbers in an operation's slot according to the header: position and meaning. */
function slotsOf(operation: string): { inputs: Record<number, string>; outputs: Record<number, string> } {
  const comment = new RegExp(`AVS_OP_${operation} = \\d+, *(?:/\\*([\\s\\S]*?)\\*/)?`).exec(header)?.[1] ??
    "";
  const [, inputs = ""] = /\bin: ([^.]*)/.exec(comment) ?? [];
  const [, outputs = ""] = /\bout: ([^.]*)/.exec(comment) ?? [];
  const parse = (text: string) =>
    Object.fromEntries(
      [...text.matchAll(/(?:^|, )(\d+) ([^,]*(?:,(?! \d+ )[^,]*)*)/g)]
        .map(([, position, meaning]) => [Number(position), meaning!.trim()] as const)
        .filter(([position]) => position > 0), // "0 for a format that ..." is a value of the one before
    );
  return { inputs: parse(inputs), outputs: parse(outputs) };
}

Deno.test("Positions in an operation's slot are those of the header", () => {
  const positions = (numbers: Record<number, string>) => Object.keys(numbers).map(Number);
  const sources = ["input", "output", "plain_io", "reading", "remux"].map((name) =>
    Deno.readTextFileSync(`${root}ffi/${name}.ts`)
  ).join("\n");
  for (const [name] of Object.entries(operations)) {
    const upper = name.replace(/(?<=[a-z])[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
    const { inputs } = slotsOf(upper);
    const uses = [...sources.matchAll(new RegExp(`operations\\.${name}, (\\[[^\\]]*\\])`, "g"))];
    for (const [, list] of uses) {
      const count = list!.slice(1, -1).split(",").filter((item) => item.trim() !== "").length;
      assertEquals(
        positions(inputs),
        Array.from({ length: count }, (_, index) => index + 1),
        `${name} ${list}`,
      );
    }
    if (positions(inputs).length > 0 && name !== "read") {
      assert(uses.length > 0, `${name} is given no numbers`);
    }
  }
  assertEquals(slotsOf("READ").inputs, { 1: "max packets", 2: "max bytes" });
  assertEquals(positions(slotsOf("REMUX").outputs), [1, 2, 3, 4, 5]);
});

/** The shim's own files, from its folder on. */
function shimFiles(under = ""): string[] {
  return [...Deno.readDirSync(`${root}shim/${under}`)].flatMap(({ name, isDirectory }) =>
    isDirectory && name !== "ffmpeg"
      ? shimFiles(`${under}${name}/`)
      : /\.[ch]$/.test(name)
      ? [under + name]
      : []
  ).filter((path) => path !== "avs.h"); // which all files may include
}

Deno.test("The shim's files are layered: each includes only its own floor or lower ones", () => {
  const textOf = (path: string) => Deno.readTextFileSync(`${root}shim/${path}`);
  const files = shimFiles();
  /** The floor in the first line of the file's header, or of the file itself. */
  const floorOf = (path: string) => {
    const header = path.replace(/\.c$/, ".h");
    const said = /^\/\* floor (\d) \*\/\n/.exec(textOf(files.includes(header) ? header : path));
    assert(said, `${path}: no floor`);
    return Number(said[1]);
  };
  for (const path of files) {
    for (const [, name] of textOf(path).matchAll(/^#include "(.*)"$/gm)) {
      const target = new URL(name!, `file:///${path}`).pathname.slice(1);
      if (target === "avs.h") continue;
      assertLessOrEqual(floorOf(target), floorOf(path), `${path} includes ${target}`);
    }
  }
});

/** Parameters and results, as `shim/node_api.c` hands them on. */
function addonFunctions(): Record<string, { parameters: string[]; result: string }> {
  const text = Deno.readTextFileSync(`${root}shim/node_api.c`);
  const table = [
    ...text.matchAll(/\bRETURNS\((\w+), (avs_\w+), \((.*)\)\) *\\?$/gm),
    ...[...text.matchAll(/\bNO_RESULT\((avs_\w+), \((.*)\)\) *\\?$/gm)].map((
      [, ...rest],
    ) => ["", "void", ...rest]),
    ...[...text.matchAll(/^ {2}(avs_run)\((.*)\);/gm)].map(([, ...rest]) => ["", "void", ...rest]),
  ];
  return Object.fromEntries(table.map(([, result, name, list]) => {
    const parameters = [...list!.matchAll(/(\w+)\((\d)\)/g)].map(([, type, index], position) => {
      assertEquals(Number(index), position, name);
      return type!;
    });
    return [name!, { parameters, result: result! }];
  }));
}

Deno.test("The Node-API addon has every symbol with its types, except those that it replaces", () => {
  const special = ["avs_client", "avs_wait_events", "avs_wake_events"];
  assertEquals(
    addonFunctions(),
    Object.fromEntries(
      Object.entries(symbols).filter(([name]) => !special.includes(name)).map(([name, types]) => [
        name,
        { parameters: [...types.parameters] as string[], result: types.result as string },
      ]),
    ),
  );
});

Deno.test("The library exports avs_*, the entry of Node-API, and nothing else", async () => {
  const folder = `${root}lib/${Deno.build.os}-${Deno.build.arch}/`;
  for (const { name } of Deno.readDirSync(folder)) {
    if (!name.endsWith(".so")) continue;
    let output;
    try {
      output = await new Deno.Command("nm", { args: ["-D", "--defined-only", folder + name] }).output();
    } catch {
      return; // no binutils
    }
    const exported = new TextDecoder().decode(output.stdout).trim().split("\n").map((line) =>
      line.split(" ").at(-1)!
    );
    assertEquals(exported.sort(), [...Object.keys(symbols), "napi_register_module_v1"].sort(), name);
  }
});

Deno.test("VERSION is the one in deno.json", () => {
  const { version } = JSON.parse(Deno.readTextFileSync(`${root}deno.json`)) as { version: string };
  assertEquals(VERSION, version);
  assertEquals(versions().avio, version);
});

// ------------------------------------------------------------------------------------------- the folders

function sources(folder: string): { path: string; text: string }[] {
  return [...Deno.readDirSync(root + folder)].filter(({ name }) => name.endsWith(".ts"))
    .map(({ name }) => `${folder}${name}`)
    .map((path) => ({ path, text: Deno.readTextFileSync(root + path) }));
}

Deno.test("Imports run one way: mod.ts, format/, io/, ffi/", () => {
  const layers = ["ffi/", "io/", "format/", ""];
  for (const [layer, folder] of layers.entries()) {
    for (const { path, text } of sources(folder)) {
      for (const [, target] of text.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)) {
        const resolved = new URL(target!, `file:///${path}`).pathname.slice(1);
        const targetLayer = layers.findIndex((other) => other !== "" && resolved.startsWith(other));
        if (["cli.ts", "install.ts"].includes(path)) continue; // programs, beside mod.ts
        if (resolved === "deno.json") continue; // the version
        assert(targetLayer >= 0 && targetLayer <= layer, `${path} imports ${target}`);
      }
    }
  }
});

/** The files that a file imports values or types from, by import, export or import(). */
function importsOf(path: string): string[] {
  const text = Deno.readTextFileSync(root + path).replace(/\/\*[\s\S]*?\*\//g, "");
  return [...text.matchAll(/\b(?:from|import)\s*\(?\s*"(\.{1,2}\/[^"]+\.ts)"/g)]
    .map(([, target]) => new URL(target!, `file:///${path}`).pathname.slice(1));
}

/** The import cycles that can be reached from these files, each as a path that begins with its smallest name. */
function circlesFrom(entries: readonly string[]): { files: Set<string>; circles: Set<string> } {
  const files = new Set<string>();
  const circles = new Set<string>();
  const walk = (path: string, above: readonly string[]) => {
    const start = above.indexOf(path);
    if (start >= 0) return void circles.add(circleText(above.slice(start)));
    if (files.has(path)) return;
    for (const target of importsOf(path)) walk(target, [...above, path]);
    files.add(path);
  };
  for (const entry of entries) walk(entry, []);
  return { files, circles };
}

function circleText(circle: readonly string[]): string {
  const first = circle.indexOf(circle.toSorted()[0]!);
  const inOrder = [...circle.slice(first), ...circle.slice(0, first)];
  return [...inOrder, inOrder[0]].join(" -> ");
}

Deno.test("There are no import cycles, also of types", () => {
  const { files, circles } = circlesFrom(["mod.ts", "cli.ts", "install.ts"]);
  for (const folder of ["ffi/", "io/", "format/", "cli/", "install/"]) {
    for (const { path } of sources(folder)) assert(files.has(path), `${path} is imported by nobody`);
  }
  assertEquals([...circles], []);
});

/** Each runtime's own files. */
const runtimeFiles = [
  "ffi/bun_calls.ts",
  "ffi/bun_memory.ts",
  "ffi/deno_runtime.ts",
  "ffi/node_runtime.ts",
  "io/deno_file_system.ts",
  "io/node_file_system.ts",
];

Deno.test("Runtimes are named only in their own files", () => {
  for (const folder of ["ffi/", "io/", "format/", "cli/", ""]) {
    for (const { path, text } of sources(folder)) {
      if ([...runtimeFiles, "cli/console.ts", "install.ts"].includes(path)) continue;
      const program = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, "").replace(/"[^"\n]*"/g, '""');
      const found = /\b(Deno|Bun|process)\./.exec(program);
      assert(!found, `${path} has ${found?.[0]}`);
    }
  }
});

// The tests themselves use them, and so add them to Node 24.
Deno.test("Functions of Uint8Array that Node 24 lacks are used in io/base64.ts only", () => {
  for (const folder of ["ffi/", "io/", "format/", "cli/", ""]) {
    for (const { path, text } of sources(folder)) {
      const found = /\.(toBase64|toHex|(setF|f)rom(Base64|Hex))\(/.exec(text);
      assert(path === "io/base64.ts" || !found, `${path} has ${found?.[0]}`);
    }
  }
});

/** Patterns of what only ffi/ may use: Deno's FFI, the library's symbols, positions of numbers, handles. */
const native: Record<string, RegExp> = {
  "Deno's FFI": /\bdlopen\b|\bUnsafe(Callback|Pointer|PointerView|FnPointer)\b/,
  "a symbol": /\blibrary\(|\bavs_(?!h\b)/, // avs_h is the header's text
  "a slot": /\bslot(\[|\.)/,
  "a handle": /\.(handle|native)\b/,
};

/** Files that only ffi/ may import, and what other folders may import from the rest of ffi/. */
const inner = [
  "symbols",
  "native_line",
  "events",
  "binding",
  "deno_runtime",
  "node_runtime",
  "bun_calls",
  "bun_memory",
];
const outerOf: Record<string, readonly string[]> = {
  library: ["libraryPath", "loadLibrary", "LibraryNotFoundError", "faultOf"],
  session: ["Session", "Host", "Limits", "IOUse"],
  runtime: ["isDeno"],
};

Deno.test("Only ffi/ knows Deno's FFI, symbols, slots and handles", () => {
  for (const folder of ["io/", "format/", "cli/", "install/", ""]) {
    for (const { path, text } of sources(folder)) {
      const program = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, "").replace(/"[^"\n]*"/g, '""');
      for (const [what, pattern] of Object.entries(native)) {
        assert(!pattern.test(program), `${path} has ${what}: ${pattern.exec(program)?.[0]}`);
      }
    }
  }
});

Deno.test("What other folders import from ffi/ contains no symbols or slots", () => {
  for (const folder of ["io/", "format/", "cli/", "install/", ""]) {
    for (const { path, text } of sources(folder)) {
      for (
        const [, names, file] of text.matchAll(
          /\b(?:import|export)\b([^;"]*?)\bfrom "\.{1,2}\/ffi\/(\w+)\.ts"/g,
        )
      ) {
        assert(!inner.includes(file!), `${path} imports ffi/${file}.ts`);
        const allowed = outerOf[file!];
        if (!allowed) continue;
        for (const name of names!.replace(/\btype\b|[{}]/g, "").split(",").map((name) => name.trim())) {
          assert(name === "" || allowed.includes(name), `${path} imports ${name} of ffi/${file}.ts`);
        }
      }
    }
  }
});

// V8 takes some 100,000 arguments; a file may have more chapters, and a playlist more names.
Deno.test("No list of unknown length is spread into arguments of a function", () => {
  const spread = /\b(?:push|unshift|min|max|fromCharCode|fromCodePoint|concat|print)\((?:[^()]*,)?\s*\.\.\./;
  for (const folder of ["ffi/", "io/", "format/", "cli/"]) {
    for (const { path, text } of sources(folder)) {
      if (path.endsWith("ffi/library.ts")) continue; // places where the library was looked for
      const line = text.split("\n").find((line) => spread.test(line) || /(?<!Reflect)\.apply\(/.test(line));
      assertEquals(line, undefined, path);
    }
  }
});

Deno.test("Neither the library nor a callback is ever closed", () => {
  const all = sources("ffi/").map(({ text }) => text).join("");
  assert(
    !/\.close\(\)/.test(all.replace(/session\.close\(\)|this\.close\(\)/g, "")),
    "never close a library or callback",
  );
});

// ------------------------------------------------------------------------------------------- permissions

const library = `${root}lib/${Deno.build.os}-${Deno.build.arch}`;

/** A program for which the FFI permission is sufficient: it reads no files and no environment. */
const inMemory = (bytes: Uint8Array) => `
  import { Demuxer, IOContext, MemorySink, Muxer, probeSync, remuxSync, versions } from "@avio/avio";
  const bytes = Uint8Array.fromBase64("${bytes.toBase64()}");
  const sink = new MemorySink();
  const { packets } = remuxSync(bytes, sink, { format: "matroska" });
  using demuxer = Demuxer.openSync(new IOContext(sink.bytes()));
  const copy = new MemorySink();
  using muxer = Muxer.openSync(copy, { format: "mpegts" });
  for (const stream of demuxer.streams) muxer.addStream(stream);
  for (const packet of demuxer.packetsSync()) muxer.writeSync(packet);
  muxer.finishSync();
  console.log(packets, probeSync(copy.bytes()).streams.length, versions().avio);
`;

for (
  const [name, flags] of [
    ["--allow-ffi", ["--allow-ffi"]],
    ["--allow-ffi=<folder of the library>", [`--allow-ffi=${library}`]],
    ["--allow-ffi=<library>", [`--allow-ffi=${library}/libavio.so`]],
  ] as const
) {
  Deno.test({
    name: `${name} is sufficient for work in memory`,
    ignore: versions().build !== "embedded" && name.includes("<library>"),
    async fn() {
      const { code, stdout, stderr } = await runScript(inMemory(fixtureBytes("video.mp4")), {
        flags: [...flags],
      });
      assertEquals([code, stdout.trim()], [0, `206 2 ${VERSION}`], stderr);
      assertEquals(stderr, "");
    },
  });
}

Deno.test("--allow-ffi=<the other library> loads that one", async () => {
  const system = `${library}/libavio-system.so`;
  try {
    Deno.statSync(system);
  } catch {
    return;
  }
  const { code, stdout, stderr } = await runScript(
    `import { versions } from "@avio/avio"; console.log(versions().build);`,
    { flags: [`--allow-ffi=${system}`] },
  );
  assertEquals([code, stdout.trim()], [0, "system"], stderr);
});

Deno.test("Without the FFI permission it is Deno.errors.NotCapable", async () => {
  const output = await runScriptOk(
    `
    import { Demuxer, loadLibrary, MemorySink, Muxer, probeSync, versions } from "@avio/avio";
    const uses = [
      () => versions(), () => loadLibrary(), () => loadLibrary("/x.so"), () => probeSync(new Uint8Array(5)),
      () => Demuxer.openSync(new Uint8Array(5)), () => Muxer.openSync(new MemorySink(), { format: "wav" }),
    ];
    for (const use of uses) try { use(); console.log("no error"); } catch (error) { console.log(error.constructor.name); }
    `,
    { flags: [] },
  );
  assertEquals(output.split("\n"), Array(6).fill("NotCapable"));
});

Deno.test("Importing needs no permission, and neither do constants and packets", async () => {
  const output = await runScriptOk(
    `
    import { constants, IOContext, MemorySink, Packet } from "@avio/avio";
    const io = new IOContext(new Uint8Array(5)).transfer();
    io.destroy();
    console.log(constants.error.EOF, new Packet({ streamIndex: 0, data: new Uint8Array(1) }).time, new MemorySink().size);
    `,
    { flags: [] },
  );
  assertEquals(output, "-541478725 null 0");
});

Deno.test("A path needs read permission, and Deno's own error is thrown without it", async () => {
  const output = await runScriptOk(
    `
    import { MemorySink, probeSync, remuxSync } from "@avio/avio";
    const uses = [
      () => probeSync("fixtures/video.mp4"),
      () => probeSync(new URL("file:///etc/passwd")),
      () => remuxSync(new Uint8Array(Uint8Array.fromBase64("${
      fixtureBytes("audio.wav").toBase64()
    }")), "/tmp/x.wav"),
    ];
    for (const use of uses) try { use(); console.log("no error"); } catch (error) { console.log(error.constructor.name); }
    `,
    { flags: ["--allow-ffi"] },
  );
  assertEquals(output.split("\n"), Array(3).fill("NotCapable"));
});

// ------------------------------------------------------------------------------------------- memory

Deno.test("Unreferenced demuxers and muxers are garbage collected", async () => {
  const output = await runScriptOk(
    `
    import { Demuxer, IOContext, MemorySink, Muxer } from "@avio/avio";
    const bytes = Deno.readFileSync("fixtures/video.mp4");
    const round = async (times) => {
      for (let i = 0; i < times; i++) {
        Demuxer.openSync(bytes).readSync();
        Muxer.openSync(new MemorySink(), { format: "mp4" }).addStream({ type: "audio", codec: "aac", sampleRate: 48000, channels: 2 });
        new IOContext(bytes).readSync(new Uint8Array(5));
        let at = 0;
        Demuxer.openSync({
          onread: (buffer) => {
            const chunk = bytes.subarray(at, at + buffer.length);
            buffer.set(chunk);
            at += chunk.length;
            return chunk.length;
          },
        });
        if (i % 100 === 99) { gc(); await new Promise((resolve) => setTimeout(resolve, 0)); }
      }
      gc();
      await new Promise((resolve) => setTimeout(resolve, 10));
    };
    await round(400);
    const before = Deno.memoryUsage().rss;
    await round(1200);
    console.log((Deno.memoryUsage().rss - before) / 1e6);
    Deno.exit(0);
    `,
    { flags: ["--allow-all", "--v8-flags=--expose-gc"] },
  );
  // 64 KiB of buffer for each of 4800 would be 314.
  assertLessOrEqual(Number(output), 60);
});

Deno.test("Packets outlive their demuxer, unchanged", () => {
  const packets = (() => {
    using demuxer = Demuxer.openSync(fixtureBytes("video.mkv"));
    return [...demuxer.packetsSync()];
  })();
  const copies = packets.map(({ data }) => data.slice());
  for (let time = 0; time < 20; time++) {
    remuxSync(fixtureBytes("video.ts"), new MemorySink(), { format: "mp4" });
  }
  for (const [index, { data }] of packets.entries()) assertEquals(data, copies[index]);
  packets[0]!.data.fill(0);
  assertEquals(packets[1]!.data, copies[1]);
});

Deno.test("Packets can be cloned, and posted to a worker", async () => {
  using demuxer = Demuxer.openSync(fixtureBytes("audio.ogg"));
  const packets = [...demuxer.packetsSync()];
  assert(packets.some((packet) => packet.sideData.length > 0));
  for (const packet of packets) assertEquals({ ...structuredClone(packet) }, { ...packet });
  const code = "self.onmessage = ({ data }) => self.postMessage(data);";
  const worker = new Worker(URL.createObjectURL(new Blob([code], { type: "text/javascript" })), {
    type: "module",
  });
  try {
    const back = await new Promise<Packet[]>((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = reject;
      worker.postMessage(packets);
    });
    assertEquals(back.map((packet) => ({ ...packet })), packets.map((packet) => ({ ...packet })));
    assertEquals(new Packet(back[1]!).time, packets[1]!.time);
  } finally {
    worker.terminate();
  }
});

Deno.test("A packet keeps little more memory than its own alive", () => {
  using demuxer = Demuxer.openSync(fixtureBytes("video.mp4"));
  for (const { data } of demuxer.packetsSync()) assertLessOrEqual(data.buffer.byteLength, 1 << 20);
});

Deno.test("Chunks passed to onwrite may be kept: their content does not change", () => {
  const kept: { chunk: Uint8Array; copy: Uint8Array }[] = [];
  remuxSync(fixtureBytes("video.mp4"), {
    onwrite: (chunk) => void kept.push({ chunk, copy: chunk.slice() }),
    onseek: (offset) => offset,
  }, { format: "mp4", bufferSize: 1024, coalesce: false });
  assert(kept.length > 20);
  for (const { chunk, copy } of kept) assertEquals(chunk, copy);
  assertEquals(new Set(kept.map(({ chunk }) => chunk.buffer)).size, kept.length);
});

Deno.test("Chunks passed to onwrite may be changed and transferred", () => {
  for (
    const take of [
      (chunk: Uint8Array<ArrayBuffer>) => void chunk.fill(0),
      (chunk: Uint8Array<ArrayBuffer>) => void chunk.buffer.transfer(),
      (chunk: Uint8Array<ArrayBuffer>) => void structuredClone(chunk, { transfer: [chunk.buffer] }),
    ]
  ) {
    const whole: number[] = [];
    const onwrite = (chunk: Uint8Array<ArrayBuffer>) => {
      whole.push(...chunk);
      take(chunk);
    };
    remuxSync(fixtureBytes("video.mp4"), { onwrite }, { format: "mpegts", bufferSize: 1024 });
    assertEquals(rowsOf(new Uint8Array(whole)).length, 206);
  }
});

Deno.test("A partly written chunk that was transferred is an error: the rest can't be passed again", () => {
  const onwrite = (chunk: Uint8Array<ArrayBuffer>) => (chunk.buffer.transfer(), 1);
  let thrown: unknown;
  try {
    remuxSync(fixtureBytes("video.mp4"), { onwrite }, { format: "mpegts" });
  } catch (error) {
    thrown = error;
  }
  assert(thrown instanceof TypeError);
  assertStringIncludes(thrown.message, "onwrite");
});

Deno.test("A buffer that onread detaches is an error or has the right data", () => {
  for (
    const take of [
      (buffer: Uint8Array<ArrayBuffer>) => void buffer.buffer.transfer(),
      (buffer: Uint8Array<ArrayBuffer>) => void structuredClone(buffer, { transfer: [buffer.buffer] }),
    ]
  ) {
    const reader = readerOf(fixtureBytes("video.mkv"));
    let calls = 0;
    let thrown: unknown;
    try {
      using demuxer = Demuxer.openSync({
        ...reader,
        onread(buffer, size) {
          const count = reader.onread!(buffer, size);
          if (calls++ === 3) take(buffer);
          return count;
        },
      }, { bufferSize: 1024 });
      assertEquals([...demuxer.packetsSync()].length, 206);
    } catch (error) {
      thrown = error;
    }
    assert(thrown instanceof TypeError, String(thrown));
    assertStringIncludes(thrown.message, "onread");
  }
  // Detached at the end of the stream, it does no harm.
  const reader = readerOf(fixtureBytes("video.mkv"));
  const onread = (buffer: Uint8Array<ArrayBuffer>, size: number) => {
    const count = reader.onread!(buffer, size);
    if (count === 0) buffer.buffer.transfer();
    return count;
  };
  assertEquals(probeSync({ ...reader, onread }).streams.length, 2);
});

Deno.test("Native code does not read a buffer that onread has kept", () => {
  const reader = readerOf(fixtureBytes("video.mkv"));
  const kept: Uint8Array[] = [];
  using io = new IOContext(1024, {
    ...reader,
    onread(buffer, size) {
      for (const old of kept) if (old.buffer !== buffer.buffer) old.fill(0);
      kept.push(buffer);
      return reader.onread!(buffer, size);
    },
  });
  using demuxer = Demuxer.openSync(io);
  const packets = [...demuxer.packetsSync()].map(({ data }) => data.slice());
  for (const buffer of kept) buffer.fill(255);
  assertEquals(packets.length, 206);
  assertEquals(
    packets.map(({ length }) => length),
    rowsOf(fixtureBytes("video.mkv")).map(({ size }) => size),
  );
});

Deno.test("replaced array classes do not shorten the arrays that native code writes to", async () => {
  const output = await runScriptOk(
    `import { Demuxer, remuxSync, MemorySink } from "@avio/avio";
    const bytes = Deno.readFileSync("fixtures/video.mp4");
    Demuxer.openSync(bytes).close();
    for (const name of ["Float64Array", "Uint8Array"]) {
      const Real = globalThis[name];
      globalThis[name] = class extends Real {
        constructor(first, ...others) {
          super(typeof first === "number" && first > 100 ? 1 : first, ...others);
        }
      };
      for (let i = 0; i < 20; i++) {
        try {
          using demuxer = Demuxer.openSync(bytes);
          while (demuxer.readSync());
          remuxSync(bytes, new MemorySink(), { format: "matroska" });
        } catch {
          // it may fail, and must not end the process
        }
      }
      globalThis[name] = Real;
    }
    console.log("alive");`,
  );
  assertStringIncludes(output, "alive");
});
