/**
 * A process that passes long hostile texts to all code that parses text of a file, a server or a URL, one case after the
 * other; prints the name of each case before it begins, and those that took too long. Run by long_texts_test.ts.
 */
import process from "node:process";
import { fromMap, withinDirectory, withinOrigin } from "@avio/avio";
import { safeName } from "../../cli/attachment_name.ts";
import { systemErrorPlace, systemErrorText } from "../../cli/errors.ts";
import { wrap } from "../../cli/table.ts";
import { parseTime, printable, printableLines } from "../../cli/text.ts";
import { harmless } from "../../ffi/harmless.ts";
import { settingError } from "../../ffi/errors.ts";
import { parseLog } from "../../ffi/log.ts";
import { runSync } from "../../ffi/operation.ts";
import { partOf, redirectOf, retryAfterOf } from "../../io/http_response.ts";
import { imagesLike, namedBy } from "../../io/listed_files.ts";

/** Length of a text for functions; the next is that for regular expressions, of which there are many more. */
const LONG = 50_000;
const SHORT = 20_000;
/** Limit in milliseconds; code with quadratic time takes many times as long. */
const MAX_LONG = 300;
const MAX_SHORT = 40;

const UNITS = [
  ..." \t\r\u2028./\\$<>'\"=&%#?:,0a_-\u00fc",
  ...[
    "a/",
    "./",
    "../",
    "$a$",
    "$a",
    '="',
    "='",
    ">a ",
    "> <",
    "&amp;",
    "%25",
    "%2f",
    "%0",
    'URI="',
    "file ",
  ],
  ...[
    "file:",
    "subfile,",
    "1:",
    "1,",
    "0 ",
    "'a'",
    "\\'",
    "[0]",
    " (os error 1)",
    " (os error 1): a '",
    "\ud800",
  ],
];
const BEGINNINGS = [
  ...["", "a", "file", "file ", "> a", '="', "='", "%", "$", "bytes ", "bytes 0-", "con.", "subfile,"],
  ...["x (os error 1): a '", "format", "sources["],
];
const ENDS = ["", "b", "/", "\n", "x\u2028y\n", "d>", "'b"];

/** Every `step`-th text. */
function* texts(size: number, step: number): Generator<string> {
  let number = 0;
  for (const beginning of BEGINNINGS) {
    for (const unit of UNITS) {
      for (const end of ENDS) {
        if (number++ % step === 0) yield beginning + unit.repeat(Math.ceil(size / unit.length)) + end;
      }
    }
  }
}

const failures: string[] = [];

/** Processor time in milliseconds: the machine may be busy. */
function timed(work: () => unknown): number {
  const begin = process.cpuUsage();
  try {
    work();
  } catch {
    // an error that comes soon is fine
  }
  const { user, system } = process.cpuUsage(begin);
  return (user + system) / 1000;
}

/** Slow cases are repeated: the engine may compile or collect garbage meanwhile. */
function isSlow(work: () => unknown, max: number): boolean {
  return timed(work) > max && timed(work) > max && timed(work) > max;
}

function walk(
  name: string,
  { size, max, step }: { size: number; max: number; step: number },
  work: (text: string) => unknown,
): void {
  console.log(name);
  for (const text of texts(size, step)) {
    if (isSlow(() => work(text), max)) {
      failures.push(`${name}: ${JSON.stringify(text.slice(0, 30))}...${JSON.stringify(text.slice(-5))}`);
      return;
    }
  }
}

// ------------------------------------------------------------------------------------------- functions

const folder = Deno.makeTempDirSync();
for (const name of ["a.ts", "a".repeat(60), "$".repeat(100), `${"a".repeat(200)}.ts`]) {
  Deno.writeTextFileSync(`${folder}/${name}`, "");
}
const playlist = `${folder}/list.m3u8`;

function named(text: string): void {
  Deno.writeTextFileSync(playlist, text);
  runSync(namedBy(playlist).find("none"));
}

const here = withinDirectory(folder);
const there = withinOrigin("https://example.com", { path: "/media" });
const map = fromMap(new Map(Array.from({ length: 100 }, (_, n) => [`${n}.ts`, new Uint8Array(1)])));
const headers = (headers: HeadersInit) => new Response(null, { status: 206, headers });
const asked = (url: string) => ({ url, mode: "read" }) as const;

const functions: Record<string, (text: string) => unknown> = {
  "names of a playlist": (text) => named(`#EXTM3U\n${text}\n#${text}\n`),
  "names of a script": (text) => named(`ffconcat version 1.0\nfile ${text}`),
  "names of a manifest": (text) => named(`<?xml version="1.0"?><MPD a="${text}">${text}</MPD>`),
  "a sequence of images": (text) => runSync(imagesLike(`${folder}/${text}`).find("none")),
  "withinDirectory()": (text) => here(asked(text)),
  "withinDirectory(), a file: URL": (text) => here(asked(`file:///${text}`)),
  "withinOrigin()": (text) => there(asked(text)),
  "fromMap()": (text) => map(asked(text)),
  "safeName()": safeName,
  "systemErrorText()": (text) => systemErrorText(new Error(text)),
  "systemErrorPlace()": (text) => systemErrorPlace(new Error(text)),
  "printable()": printable,
  "harmless()": harmless,
  "printableLines()": printableLines,
  "parseTime()": parseTime,
  "wrap()": (text) => wrap(text, 80),
  "parseLog()": parseLog,
  "settingError()": (text) => settingError(text, text),
  "Content-Range": (text) => partOf(headers({ "content-range": text })),
  "Retry-After": (text) => retryAfterOf(headers({ "retry-after": text })),
  "Location": (text) => {
    const response = { status: 302, headers: new Headers({ location: text }) } as Response;
    redirectOf(response, new URL("https://example.com"));
  },
};
for (const [name, work] of Object.entries(functions)) {
  walk(name, { size: LONG, max: MAX_LONG, step: 17 }, work);
}
Deno.removeSync(folder, { recursive: true });

// ------------------------------------------------------------------------------------------- expressions

const root = new URL("../../", import.meta.url);
const LITERAL =
  /(?<=[(=,:?!&|\s])\/(?![*/\s])((?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+)\/([dgimsuvy]*)(?=[.,;)\s])/g;

/** The regular expressions that are literals in the sources. */
function* expressions(): Generator<[place: string, expression: RegExp]> {
  for (const folder of ["io", "format", "ffi", "cli", "install"]) {
    for (const { name } of Deno.readDirSync(new URL(folder, root))) {
      const source = Deno.readTextFileSync(new URL(`${folder}/${name}`, root));
      const code = source.replace(/^ *\/\*\*[\s\S]*?\*\/$/gm, "").replace(/\/\/ .*/g, "");
      for (const [literal, body, flags] of code.matchAll(LITERAL)) {
        yield [`${folder}/${name}: ${literal}`, new RegExp(body!, flags!)];
      }
    }
  }
}

let count = 0;
for (const [place, expression] of expressions()) {
  count++;
  walk(place, { size: SHORT, max: MAX_SHORT, step: 1 }, (text) => text.replace(expression, ""));
}
console.log(`${count} expressions`);
if (count < 40) failures.push("not all expressions were found");
for (const failure of failures) console.log(`slow: ${failure}`);
