/**
 * Prints the bill of materials of an embedded shared library, in the format of CycloneDX: name, version, licence, and SHA-256
 * of the sources, as the build scripts have pinned them.
 */
import { versions } from "../mod.ts";

const script = (name: string) => Deno.readTextFileSync(new URL(`build/${name}.sh`, import.meta.url));

interface Component {
  type: "library";
  name: string;
  version: string;
  licenses: { expression: string }[];
  hashes: { alg: "SHA-256"; content: string }[];
  externalReferences: { type: string; url: string }[];
}

function component(name: string, version: string, license: string, sum: string, url: string): Component {
  return {
    type: "library",
    name,
    version,
    licenses: [{ expression: license }],
    hashes: [{ alg: "SHA-256", content: sum }],
    externalReferences: [{ type: "source-distribution", url }],
  };
}

/** The SHA-256 of a version in a table of pinned ones: "9.0.2  sid  8c38...". */
function pinnedSum(name: string, version: string): string {
  const line = script(name).split("\n").find((line) => line.split(/\s+/)[0] === version);
  const sum = line?.match(/\b[0-9a-f]{64}\b/)?.[0];
  if (!sum) throw new Error(`scripts/build/${name}.sh has no SHA-256 of ${version}`);
  return sum;
}

function firstMatch(text: string, pattern: RegExp): string {
  const found = pattern.exec(text);
  if (!found) throw new Error(`Nothing like ${pattern}`);
  return found[1]!;
}

const { avio, ffmpeg } = versions();
const libxml2 = firstMatch(script("libxml2"), /^(\d\S*) +sid /m);
const zlib = firstMatch(script("zlib"), /ZLIB_VERSION=(\S+)/);
const zlibSum = firstMatch(script("zlib"), /ZLIB_SUM=(\S+)/);

const document = {
  bomFormat: "CycloneDX",
  specVersion: "1.5",
  version: 1,
  metadata: {
    component: { type: "library", name: "avio", version: avio, licenses: [{ expression: "MIT" }] },
  },
  components: [
    component(
      "FFmpeg",
      ffmpeg,
      "LGPL-2.1-or-later",
      pinnedSum("ffmpeg_source", ffmpeg),
      `https://ffmpeg.org/releases/ffmpeg-${ffmpeg}.tar.xz`,
    ),
    component(
      "libxml2",
      libxml2,
      "MIT",
      pinnedSum("libxml2", libxml2),
      "https://packages.debian.org/source/sid/libxml2",
    ),
    component("zlib", zlib, "Zlib", zlibSum, "https://packages.debian.org/source/trixie/zlib"),
  ],
};

console.log(JSON.stringify(document, null, 2));
