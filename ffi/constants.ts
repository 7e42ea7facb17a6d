/**
 * FFmpeg's numbers that users need: seek modes and AVERROR codes.
 */
import { library, readTextOrThrow } from "./library.ts";

/** FFERRTAG: libavutil's own codes are four characters, negated. */
function tag(name: string): number {
  return -[...name].reduce(
    (value, character, index) => value + character.charCodeAt(0) * 2 ** (8 * index),
    0,
  );
}

const ownCodes = {
  BSF_NOT_FOUND: tag("\xf8BSF"),
  BUG: tag("BUG!"),
  BUG2: tag("BUG "),
  BUFFER_TOO_SMALL: tag("BUFS"),
  DECODER_NOT_FOUND: tag("\xf8DEC"),
  DEMUXER_NOT_FOUND: tag("\xf8DEM"),
  ENCODER_NOT_FOUND: tag("\xf8ENC"),
  EOF: tag("EOF "),
  EXIT: tag("EXIT"),
  EXTERNAL: tag("EXT "),
  FILTER_NOT_FOUND: tag("\xf8FIL"),
  INVALIDDATA: tag("INDA"),
  MUXER_NOT_FOUND: tag("\xf8MUX"),
  OPTION_NOT_FOUND: tag("\xf8OPT"),
  PATCHWELCOME: tag("PAWE"),
  PROTOCOL_NOT_FOUND: tag("\xf8PRO"),
  STREAM_NOT_FOUND: tag("\xf8STR"),
  UNKNOWN: tag("UNKN"),
  EXPERIMENTAL: -0x2bb2afa8,
  INPUT_CHANGED: -0x636e6701,
  OUTPUT_CHANGED: -0x636e6702,
  HTTP_BAD_REQUEST: tag("\xf8400"),
  HTTP_UNAUTHORIZED: tag("\xf8401"),
  HTTP_FORBIDDEN: tag("\xf8403"),
  HTTP_NOT_FOUND: tag("\xf8404"),
  HTTP_OTHER_4XX: tag("\xf84XX"),
  HTTP_SERVER_ERROR: tag("\xf85XX"),
};

/** errno names. Their numbers differ between systems and are read from the library. */
const errnoNames = [
  "E2BIG",
  "EACCES",
  "EAGAIN",
  "EBADF",
  "EBUSY",
  "ECANCELED",
  "ECONNREFUSED",
  "ECONNRESET",
  "EDOM",
  "EEXIST",
  "EFAULT",
  "EFBIG",
  "EINTR",
  "EINVAL",
  "EIO",
  "EISDIR",
  "EMSGSIZE",
  "ENODEV",
  "ENOENT",
  "ENOMEM",
  "ENOSPC",
  "ENOSYS",
  "ENOTDIR",
  "ENOTSUP",
  "ENXIO",
  "EPERM",
  "EPIPE",
  "EPROTO",
  "ERANGE",
  "EROFS",
  "ESPIPE",
  "ETIMEDOUT",
] as const;

type ErrnoName = typeof errnoNames[number];

let errnoCodes: ReadonlyMap<string, number> | undefined;

function errnoCode(name: ErrnoName): number {
  errnoCodes ??= new Map(
    readTextOrThrow((out, capacity) => library().avs_error_codes(out, capacity)).trim().split("\n").map(
      (line) => {
        const [name, code] = line.split(" ") as [string, string];
        return [name, Number(code)];
      },
    ),
  );
  return errnoCodes.get(name)!;
}

function allCodes(): Readonly<typeof ownCodes & Record<ErrnoName, number>> {
  const codes = { ...ownCodes };
  for (const name of errnoNames) {
    Object.defineProperty(codes, name, { get: () => errnoCode(name), enumerable: true });
  }
  return codes as typeof ownCodes & Record<ErrnoName, number>;
}

/** AVERROR codes that avio itself returns or checks. */
export const AVERROR: ReturnType<typeof allCodes> = allCodes();

/** FFmpeg's numbers by name. */
export interface Constants {
  /**
   * Values for `whence` of an `onseek` callback and of {@linkcode IOContext.seekSync}: SEEK_SET, SEEK_CUR,
   * SEEK_END, AVSEEK_SIZE and AVSEEK_FORCE.
   */
  readonly seek: {
    readonly SET: 0;
    readonly CUR: 1;
    readonly END: 2;
    readonly SIZE: 0x10000;
    readonly FORCE: 0x20000;
  };
  /**
   * AVERROR values by name, without their prefix: `EOF`, `INVALIDDATA`, `EIO`, ... Those of errno (`EIO`) depend on the
   * platform; reading them loads the library.
   */
  readonly error: Readonly<Record<string, number>>;
}

/**
 * FFmpeg's numbers by name: seek modes and AVERROR codes.
 *
 * ```ts
 * import { constants } from "@avio/avio";
 *
 * console.log(constants.seek.SIZE); // 65536
 * console.log(constants.error.EOF); // -541478725
 * ```
 */
export const constants: Constants = Object.freeze({
  seek: Object.freeze({ SET: 0, CUR: 1, END: 2, SIZE: 0x10000, FORCE: 0x20000 }),
  error: Object.freeze(AVERROR),
});

let namesByCode: ReadonlyMap<number, string> | undefined;

/** The name of a code ("EOF" for AVERROR_EOF), or its number as text if it has none. */
export function codeName(code: number): string {
  namesByCode ??= new Map(Object.entries(AVERROR).map(([name, code]) => [code, name]));
  return namesByCode.get(code) ?? String(code);
}
