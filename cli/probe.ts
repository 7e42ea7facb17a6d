/**
 * `avio probe`: what a file is, for people or as JSON. The words for a stream are in `details.ts`.
 */
import { type MediaInfo, probe as probeAsync, probeSync } from "../mod.ts";
import { codecName, details, type ProbedStream } from "./details.ts";
import { besideInput } from "./nested.ts";
import { isUrl, print, sourceOf, STANDARD } from "./streams.ts";
import { indent, list, table } from "./table.ts";
import { bitRate, duration, exactSize, printable, printableLines } from "./text.ts";

/** Runs the command. */
export async function probe(file: string, options: { json: boolean }): Promise<void> {
  const source = sourceOf(file);
  const nested = besideInput(file);
  const info = isUrl(file) ? await probeAsync(source, nested) : probeSync(source, nested);
  if (options.json) print(toJSON(info));
  else print(...report(file === STANDARD ? "stdin" : file, info));
}

/** Bytes (extradata, side data) are base64. */
function toJSON(info: MediaInfo): string {
  return JSON.stringify(info, (_key, value) => value instanceof Uint8Array ? value.toBase64() : value, 2);
}

function report(name: string, info: MediaInfo): string[] {
  const sections = [
    { title: printable(name), lines: container(info) },
    { title: "Metadata", lines: tags(info.metadata) },
    { title: "Streams", lines: streamTable(info.streams) },
    { title: "Chapters", lines: chapterTable(info) },
    { title: "Programs", lines: programTable(info) },
  ].filter(({ lines }) => lines.length > 0);
  return sections.flatMap(({ title, lines }, index) => [...index > 0 ? [""] : [], title, ...indent(lines)]);
}

function container({ format, duration: seconds, startTime, bitRate: bits, size }: MediaInfo): string[] {
  const facts: [string, string][] = [
    ["format", `${format.longName || format.name} (${format.name})`],
    ["duration", duration(seconds) || "unknown"],
    ["start", startTime ? duration(startTime) : ""],
    ["size", size === null ? "unknown" : exactSize(size)],
    ["bit rate", bitRate(bits)],
  ];
  return list(facts.filter(([, value]) => value !== "").map(([name, value]) => [name, [value]]));
}

function tags(metadata: Readonly<Record<string, string>>): string[] {
  return list(Object.entries(metadata).map(([name, value]) => [printable(name), printableLines(value)]));
}

function streamTable(streams: readonly ProbedStream[]): string[] {
  if (streams.length === 0) return [];
  const columns = ["#", "type", "codec", "details", "lang", "bit rate", "duration", "disposition", "title"];
  const rows = streams.map((stream) => [
    String(stream.index),
    stream.type,
    codecName(stream.codecParameters),
    printable(details(stream)),
    language(stream.metadata),
    bitRate(stream.codecParameters.bitRate),
    duration(stream.duration),
    stream.disposition.join(","),
    printable(stream.metadata["title"] ?? ""),
  ]);
  const right = new Set(["#", "bit rate"]);
  return table(columns.map((title) => ({ title, align: right.has(title) ? "right" : "left" })), rows);
}

/** "und" is how containers say that nobody said. */
function language(metadata: Readonly<Record<string, string>>): string {
  const name = metadata["language"] ?? "";
  return name === "und" ? "" : printable(name);
}

function chapterTable({ chapters }: MediaInfo): string[] {
  if (chapters.length === 0) return [];
  const columns = [{ title: "#", align: "right" } as const, ...titled("start", "end", "title")];
  return table(
    columns,
    chapters.map(({ start, end, metadata }, index) => [
      String(index + 1),
      duration(start),
      duration(end),
      printable(metadata["title"] ?? ""),
    ]),
  );
}

function programTable({ programs }: MediaInfo): string[] {
  if (programs.length === 0) return [];
  return table(
    titled("id", "streams", "name"),
    programs.map(({ id, streamIndexes, metadata }) => [
      String(id),
      streamIndexes.join(","),
      printable(metadata["service_name"] ?? metadata["title"] ?? ""),
    ]),
  );
}

function titled(...titles: string[]): { title: string }[] {
  return titles.map((title) => ({ title }));
}
