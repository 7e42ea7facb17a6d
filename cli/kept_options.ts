/**
 * Options and tags with which a muxer writes the same variant of a format as the file that is rewritten has; libavformat would
 * choose it by the file's name, or by a default.
 */
import type { MediaInfo } from "../mod.ts";
import { readParts } from "./file_parts.ts";
import type { PartReader } from "./part_reader.ts";
import { Parts } from "./parts.ts";
import { id3VersionOfAiff } from "./parts_of_chunks.ts";
import { hasTimesInFront } from "./parts_of_mpegts.ts";
import { hasId3v1, partsOfId3 } from "./parts_of_tags.ts";

/** Formats with an index, which is moved to the start, as players need it for playback while loading. */
export const WITH_INDEX: readonly string[] = ["mp4", "mov", "ipod", "3gp", "3g2", "psp", "f4v", "ismv"];

/** What is passed to the muxer. */
export interface Kept {
  options: Record<string, string>;
  /** Tags of the file that the muxer stores elsewhere. */
  metadata: Record<string, string>;
}

/** Valid PIDs of a program map table. */
const [MIN_PID, MAX_PID] = [0x20, 0x1ffa];

/** Old players read this version of ID3 only. */
const OLD_ID3 = 3;

function ofMpegTs(path: string, { programs }: MediaInfo): Kept {
  const options: Record<string, string> = {
    mpegts_m2ts_mode: readParts(path, hasTimesInFront) ? "1" : "0",
  };
  const program = programs[0];
  if (!program || programs.length > 1) return { options, metadata: {} };
  const { number, pmtPid, metadata: { service_name, service_provider } } = program;
  if (number > 0) options.mpegts_service_id = `${number}`;
  if (pmtPid >= MIN_PID && pmtPid <= MAX_PID) options.mpegts_pmt_start_pid = `${pmtPid}`;
  return {
    options,
    metadata: {
      ...(service_name === undefined ? {} : { service_name }),
      ...(service_provider === undefined ? {} : { service_provider }),
    },
  };
}

const id3VersionInFront = (reader: PartReader) => partsOfId3(reader, new Parts()).version;

function ofMp3(path: string): Kept {
  const [version, isOld] = readParts(
    path,
    (reader) => [id3VersionInFront(reader), hasId3v1(reader)] as const,
  );
  return { options: { ...ofId3(version), ...(isOld ? { write_id3v1: "1" } : {}) }, metadata: {} };
}

/** The version of ID3 that is nearest to that of the file, of the two that are written. */
function ofId3(version: number): Record<string, string> {
  return version > 0 && version <= OLD_ID3 ? { id3v2_version: `${OLD_ID3}` } : {};
}

/** The options and tags for the output format. */
export function keptOf(path: string, info: MediaInfo, format: string): Kept {
  if (format === "mpegts") return ofMpegTs(path, info);
  if (format === "mp3") return ofMp3(path);
  if (format === "aiff") return { options: ofId3(readParts(path, id3VersionOfAiff)), metadata: {} };
  if (format === "adts" && readParts(path, id3VersionInFront) > 0) {
    return { options: { write_id3v2: "1" }, metadata: {} };
  }
  if (format === "wav") return { options: { rf64: "auto" }, metadata: {} }; // for files larger than 4 GB
  return { options: WITH_INDEX.includes(format) ? { movflags: "faststart" } : {}, metadata: {} };
}
