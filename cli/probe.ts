/**
 * `avio probe`: prints what is in a file, as text or as JSON. The phrases that describe streams are made in `details.ts`.
 */
import {
  codecString,
  type DemuxerOptions,
  type MediaInfo,
  probe as probeAsync,
  probeSync,
  type SideData,
  sideDataFields,
} from "../mod.ts";
import { codecName, details, type ProbedStream } from "./details.ts";
import { ffprobeJson } from "./ffprobe_json.ts";
import { inputSource, needsAsync } from "./input.ts";
import { besideInput } from "./nested.ts";
import { argumentFault, explain, Failure } from "./errors.ts";
import { checkNotPrintedInto } from "./output_checks.ts";
import { printWarnings } from "./warnings.ts";
import { print, STANDARD, writeStderr } from "./streams.ts";
import { indent, list, table, wrap } from "./table.ts";
import { bitRate, count, duration, exactSize, json, printable, printableLines } from "./text.ts";

/** Text, JSON with ffprobe's field names, or JSON with the library's. */
export interface ProbeOptions {
  json: boolean;
  "media-info": boolean;
  /** Prints the log's line below each warning. */
  verbose: boolean;
}

/** Runs the command. Several files are an array in JSON; one that can't be read is reported on stderr. */
export async function probe(
  files: readonly string[],
  options: ProbeOptions,
  input: DemuxerOptions,
): Promise<void> {
  checkNotPrintedInto(files);
  const [only] = files;
  if (files.length === 1) return printInfo(only!, await infoOf(only!, input), options);
  const isJson = options.json || options["media-info"];
  const printed: unknown[] = [];
  let failed = 0;
  for (const file of files) {
    let info: MediaInfo;
    try {
      info = await infoOf(file, input);
    } catch (error) {
      if (argumentFault(error)) throw error; // a flag is invalid for all files
      failed++;
      writeStderr(`avio: ${printable(nameOf(file))}: ${explain(error)}\n`);
      continue;
    }
    if (isJson) printed.push(jsonOf(file, info, options));
    else {
      if (printed.length > 0) print(["", ""]);
      print(report(nameOf(file), info));
    }
    if (!options["media-info"]) printWarnings(info.warnings, { inputs: [], ...options });
    if (!isJson) printed.push(file);
  }
  if (isJson) print(json(printed, 2));
  if (failed > 0) throw new Failure(`${failed} of ${count(files.length, "file")} can't be read`);
}

async function infoOf(file: string, input: DemuxerOptions): Promise<MediaInfo> {
  const source = inputSource(file, input);
  const reading = besideInput(file, input);
  return needsAsync(file, input) ? await probeAsync(source, reading) : probeSync(source, reading);
}

function printInfo(file: string, info: MediaInfo, options: ProbeOptions): void {
  if (options.json || options["media-info"]) print(json(jsonOf(file, info, options), 2));
  else print(report(nameOf(file), info));
  if (!options["media-info"]) printWarnings(info.warnings, { inputs: [], ...options });
}

function jsonOf(file: string, info: MediaInfo, options: ProbeOptions): unknown {
  return options.json ? ffprobeJson(file, info) : info;
}

function nameOf(file: string): string {
  return file === STANDARD ? "stdin" : file;
}

function report(name: string, info: MediaInfo): string[] {
  const sections = [
    { title: printable(name), lines: container(info) },
    { title: "Metadata", lines: tags(info.metadata) },
    { title: "Streams", lines: streamTable(info.streams) },
    { title: "Coding", lines: codingTable(info.streams) },
    { title: "Side data", lines: sideDataLines(info.streams) },
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
  const entries = Object.entries(metadata).map(([name, value]) =>
    [printable(name), printableLines(value)] as const
  );
  const MAX_NAME = 40;
  const column = entries.reduce(
    (max, [name]) => name.length > MAX_NAME ? max : Math.max(max, name.length),
    0,
  );
  const width = WIDTH - column - 4;
  return list(
    entries.map(([name, lines]) => [name, lines.flatMap((line) => line === "" ? [""] : wrap(line, width))]),
  );
}

function streamTable(streams: readonly ProbedStream[]): string[] {
  if (streams.length === 0) return [];
  const columns = ["#", "type", "codec", "lang", "bit rate", "duration", "disposition"];
  const rows = streams.map((stream) => [
    String(stream.index),
    stream.type,
    codecName(stream.codecParameters),
    language(stream.metadata),
    bitRate(stream.codecParameters.bitRate),
    duration(stream.duration),
    stream.disposition.join(","),
  ]);
  const right = new Set(["#", "bit rate"]);
  const more = streams.map((stream) => [
    printable(details(stream)),
    ...(stream.metadata["title"] ? [`"${printable(stream.metadata["title"])}"`] : []),
  ]);
  return withDetails(
    table(columns.map((title) => ({ title, align: right.has(title) ? "right" : "left" })), rows),
    more,
    streams,
  );
}

const WIDTH = 80;

/** Adds details below each row, indented to the second column and wrapped to the width of a terminal. */
function withDetails(
  [titles, ...rows]: string[],
  details: readonly (readonly string[])[],
  streams: readonly ProbedStream[],
): string[] {
  const depth = String(streams.at(-1)?.index ?? 0).length + 2;
  const lines = rows.flatMap((row, index) => [
    row,
    ...details[index]!.flatMap((text) => wrap(text, WIDTH - depth - 4)).map((line) =>
      " ".repeat(depth + 2) + line
    ),
  ]);
  return [titles!, ...lines];
}

/** Technical parameters of each stream, which programs need rather than people. */
function codingTable(streams: readonly ProbedStream[]): string[] {
  const columns = ["#", "codec string", "tag", "level", "time base", "frames", "start"];
  const rows = streams.map((stream) => [
    codecString(stream.codecParameters) ?? "",
    /^[\x20-\x5a\x5e-\x7e]+$/.test(stream.codecParameters.tag) ? stream.codecParameters.tag.trim() : "",
    levelText(stream),
    `${stream.timeBase.num}/${stream.timeBase.den}`,
    stream.frames > 0 ? String(stream.frames) : "",
    stream.startTime ? `${duration(stream.startTime)}` : "",
  ]);
  const right = new Set(["#", "frames"]);
  if (rows.length === 0) return [];
  return withDetails(
    table(
      columns.map((title) => ({ title, align: right.has(title) ? "right" : "left" })),
      rows.map((row, index) => [String(streams[index]!.index), ...row]),
    ),
    streams.map(({ sideData }) =>
      sideData.length === 0 ? [] : [`side data: ${sideData.map(({ type }) => printable(type)).join(", ")}`]
    ),
    streams,
  );
}

/** The fields of side data whose structure is known. */
function sideDataLines(streams: readonly ProbedStream[]): string[] {
  return list(
    streams.flatMap(({ index, sideData }) =>
      sideData.map((side) => [`${index} ${printable(side.type)}`, fieldLines(side)] as const)
        .filter(([, lines]) => lines.length > 0)
    ),
  );
}

/** A line for each field: `max content 1000`, `red x 0.708`. */
function fieldLines(side: SideData): string[] {
  return Object.entries(sideDataFields(side) ?? {}).map(([name, value]) => {
    const words = name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
    const known = value === null
      ? "unknown"
      : typeof value === "object"
      ? Number((value.num / value.den).toFixed(6))
      : value;
    return `${words} ${known}`;
  });
}

/** The level of H.264 is a number of tenths, that of HEVC of thirtieths: `1.2`, `4.1`. */
function levelText({ type, codecParameters: { codec, level } }: ProbedStream): string {
  if (type !== "video" || level === null || level <= 0) return "";
  const unit = ({ h264: 10, hevc: 30 } as Record<string, number>)[codec];
  return unit === undefined ? String(level) : String(Math.round(level / unit * 10) / 10);
}

/** "und" means that the language is undefined. */
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
    titled("id", "streams", "PMT", "PCR", "name"),
    programs.map(({ id, streamIndexes, pmtPid, pcrPid, metadata }) => [
      String(id),
      streamIndexes.join(","),
      pmtPid > 0 ? String(pmtPid) : "",
      pcrPid > 0 ? String(pcrPid) : "",
      printable(metadata["service_name"] ?? metadata["title"] ?? ""),
    ]),
  );
}

function titled(...titles: string[]): { title: string }[] {
  return titles.map((title) => ({ title }));
}
