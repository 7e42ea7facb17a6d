/**
 * Numbers of FFmpeg that users meet: seek modes and AVERROR codes. No library is needed to know them.
 */
import { runtime } from "./runtime.ts";

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

const errnoCodes = {
  EPERM: -1,
  ENOENT: -2,
  EINTR: -4,
  EIO: -5,
  ENXIO: -6,
  E2BIG: -7,
  EBADF: -9,
  ENOMEM: -12,
  EACCES: -13,
  EFAULT: -14,
  EBUSY: -16,
  EEXIST: -17,
  ENODEV: -19,
  ENOTDIR: -20,
  EISDIR: -21,
  EINVAL: -22,
  EFBIG: -27,
  ENOSPC: -28,
  ESPIPE: -29,
  EROFS: -30,
  EPIPE: -32,
  EDOM: -33,
  ERANGE: -34,
};

/** The errno values that Linux and the BSD family number differently. */
const platformCodes = runtime.os === "linux"
  ? {
    EAGAIN: -11,
    ENOSYS: -38,
    EPROTO: -71,
    EMSGSIZE: -90,
    ENOTSUP: -95,
    ECONNRESET: -104,
    ETIMEDOUT: -110,
    ECONNREFUSED: -111,
    ECANCELED: -125,
  }
  : {
    EAGAIN: -35,
    EMSGSIZE: -40,
    ENOTSUP: -45,
    ECONNRESET: -54,
    ETIMEDOUT: -60,
    ECONNREFUSED: -61,
    ENOSYS: -78,
    ECANCELED: -89,
    EPROTO: -100,
  };

/** AVERROR codes that avio itself gives or tells apart. */
export const AVERROR = { ...ownCodes, ...errnoCodes, ...platformCodes } as const;

/** Numbers of FFmpeg by name. */
export interface Constants {
  /**
   * What the `whence` of an `onseek` callback, or of {@linkcode IOContext.seekSync}, means: SEEK_SET, SEEK_CUR,
   * SEEK_END, AVSEEK_SIZE and AVSEEK_FORCE.
   */
  readonly seek: {
    readonly SET: 0;
    readonly CUR: 1;
    readonly END: 2;
    readonly SIZE: 0x10000;
    readonly FORCE: 0x20000;
  };
  /** AVERROR values by name, without their prefix: `EOF`, `INVALIDDATA`, `EIO`, ... */
  readonly error: Readonly<Record<string, number>>;
}

/**
 * Numbers of FFmpeg by name.
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

const namesByCode = new Map<number, string>(Object.entries(AVERROR).map(([name, code]) => [code, name]));

/** "EOF" for AVERROR_EOF; the number where it has no name. */
export function codeName(code: number): string {
  return namesByCode.get(code) ?? String(code);
}
