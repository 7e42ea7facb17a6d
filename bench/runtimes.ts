/**
 * Rows of the benchmark that compare avio on Node or Bun with avio on Deno, the baseline, by the works of `library.ts`.
 * Only with `--runtimes`; the runtimes are those that `scripts/setup.sh --tests` has installed.
 */
import { runtimes } from "../tests/support/runtimes.ts";
import { FEW, LONG, type Row, SHORT, type Side } from "./run.ts";

const PROGRAM = new URL("library.ts", import.meta.url).pathname;

interface Inputs {
  avio: (work: string, file: string, times: string[]) => Side;
  library: string;
  long: string;
  short: string;
}

export function runtimeRows({ avio, library, long, short }: Inputs): Row[] {
  const works: [name: string, work: string, file: string, times: string[]][] = [
    ["one sync call", "call", short, FEW],
    ["one sync call with two buffers", "call-with-bytes", short, FEW],
    ["one callback of the sync engine", "sync-request", short, FEW],
    ["one async request", "request", short, FEW],
    ["demux from callbacks, 64 KiB", "demux", long, LONG],
    ["demux from bytes", "demux-bytes", long, LONG],
    ["remux mp4 to mkv in memory", "remux", long, LONG],
    ["probeSync()", "probe", short, SHORT],
    ["async demux from callbacks that return numbers, 64 KiB", "demux-async", long, LONG],
    ["async demux from callbacks that return promises, 64 KiB", "demux-promises", long, LONG],
    ["async demux from bytes", "demux-bytes-async", long, LONG],
    ["async demux from bytes, by batches()", "demux-batches", long, LONG],
    ["async demux from a path", "demux-path", long, LONG],
    ["async remux mp4 to mkv in memory", "remux-async", long, LONG],
    ["async remux mp4 to mkv, file to file", "remux-file", long, LONG],
    ["async probe of a small mp4, bytes", "probe-async", short, SHORT],
  ];
  const titles = { node24: "Node 24", node26: "Node 26", bun: "Bun" } as const;
  return works.flatMap(([name, work, file, times]) =>
    Object.entries(runtimes).flatMap(([key, program]): Row[] => {
      if (program === null) return [];
      const flags = key === "bun" ? [] : ["--no-warnings"];
      return [{
        name: `${titles[key as keyof typeof titles]}: ${name} (baseline: Deno)`,
        baseline: avio(work, file, times),
        library: {
          command: [program, ...flags, PROGRAM, work, file, ...times],
          env: { AVIO_SHIM_PATH: library },
        },
      }];
    })
  );
}
