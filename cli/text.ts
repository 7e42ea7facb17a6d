/**
 * Formats values for people (times, sizes, bit rates, tags) and parses times. Layout is in `table.ts`, the description of
 * a stream in `details.ts`.
 */
import { COMMANDS } from "../ffi/harmless.ts";
import { toBase64 } from "../io/base64.ts";

/** One line without control characters: tags, names and parts of errors come from files that are not trusted. */
export function printable(text: string): string {
  return text.replace(/\s+/g, " ").replace(COMMANDS, "\ufffd");
}

/** JSON, with control characters escaped. Bytes (extradata, side data) are base64. */
export function json(value: unknown, space?: number): string {
  const replacer = (_key: string, value: unknown) => value instanceof Uint8Array ? toBase64(value) : value;
  const escape = (sign: string) =>
    sign === "\n" ? sign : `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify(value, replacer, space).replace(COMMANDS, escape);
}

/** As `printable`, for text of several lines. */
export function printableLines(text: string): string[] {
  return text.trim().split(/\r\n|\r|\n/).map(printable);
}

/** `0:01:02`, `1:00:00.040`; "" where unknown. */
export function duration(seconds: number | null): string {
  if (seconds === null || !Number.isFinite(seconds)) return "";
  const milliseconds = Math.round(Math.abs(seconds) * 1000);
  const part = (unit: number, count: number, digits: number) =>
    String(Math.floor(milliseconds / unit) % count).padStart(digits, "0");
  const rest = milliseconds % 1000;
  const sign = seconds < 0 && milliseconds > 0 ? "-" : "";
  return `${sign}${Math.floor(milliseconds / 3_600_000)}:${part(60_000, 60, 2)}:${part(1000, 60, 2)}` +
    (rest === 0 ? "" : `.${String(rest).padStart(3, "0")}`);
}

/** Seconds from `90`, `1:30`, `0:01:30.5`; null where it is none of these. */
export function parseTime(text: string): number | null {
  const match = text.match(/^(?:(?:(\d+):)?(\d{1,2}):)?(\d+(?:\.\d+)?)$/);
  if (!match) return null;
  const [hours, minutes, seconds] = [Number(match[1] ?? 0), Number(match[2] ?? 0), Number(match[3])];
  const hasMinutes = match[2] !== undefined;
  if (hasMinutes && seconds >= 60 || match[1] !== undefined && minutes >= 60) return null;
  return hours * 3600 + minutes * 60 + seconds;
}

const UNITS = ["bytes", "kB", "MB", "GB", "TB", "PB"];

/** `820 bytes`, `1.26 MB`; powers of 1000. */
export function size(bytes: number): string {
  let value = bytes;
  let unit = 0;
  for (; value >= 999.5 && unit < UNITS.length - 1; unit++) value /= 1000;
  return unit === 0 ? count(bytes, "byte") : `${significant(value)} ${UNITS[unit]}`;
}

/** `1.26 MB (1,261,047 bytes)` */
export function exactSize(bytes: number): string {
  return bytes < 1000 ? size(bytes) : `${size(bytes)} (${count(bytes, "byte")})`;
}

/** `128 kb/s`, `1.01 Mb/s`; "" where unknown. */
export function bitRate(bitsPerSecond: number | null): string {
  if (!bitsPerSecond) return "";
  if (bitsPerSecond < 1000) return `${bitsPerSecond} b/s`;
  return bitsPerSecond < 999_500
    ? `${significant(bitsPerSecond / 1000)} kb/s`
    : `${significant(bitsPerSecond / 1e6)} Mb/s`;
}

/** `1 packet`, `1,070 packets` */
export function count(n: number, noun: string): string {
  return `${n.toLocaleString("en-US")} ${noun}${n === 1 ? "" : "s"}`;
}

/** Three digits, where there are no more before the point: `1.26`, `12.6`, `126`. */
function significant(value: number): string {
  return value.toFixed(value < 9.995 ? 2 : value < 99.95 ? 1 : 0);
}

/** `29.97`, `23.976`, `60`; "" if unknown. */
export function rate({ num, den }: { num: number; den: number }): string {
  return num > 0 && den > 0 ? String(Math.round(num / den * 1000) / 1000) : "";
}
