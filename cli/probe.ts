/**
 * `avio probe`: what a file is, for people or as JSON. The words for a stream are in `details.ts`.
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
import { print, STANDARD } from "./streams.ts";
import { indent, list, table } from "./table.ts";
import { bitRate, duration, exactSize, json, printable, printableLines } from "./text.ts";

/** How it is told: for people, as ffprobe names it, or as the library does. */
export interface ProbeOptions {
  json: boolean;
  "media-info": boolean;
}

/** Runs the command. */
export async function probe(file: string, options: ProbeOptions, input: DemuxerOptions): Promise<void> {
  const source = inputSource(file, input);
  const reading = besideInput(file, input);
  const info = needsAsync(file, input) ? await probeAsync(source, reading) : probeSync(source, reading);
  if (options.json) print(json(ffprobeJson(file, info), 2));
  else if (options["media-info"]) print(json(info, 2));
  else print(report(file === STANDARD ? "stdin" : file, info));
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

/** What programs ask for rather than people; a line for each stream that has any of it. */
function codingTable(streams: readonly ProbedStream[]): string[] {
  const columns = ["#", "codec string", "tag", "level", "time base", "frames", "start", "side data"];
  const rows = streams.map((stream) => [
    codecString(stream.codecParameters) ?? "",
    /^[\x20-\x5a\x5e-\x7e]+$/.test(stream.codecParameters.tag) ? stream.codecParameters.tag.trim() : "",
    levelText(stream),
    `${stream.timeBase.num}/${stream.timeBase.den}`,
    stream.frames > 0 ? String(stream.frames) : "",
    stream.startTime ? `${duration(stream.startTime)}` : "",
    stream.sideData.map(({ type }) => printable(type)).join(", "),
  ]);
  const right = new Set(["#", "frames"]);
  if (rows.length === 0) return [];
  return table(
    columns.map((title) => ({ title, align: right.has(title) ? "right" : "left" })),
    rows.map((row, index) => [String(streams[index]!.index), ...row]),
  );
}

/** What is in it, where that is known. */
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

/** H.264 and HEVC count tenths and thirtieths: `1.2`, `4.1`. */
function levelText({ type, codecParameters: { codec, level } }: ProbedStream): string {
  if (type !== "video" || level === null || level <= 0) return "";
  const unit = ({ h264: 10, hevc: 30 } as Record<string, number>)[codec];
  return unit === undefined ? String(level) : String(Math.round(level / unit * 10) / 10);
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
