/**
 * Rows of the benchmark whose baseline is another library that does the same work: which libraries, which versions, and how
 * they are installed. Their programs are in `peers/`. Only with `--peers`: they are downloaded from npm, once.
 */
import { exists, LONG, type Row, run, SHORT, type Side } from "./run.ts";

const HERE = new URL("peers/", import.meta.url).pathname;
const PACKAGES = ["mediabunny@1.61.0", "node-av@6.1.1", "libav.js@6.10.9", "node@24"];

/** Installs the peers below `folder`, unless they are there. */
export function installPeers(folder: string): string {
  const place = `${folder}/peers`;
  const stamp = `${place}/${PACKAGES.join("+")}`;
  if (exists(stamp)) return place;
  Deno.mkdirSync(place, { recursive: true });
  Deno.writeTextFileSync(`${place}/package.json`, '{ "private": true }');
  run(["npm", "install", "--prefix", place, "--silent", ...PACKAGES]);
  Deno.writeTextFileSync(stamp, "");
  return place;
}

interface Inputs {
  place: string;
  avio: (work: string, file: string, times: string[]) => Side;
  long: string;
  short: string;
  shortMkv: string;
}

export function peerRows({ place, avio, long, short, shortMkv }: Inputs): Row[] {
  const env = { AVIO_BENCH_PEERS: place };
  const deno = [Deno.execPath(), "run", "--allow-all"];
  const node = [`${place}/node_modules/.bin/node`];
  const peers: Record<string, (work: string, file: string, times: string[]) => Side> = {
    "mediabunny": (...args) => ({ command: [...deno, `${HERE}mediabunny.mjs`, ...args.flat()], env }),
    "node-av": (...args) => ({ command: [...node, `${HERE}node_av.mjs`, ...args.flat()], env }),
    "libav.js": (...args) => ({ command: [...node, `${HERE}libav_js.mjs`, ...args.flat()], env }),
  };
  const works: [name: string, work: string, theirs: string, file: string, times: string[], who: string[]][] =
    [
      ["async demux from bytes", "demux-bytes-async", "demux-bytes", long, LONG, Object.keys(peers)],
      ["async demux from a path", "demux-path", "demux-path", long, LONG, ["mediabunny", "node-av"]],
      ["async remux mp4 to mkv in memory", "remux-async", "remux", long, LONG, ["mediabunny"]],
      ["async remux mp4 to mkv, file to file", "remux-file", "remux-file", long, LONG, ["node-av"]],
      ["async probe of a small mp4, bytes", "probe-async", "probe", short, SHORT, Object.keys(peers)],
      ["async probe of a small mkv, bytes", "probe-async", "probe", shortMkv, SHORT, Object.keys(peers)],
      ["async probe of a small mp4, path", "probe-path", "probe-path", short, SHORT, [
        "mediabunny",
        "node-av",
      ]],
      ["async probe of a small mkv, path", "probe-path", "probe-path", shortMkv, SHORT, [
        "mediabunny",
        "node-av",
      ]],
    ];
  return works.flatMap(([name, work, theirs, file, times, who]) =>
    who.map((peer) => ({
      name: `${name} (baseline: ${peer})`,
      baseline: peers[peer]!(theirs, file, times),
      library: avio(work, file, times),
    }))
  );
}
