/**
 * Prints the licences of an embedded shared library: avio's own, where the sources of its parts are and how it was built,
 * FFmpeg's licence. They come from this machine's library; the configuration of another platform's library, whose path is an
 * argument, is read from its file.
 */
import { licenseText, versions } from "../mod.ts";

const { avio, ffmpeg, license } = versions();
const configuration = Deno.args[0] === undefined ? versions().configuration : configurationIn(Deno.args[0]);
const own = Deno.readTextFileSync(new URL("../LICENSE", import.meta.url));

function configurationIn(file: string): string {
  const text = new TextDecoder("latin1").decode(Deno.readFileSync(file));
  return text.match(/--disable-autodetect [^\0]*/)?.[0] ?? versions().configuration;
}

console.log(`The shared libraries in this folder are made of avio ${avio} and of FFmpeg ${ffmpeg}.

avio's part is under the MIT licence:

${own}
FFmpeg's part is under: ${license}. Its text is below.

Sources. FFmpeg ${ffmpeg} is changed by the patches in shim/ffmpeg/, each of which says why, and its list of protocols is
avio's (shim/ffmpeg/protocol_list.c). Its sources are at https://ffmpeg.org/releases/ffmpeg-${ffmpeg}.tar.xz; those of
avio's part, the patches and the script that builds all of it, scripts/build_shim.sh, are in avio's repository and in
its package at https://jsr.io/@avio/avio.
Whoever wants another FFmpeg inside changes the sources and runs

  FFMPEG_SOURCE=<folder> scripts/build_shim.sh --embedded --output <library>

and names the result with AVIO_SHIM_PATH or loadLibrary(). For three years after a release, its makers send the
complete sources on a medium to anyone who asks, for the cost of sending.

FFmpeg was configured with:

  ${configuration}

${licenseText()}`);
