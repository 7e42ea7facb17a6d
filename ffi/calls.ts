/**
 * Names of calls in errors: a short name, and the phrase of the message ("Cannot read packet: ...").
 */

/** A call, for the messages of its errors. */
export interface Call {
  /** `AVError.operation`. */
  readonly name: string;
  /** The phrase after "Cannot". */
  readonly phrase: string;
}

export const calls = {
  openInput: { name: "open", phrase: "open input" },
  read: { name: "read packet", phrase: "read packet" },
  seek: { name: "seek", phrase: "seek" },
  openOutput: { name: "open", phrase: "open output" },
  header: { name: "write header", phrase: "write header" },
  write: { name: "write packet", phrase: "write packet" },
  flush: { name: "flush", phrase: "flush output" },
  trailer: { name: "write trailer", phrase: "write trailer" },
  remux: { name: "remux", phrase: "remux" },
  ioRead: { name: "read", phrase: "read" },
  ioWrite: { name: "write", phrase: "write" },
  ioSeek: { name: "seek", phrase: "seek" },
  ioSize: { name: "size", phrase: "get the size" },
  ioFlush: { name: "flush", phrase: "flush" },
  cut: { name: "seek", phrase: "seek to the start" },
  closeInput: { name: "close", phrase: "close input" },
  closeOutput: { name: "close", phrase: "close output" },
  starts: { name: "read packet", phrase: "read packet" },
  readIndex: { name: "read index", phrase: "read the index" },
  addStream: { name: "add stream", phrase: "add stream" },
} as const satisfies Record<string, Call>;
