/**
 * Paths of Linux, macOS and Windows as text, and which paths in a directory a name can mean: the rules of each system,
 * tested on all of them.
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { fileNameOn, filePath, isWholePath } from "../ffi/library_paths.ts";
import { DirectoryNames } from "../io/directory_names.ts";
import { Paths, posixRules, windowsRules } from "../io/paths.ts";

const windows = new Paths(windowsRules);
const posix = new Paths(posixRules);

Deno.test("Paths of Windows: slashes, drives, shares", () => {
  const plain: Record<string, string> = {
    "C:\\a\\b.ts": "C:/a/b.ts",
    "\\\\?\\C:\\a": "C:/a",
    "\\\\?\\UNC\\machine\\share\\a": "//machine/share/a",
    "\\\\machine\\share\\a": "//machine/share/a",
    "a\\b": "a/b",
  };
  for (const [path, expected] of Object.entries(plain)) assertEquals(windows.plain(path), expected, path);
  for (const path of ["C:/a", "c:/", "//machine/share/a", "//machine/share"]) {
    assert(windows.isAbsolute(path), path);
  }
  for (const path of ["C:a", "C:", "/a", "a", "//machine", ""]) assert(!windows.isAbsolute(path), path);
  assertEquals(windows.resolve("C:/media", "..\\..\\x".replaceAll("\\", "/")), "C:/x");
  assertEquals(windows.resolve("//machine/share/a", "../../.."), "//machine/share/");
  assertEquals(windows.relative("C:/Media", "c:/mEDIA/a/b"), "a/b");
  assertEquals(windows.relative("C:/Ümlaut", "C:/ümlaut/a"), "a");
  assertEquals(windows.relative("C:/maß", "C:/mass/a"), "../mass/a");
  assertEquals(windows.relative("C:/media", "D:/media/a"), null);
  assertEquals(windows.relative("C:/media", "//machine/share/media"), null);
  assertEquals(posix.relative("/Media", "/media/a"), "../media/a");
});

Deno.test("Names with a special meaning on Windows are reserved", () => {
  const names = [
    "NUL",
    "con",
    "Aux.txt",
    "prn .ts",
    "COM1",
    "com\u00b2.mp4",
    "LPT9.a.b",
    "CONIN$",
    "a:b",
    "a::$DATA",
  ];
  for (const name of [...names, "a.", "a ", "..", "a*", "a?", "a|b", "<a", "a\x01"]) {
    if (name !== "..") assert(windows.isReserved(`x/${name}/y`), name);
    assert(!posix.isReserved(name), name);
  }
  for (const name of ["a.ts", "null", "com", "com10", "con1.ts", "a b.ts", ".hidden", "lpt"]) {
    assert(!windows.isReserved(name), name);
  }
});

function placesOf(url: string, current = "C:/Users/me"): string[] {
  const folder = { path: "C:/Media/in", real: "D:/Real/in" };
  return new DirectoryNames(windows, folder, () => current).placesOf(url);
}

Deno.test("withinDirectory()'s names on Windows: spellings of files in the folder", () => {
  const names: Record<string, string> = {
    "a.ts": "a.ts",
    "sub/../a.ts": "a.ts",
    "C:/Media/in/a.ts": "a.ts",
    "c:/MEDIA/IN/a.ts": "a.ts",
    "d:/real/in/sub/a.ts": "sub/a.ts",
    "file:///C:/Media/in/a%20b.ts": "a b.ts",
    "file:///c:/media/IN/a.ts": "a.ts",
  };
  for (const [url, place] of Object.entries(names)) assertEquals(placesOf(url)[0], place, url);
  assertEquals(placesOf("in/a.ts", "C:/Media")[0], "a.ts");
});

Deno.test("withinDirectory()'s names on Windows: names that lead out, or are special, are refused", () => {
  const refused = [
    "../a.ts",
    "..\\a.ts",
    "sub\\a.ts",
    "C:/Windows/win.ini",
    "C:a.ts",
    "C:../a.ts",
    "D:a.ts",
    "/Media/in/a.ts",
    "//machine/share/a.ts",
    "\\\\machine\\share\\a.ts",
    "//?/C:/Media/in/a.ts",
    "\\\\.\\pipe\\a",
    "file://machine/share/a.ts",
    "file:////machine/share/a.ts",
    "file:///C:/Media/a.ts",
    "file:///C:/Media/in/..%5Ca.ts",
    "file:///Media/in/a.ts",
    "NUL",
    "sub/CON.ts",
    "con .ts",
    "a.ts:stream",
    "a.ts::$DATA",
    "a.ts.",
    "a.ts ",
    ".. /a.ts",
    ".../a.ts",
    "sub./a.ts",
    "C:/Media/in",
    "c:/media/IN/",
    ".",
    "http://localhost/a.ts",
    "pipe:0",
  ];
  for (const url of refused) assertEquals(placesOf(url), [], url);
  // "?" and what follows is not part of a name on Windows, where names can't contain it.
  assertEquals(placesOf("a.ts?token=1"), ["a.ts", "a.ts"]);
});

Deno.test("Libraries: their names, file: URLs and whole paths on each system", () => {
  assertEquals(fileNameOn("linux-x86_64-musl"), "libavio.so");
  assertEquals(fileNameOn("darwin-aarch64"), "libavio.dylib");
  assertEquals(fileNameOn("windows-x86_64"), "libavio.dll");
  const urls: [url: string, windows: string, posix: string][] = [
    ["file:///C:/a%20b/libavio.dll", "C:\\a b\\libavio.dll", "/C:/a b/libavio.dll"],
    ["file:///a/b", "\\a\\b", "/a/b"],
  ];
  for (const [url, onWindows, onPosix] of urls) {
    assertEquals(filePath(new URL(url), "windows"), onWindows);
    assertEquals(filePath(new URL(url), "linux"), onPosix);
  }
  const share = new URL("file://machine/share/libavio.dll");
  assertEquals(filePath(share, "windows"), "\\\\machine\\share\\libavio.dll");
  assertThrows(() => filePath(share, "linux"), TypeError, "it is on another machine, machine");
  for (const path of ["C:\\a", "c:/a", "\\\\machine\\a"]) assert(isWholePath(path, "windows"), path);
  for (const path of ["C:a", "\\a", "/a", "a.dll"]) assert(!isWholePath(path, "windows"), path);
  assert(isWholePath("/a", "darwin") && !isWholePath("C:/a", "linux"));
});
