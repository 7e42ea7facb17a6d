/**
 * The symbols of the shared library, one for each function of `shim/avs.h`, which documents them. Only
 * `avs_run` can call back into JavaScript, and so it must return `void`: after a callback that made V8 drop
 * optimized code, a call with a return value aborts the process ("Lazy deopt after a fast API call").
 * The header's constants are here, too. `library.ts` and the runtimes find and call the symbols.
 */

import { type Call, calls } from "./calls.ts";

/** A symbol's types, by the names of `Deno.dlopen`. */
export interface SymbolTypes {
  readonly parameters: readonly ("f64" | "u32" | "i32" | "buffer" | "function")[];
  readonly result: "f64" | "u32" | "i32" | "void";
  readonly nonblocking?: true;
}

/** ABI that this TypeScript speaks; the library's `avs_abi_version()` must be the same. */
export const ABI_VERSION = 14;

/** Symbols for opening and reading an input, bound when the library is loaded. */
export const core = {
  avs_abi_version: { parameters: [], result: "u32" },
  // client, callback that answers its requests
  avs_client: { parameters: ["u32", "function"], result: "u32" },

  avs_session_new: { parameters: ["u32"], result: "f64" },
  avs_session_close: { parameters: ["f64"], result: "i32" },
  // session, kind, flags, buffer size
  avs_io_new: { parameters: ["f64", "u32", "u32", "u32"], result: "f64" },
  // I/O context, its size, its first bytes, their number
  avs_io_begin: { parameters: ["f64", "f64", "buffer", "u32"], result: "i32" },
  // session, operation, slot, data, data size, source, source size
  avs_run: {
    parameters: ["f64", "u32", "buffer", "buffer", "u32", "buffer", "f64"],
    result: "void",
  },
  // These answer the request of an I/O context.
  avs_reply: { parameters: ["f64", "f64"], result: "i32" },
  avs_reply_read: { parameters: ["f64", "buffer", "u32"], result: "i32" },
  avs_set: { parameters: ["f64", "u32", "i32", "buffer", "u32"], result: "i32" },
  avs_describe: { parameters: ["f64", "u32", "buffer", "u32"], result: "i32" },
  // session, buffer for their bytes
  avs_ready_packets: { parameters: ["f64", "buffer"], result: "i32" },
  // session, rows, their number, bytes, their number
  avs_take_packets: { parameters: ["f64", "buffer", "u32", "buffer", "u32"], result: "i32" },
} as const satisfies Readonly<Record<string, SymbolTypes>>;

/** Symbols for what an operation has to say about its input. */
const results = {
  avs_warnings: { parameters: ["f64", "buffer", "u32"], result: "i32" },
  avs_error_codes: { parameters: ["buffer", "u32"], result: "i32" },
} as const satisfies Readonly<Record<string, SymbolTypes>>;

/** Symbols for remuxing to an output. */
const output = {
  avs_can_hold: { parameters: ["f64", "i32"], result: "i32" },
  avs_stream_fields: { parameters: ["buffer", "u32"], result: "i32" },
  avs_add_stream: { parameters: ["f64", "buffer", "u32"], result: "i32" },
  // session, stream, name, its size, data, its size
  avs_set_bytes: { parameters: ["f64", "i32", "buffer", "u32", "buffer", "u32"], result: "i32" },
  avs_map_stream: { parameters: ["f64", "i32", "i32"], result: "i32" },
  // session, stream of the input, numbers
  avs_route: { parameters: ["f64", "i32", "buffer"], result: "i32" },
  avs_set_range: { parameters: ["f64", "f64", "f64"], result: "i32" },
  avs_set_shift: { parameters: ["f64", "f64", "f64"], result: "i32" },
  avs_take_write: { parameters: ["f64", "buffer", "u32"], result: "i32" },
  avs_memory_size: { parameters: ["f64"], result: "f64" },
  avs_memory_read: { parameters: ["f64", "f64", "buffer", "u32"], result: "i32" },
} as const satisfies Readonly<Record<string, SymbolTypes>>;

/** Symbols of the async engine. */
const async = {
  avs_io_new_copy: { parameters: ["f64", "buffer", "u32", "u32"], result: "f64" },
  avs_start: { parameters: ["f64", "u32", "buffer"], result: "i32" },
  avs_finish: { parameters: ["f64", "buffer"], result: "i32" },
  avs_cancel: { parameters: ["f64"], result: "i32" },
  avs_stop: { parameters: ["f64"], result: "i32" },
  avs_slept: { parameters: ["f64"], result: "i32" },
  avs_take_events: { parameters: ["u32", "buffer", "u32", "u32"], result: "i32" },
  // Runs on a thread of Deno's pool, so it takes no buffer, which could be freed before it returns.
  avs_wait_events: { parameters: ["u32", "u32"], result: "i32", nonblocking: true },
  avs_wake_events: { parameters: ["u32"], result: "i32" },
} as const satisfies Readonly<Record<string, SymbolTypes>>;

/** Symbols for writing packets, and what few outputs have. */
const muxing = {
  // session, row, data, data size, side data, side data size
  avs_put_packet: { parameters: ["f64", "buffer", "buffer", "u32", "buffer", "u32"], result: "i32" },
  // session, stream of the output, data of a packet, its size
  avs_learn_stream: { parameters: ["f64", "i32", "buffer", "u32"], result: "i32" },
  // name of the type, its size, data, data size, buffer for the text
  avs_side_data_fault: {
    parameters: ["buffer", "u32", "buffer", "u32", "buffer", "u32"],
    result: "i32",
  },
  avs_add_chapter: { parameters: ["f64", "f64", "f64", "f64"], result: "i32" },
  avs_keep_times: { parameters: ["f64", "i32"], result: "i32" },
  avs_can_hold_all: { parameters: ["f64", "buffer", "u32"], result: "i32" },
  avs_swap_routes: { parameters: ["f64", "i32", "i32"], result: "i32" },
  // session, stream of the input, where its bytes go
  avs_cover: { parameters: ["f64", "i32", "buffer", "u32"], result: "i32" },
  avs_set_delay: { parameters: ["f64", "i32", "f64"], result: "i32" },
  avs_select_input: { parameters: ["f64", "u32"], result: "i32" },
  avs_request_time: { parameters: ["f64"], result: "f64" },
} as const satisfies Readonly<Record<string, SymbolTypes>>;

/** Rarely used symbols. */
const rest = {
  avs_library_info: { parameters: ["buffer", "u32"], result: "i32" },
  avs_license_text: { parameters: ["buffer", "u32"], result: "i32" },
  avs_formats: { parameters: ["u32", "buffer", "u32"], result: "i32" },
  // direction, name of the format, its size
  avs_format_options: { parameters: ["u32", "buffer", "u32", "buffer", "u32"], result: "i32" },
  avs_codecs: { parameters: ["buffer", "u32"], result: "i32" },
  avs_error_text: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  avs_set_log_level: { parameters: ["i32"], result: "void" },
  avs_take_log: { parameters: ["f64", "buffer", "u32"], result: "i32" },
  avs_refused_url: { parameters: ["f64", "buffer", "u32"], result: "i32" },
  avs_unused_options: { parameters: ["f64", "buffer", "u32"], result: "i32" },
  // I/O context, buffer for its numbers, buffer for its bytes
  avs_io_save: { parameters: ["f64", "buffer", "buffer", "u32"], result: "i32" },
  avs_io_restore: { parameters: ["f64", "f64", "buffer", "u32"], result: "i32" },
  // I/O context, URL, its size
  avs_io_locate: { parameters: ["f64", "buffer", "u32"], result: "i32" },
  avs_io_close: { parameters: ["f64"], result: "i32" },
  // session, stream, number of the first row, rows, their number
  avs_index: { parameters: ["f64", "i32", "u32", "buffer", "u32"], result: "i32" },
  avs_set_discard: { parameters: ["f64", "i32", "i32"], result: "i32" },
} as const satisfies Readonly<Record<string, SymbolTypes>>;

/** All symbols. */
export const symbols = { ...core, ...results, ...output, ...async, ...muxing, ...rest } as const;

/**
 * `Deno.dlopen` takes 0.2 ms for each symbol, so only the first group is bound at once, and each other one on first use of one of
 * its symbols.
 */
export const groups = [core, results, output, async, muxing, rest] as const;

export const Direction = { INPUT: 0, OUTPUT: 1 } as const;

export const Request = { READ: 1, WRITE: 2, SEEK: 3, OPEN: 5, CLOSE: 6, TRANSFORM: 7 } as const;

/** Purposes of opens, in the order of the shim's numbers. */
export const openModes = ["read", "write", "check", "delete", "part"] as const;

/** Rows of `avs_take_events`. A kind is DONE, the end of an operation; READY, packets are there; or a request. */
export const Event = { SESSION: 0, IO: 1, KIND: 2, A: 3, B: 4, C: 5, LENGTH: 6, DONE: 0, READY: 4 } as const;

/** Operations for `avs_run`. */
export const operations = {
  openInput: { code: 1, ...calls.openInput },
  read: { code: 2, ...calls.read },
  seek: { code: 3, ...calls.seek },
  openOutput: { code: 4, ...calls.openOutput },
  header: { code: 5, ...calls.header },
  write: { code: 6, ...calls.write },
  flush: { code: 7, ...calls.flush },
  trailer: { code: 8, ...calls.trailer },
  remux: { code: 9, ...calls.remux },
  ioRead: { code: 10, ...calls.ioRead },
  ioWrite: { code: 11, ...calls.ioWrite },
  ioSeek: { code: 12, ...calls.ioSeek },
  ioSize: { code: 13, ...calls.ioSize },
  ioFlush: { code: 14, ...calls.ioFlush },
  cut: { code: 15, ...calls.cut },
  closeInput: { code: 16, ...calls.closeInput },
  closeOutput: { code: 17, ...calls.closeOutput },
  starts: { code: 18, ...calls.starts },
} as const;

/** An operation of the shim. */
export interface OperationCode extends Call {
  readonly code: number;
}

export const Slot = {
  RESULT: 0,
  SEEK_TARGET: 6,
  FLAGS: 7,
  LOG_BYTES: 8,
  UNUSED_BYTES: 9,
  WRITTEN: 10,
  WARNINGS: 11,
  SIZE: 12,
} as const;

export const Flag = { FAILED: 1, SOURCE_SEEK: 2, SINK_SEEK: 4, REFUSED: 8, MEMORY: 16 } as const;

/** Kinds of `avs_warnings`. */
export const Warnings = {
  DAMAGED: 0,
  TRUNCATED: 1,
  MISSING: 2,
  DROPPED: 3,
  CORRECTED: 4,
  SKIPPED: 5,
} as const;

export const IOKind = { CALLBACKS: 0, MEMORY_INPUT: 1, MEMORY_OUTPUT: 2, OPENER: 3, TRANSFORMER: 4 } as const;

export const IOFlag = { READ: 1, WRITE: 2, SEEK: 4, DIRECT: 8, BULK: 16, LATE_SEEK: 32 } as const;

export const SetWhat = {
  INPUT: 1,
  OUTPUT: 2,
  OPTIONS: 3,
  METADATA: 4,
  STREAM: 5,
  STREAM_METADATA: 6,
  CHAPTER_METADATA: 7,
} as const;

/** Numbers of `avs_io_save`. */
export const SavedState = { POSITION: 0, DEVICE: 1, LENGTH: 2 } as const;

/** Why `operations.remux` returned. */
export const Holds = { NOT: 0, IT: 1, DESCRIBED: 2 } as const;

export const RemuxState = { GOES_ON: 0, END: 1, BREAK: 2 } as const;

/** Numbers of `avs_route`. */
export const Route = { PACKETS: 0, BYTES: 1, FIRST: 2, LAST: 3, START: 4, LENGTH: 5 } as const;

/** Rows of `avs_index`. */
export const IndexRow = { TIMESTAMP: 0, POS: 1, SIZE: 2, IS_KEY: 3, LENGTH: 4 } as const;

export const Row = {
  STREAM: 0,
  PTS: 1,
  DTS: 2,
  DURATION: 3,
  FLAGS: 4,
  POS: 5,
  SIZE: 6,
  SIDE_SIZE: 7,
  TB_NUM: 8,
  TB_DEN: 9,
  LENGTH: 10,
} as const;
