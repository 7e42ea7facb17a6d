/**
 * Compares avio with an ffprobe and an ffmpeg on folders of arbitrary files. This file finds them and counts and prints the
 * results; `support/corpus_file.ts` compares one file, in its own process, since it may crash or hang. Not a test: it is run
 * by hand.
 *
 *   deno run -A tests/corpus.ts FOLDER... [--ffprobe=PATH] [--ffmpeg=PATH] [--json=FILE] [--jobs=2] [--every=1]
 *     [--steps=probe,remux,seeks]
 *
 * --json=FILE writes a line of results for each file; --every=10 takes every tenth file. Packets are always compared.
 */
import type { FileResult } from "./support/corpus_file.ts";

const SECONDS = 300;

interface Settings {
  folders: string[];
  ffprobe: string;
  ffmpeg: string;
  json: string;
  steps: string;
  jobs: number;
  every: number;
}

function settingsOf(args: string[]): Settings {
  const settings: Settings = {
    folders: [],
    ffprobe: "ffprobe",
    ffmpeg: "ffmpeg",
    json: "",
    steps: "",
    jobs: 2,
    every: 1,
  };
  for (const arg of args) {
    const [, name, value] = /^--(ffprobe|ffmpeg|json|steps|jobs|every)=(.+)$/.exec(arg) ?? [];
    if (!name) {
      if (arg.startsWith("-")) throw new Error(`unknown option: ${arg}`);
      settings.folders.push(arg);
    } else if (name === "jobs" || name === "every") settings[name] = Number(value);
    else settings[name as "ffprobe" | "ffmpeg" | "json" | "steps"] = value!;
  }
  return settings;
}

function* filesIn(folder: string): Generator<string> {
  for (const entry of [...Deno.readDirSync(folder)].sort((a, b) => a.name < b.name ? -1 : 1)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory && !entry.name.startsWith(".")) yield* filesIn(path);
    else if (entry.isFile && !/\.(md|txt|json)$/.test(entry.name)) yield path;
  }
}

/** The result that its process printed; an error if there is none. */
async function resultOf(path: string, { ffprobe, ffmpeg, steps }: Settings): Promise<FileResult> {
  const script = new URL("support/corpus_file.ts", import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", script, path, ffprobe, ffmpeg, steps],
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const timer = setTimeout(() => child.kill("SIGKILL"), SECONDS * 1000);
  const { stdout, stderr, signal } = await child.output();
  clearTimeout(timer);
  try {
    return JSON.parse(new TextDecoder().decode(stdout));
  } catch {
    const lost = signal === "SIGKILL"
      ? `took more than ${SECONDS} seconds`
      : new TextDecoder().decode(stderr).slice(-500);
    return { path, lost, packets: "lost", probe: [], explained: [], remux: {}, seeks: [] };
  }
}

/** Results by class, the most frequent first: "same 90, times 3". */
function counted(classes: string[]): string {
  const counts = new Map<string, number>();
  for (const name of classes) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]).map(([name, count]) => `${name} ${count}`).join(", ");
}

const percent = (part: number, whole: number) => whole ? `${(100 * part / whole).toFixed(1)} %` : "-";

function printTable(results: FileResult[]): void {
  const media = results.filter(({ packets }) => packets !== "both refuse" && packets !== "lost");
  const equal = media.filter(({ packets }) => /^(same|better|only avio)$/.test(packets)).length;
  const probed = media.filter(({ packets, probe }) => packets !== "only ffprobe" && !probe.length).length;
  const seeks = results.flatMap((result) => result.seeks);
  console.log(`| step | result | |\n|---|---|---|`);
  console.log(`| files; of these media | ${results.length}; ${media.length} | |`);
  console.log(
    `| packets equal to ffprobe's, or better | ${percent(equal, media.length)} | ${
      counted(results.map(({ packets }) => packets))
    } |`,
  );
  console.log(
    `| probe same or more than ffprobe | ${percent(probed, media.length)} | ${
      counted(media.flatMap(({ probe }) => probe.map((field) => field.split(":")[0]!)))
    } |`,
  );
  const explained = media.flatMap((result) => result.explained ?? []);
  if (explained.length) {
    console.log(
      `| and more than ffprobe | | ${counted(explained.map((text) => text.split(": ").at(-1)!))} |`,
    );
  }
  for (const target of Object.keys(media[0]?.remux ?? {})) {
    console.log(`| remux: ${target} | | ${counted(media.map(({ remux }) => remux[target] ?? "lost"))} |`);
  }
  console.log(
    `| seeks right | ${percent(seeks.filter((seek) => seek === "right").length, seeks.length)} | ${
      counted(seeks)
    } |`,
  );
  for (const { path, lost } of results) if (lost) console.log(`lost: ${path}: ${lost}`);
}

if (import.meta.main) {
  const settings = settingsOf(Deno.args);
  if (!settings.folders.length) {
    console.error("corpus: name a folder of files");
    Deno.exit(2);
  }
  const files = settings.folders.flatMap((folder) => [...filesIn(folder)])
    .filter((_, i) => i % settings.every === 0);
  const results: FileResult[] = [];
  const worker = async () => {
    for (let path; (path = files.shift());) {
      const result = await resultOf(path, settings);
      results.push(result);
      if (settings.json) {
        await Deno.writeTextFile(settings.json, JSON.stringify(result) + "\n", { append: true });
      }
    }
  };
  await Promise.all(Array.from({ length: settings.jobs }, worker));
  printTable(results);
}
