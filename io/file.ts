/**
 * Files as sources and sinks: paths, file: URLs, and files that the caller has opened. A file that would be both is an
 * error before anything of it is lost: a sink is opened without truncating, compared, and truncated by the first write.
 */
import { filePath } from "../ffi/library_paths.ts";
import { constants } from "../ffi/constants.ts";
import { argumentError } from "../ffi/errors.ts";
import type { Device } from "../ffi/device.ts";
import { acquire, type Operation, step } from "../ffi/operation.ts";
import type { NativeIO } from "../ffi/native_io.ts";
import type { Cleanup } from "../ffi/resource_scope.ts";
import type { Host, IOUse } from "../ffi/session.ts";
import type { Attachment } from "./attachment.ts";
import { identityOf, knownFile, mayRead } from "./file_identity.ts";
import { type FileStatus, From, type OpenFile, type OpenFileOptions } from "./file_system.ts";
import { files } from "./files.ts";
import { ListReader } from "./listed_files.ts";
import { paths } from "./paths.ts";
import { ReadSize } from "./read_size.ts";

/** The path that a string or URL names. */
export function pathOf(place: string | URL, name: string): string {
  const text = String(place);
  if (typeof place === "string" && /^file:(?!\/)/i.test(text)) {
    throw argumentError(
      TypeError,
      name,
      `must be a file: URL that begins with file:/, or a path, is ${text}`,
    );
  }
  if (/^file:/i.test(text)) return paths.plain(pathOfUrl(text, name));
  if (place instanceof URL) {
    throw argumentError(TypeError, name, `must be a file: or an http(s): URL, is ${text}`);
  }
  if (text === "" || text.includes("\0")) {
    throw argumentError(TypeError, name, `must be a path, is ${JSON.stringify(text)}`);
  }
  return paths.plain(text);
}

function pathOfUrl(url: string, name: string): string {
  try {
    return filePath(new URL(url));
  } catch (error) {
    throw argumentError(
      TypeError,
      name,
      `must be the URL of a file here, is ${url}: ${(error as Error).message}`,
    );
  }
}

/** The path of a source or sink that is a path, a file: URL or a runtime's file object; null for others. */
export function pathIn(place: unknown, name: "source" | "sink"): string | null {
  if (typeof place === "string" || place instanceof URL) return pathOf(place, name);
  const named = files.named(place, name);
  return named === null ? null : paths.plain(named);
}

/** Opens a file, and closes it if the session has ended meanwhile. */
function openFile(path: string, options: OpenFileOptions): Operation<OpenFile> {
  return acquire(
    () => files.openSync(path, options),
    () => files.open(path, options),
    (file) => file.close(),
  );
}

/** A function of its own: JavaScriptCore would keep all variables of a surrounding generator alive, including the host. */
function closing(file: OpenFile): Cleanup {
  return () => file.close();
}

// ------------------------------------------------------------------------------------------- sources

/** How a file is read. */
export interface FileReading {
  bufferSize: number;
  /** Read back by the muxer that wrote it: it may still be open for writing. */
  isReadBack?: boolean | undefined;
}

/** Opens a file as a source; returns its I/O context in the host, which closes it. */
export function* openSourceFile(host: Host, path: string, reading: FileReading): Operation<NativeIO> {
  const file = yield* openFile(path, { read: true });
  host.defer(closing(file));
  return yield* attachSourceFile(host, file, reading, path);
}

/** The same for a file that the caller has opened and will close. */
export function* attachSourceFile(
  host: Host,
  file: OpenFile,
  { bufferSize, isReadBack = false }: FileReading,
  path = "",
): Operation<NativeIO> {
  const info = yield* lookAt(file);
  // It can be opened, but the error of reading it would not name it.
  if (info?.isDirectory) {
    throw files.error("IsADirectory", `source: ${path || "the open file"} is a directory`);
  }
  const identity = info && identityOf(info);
  if (identity !== null && !isReadBack) {
    host.files.checkSource(identity, path);
    host.defer(host.files.addSource(knownFile(identity)));
  }
  const list = path === "" || identity === null ? null : new ListReader(host.files, path);
  const isRegular = info?.isFile ?? false;
  const sharing = { path, list, isRegular };
  const device = yield* (path === "" ? SharedFile.of(file).device(sharing) : fileDevice(file, sharing));
  if (isRegular && device.seek && !isReadBack) device.size = info!.size;
  return host.addDevice(device, { use: "read", bulk: true }, bufferSize);
}

/** Null if the permission was revoked after the file was opened. */
function* lookAt(file: OpenFile): Operation<FileStatus | null> {
  try {
    return yield* step(() => file.statSync(), () => file.stat());
  } catch (error) {
    if (files.is(error, "NotCapable")) return null;
    throw error;
  }
}

// ------------------------------------------------------------------------------------------- sinks

/** How a file is written. */
export interface FileWriting {
  bufferSize: number;
  use: IOUse;
}

/** A file as a sink: created, or truncated when it is first written to, where it is no source. */
export function* openSinkFile(host: Host, path: string, writing: FileWriting): Operation<Attachment> {
  const canCompare = mayRead(path); // without read permission it can't be compared
  const options = { write: true, create: true, truncate: !canCompare };
  const file = yield* openFile(path, options);
  host.defer(closing(file));
  const info = canCompare ? yield* occupy(host, file, path) : null;
  const plain = yield* fileDevice(file, { path });
  const { device, finish } = info?.isFile && info.size > 0 ? replacing(file, plain) : { device: plain };
  const io = host.addDevice(device, { ...writing.use, bulk: true }, writing.bufferSize);
  return { io, url: path, ...(finish ? { finish } : {}) };
}

/** Truncates the file at the first write, so that it stays unchanged if the header can't be written. */
function replacing(file: OpenFile, plain: Device): { device: Device; finish: () => Operation<void> } {
  let isOld = true;
  function* empty(): Operation<void> {
    if (!isOld) return;
    isOld = false;
    yield* step(() => file.truncateSync(0), () => file.truncate(0));
  }
  const device: Device = {
    ...plain,
    *write(bytes, info) {
      yield* empty();
      yield* plain.write!(bytes, info);
    },
  };
  const { seek } = plain;
  if (seek) {
    device.seek = function* (offset, whence) {
      if (whence === constants.seek.SIZE || whence === constants.seek.END) yield* empty();
      return yield* seek(offset, whence);
    };
  }
  return { device, finish: empty };
}

/** The same for a file that the caller has opened and will close. It is not truncated. */
export function* attachSinkFile(
  host: Host,
  file: SharedFile,
  { bufferSize, use }: FileWriting,
): Operation<NativeIO> {
  if (yield* file.canCompare()) yield* occupy(host, file.file, "");
  const device = refusingToAppend(file.file, yield* file.device(), yield* lookAt(file.file));
  return host.addDevice(device, { ...use, bulk: true }, bufferSize);
}

/**
 * A file that was opened for appending can seek, but what is written goes to its end: refuses it where that is seen, with the
 * first bytes that should replace others.
 */
function refusingToAppend(file: OpenFile, device: Device, info: FileStatus | null): Device {
  const { write, seek } = device;
  if (!write || !seek || !info?.isFile) return device;
  let { size } = info;
  let position = 0;
  let isChecked = false;
  return {
    ...device,
    *write(bytes, how) {
      const { length } = bytes; // which may be detached
      yield* write(bytes, how);
      const appended = size + length;
      const replaces = position < size;
      position += length;
      size = Math.max(size, position);
      if (isChecked || !replaces || appended === size) return;
      isChecked = true;
      if ((yield* lookAt(file))?.size !== appended) return;
      throw argumentError(
        TypeError,
        "sink",
        'was opened for appending ("a"), so that nothing in it can be replaced',
      );
    },
    *seek(offset, whence) {
      const found = yield* seek(offset, whence);
      if (whence !== constants.seek.SIZE && found !== null) position = found;
      return found;
    },
  };
}

/** Opens what was written to such a file as a source; returns its I/O context in the host. */
export function* attachReadBack(host: Host, file: SharedFile, bufferSize: number): Operation<NativeIO> {
  return host.addDevice(yield* file.device(), { use: "read" }, bufferSize);
}

/** Registers the file as a sink, unless it is a source; returns its identity. */
function* occupy(host: Host, file: OpenFile, path: string): Operation<FileStatus | null> {
  const info = yield* lookAt(file);
  const identity = info && identityOf(info);
  if (info === null || identity === null) return info;
  if (info.size > 0) yield* host.files.checkSink(identity, path); // an empty file has nothing to lose
  host.defer(host.files.addSink(identity));
  return info;
}

/**
 * A file that the caller has opened. Several sessions may read it at once, and a muxer may reread it while writing it
 * (`faststart`). The system keeps only one position per open file, so I/O contexts use it one at a time, and each sets its own
 * position first.
 */
export class SharedFile {
  static #known = new WeakMap<OpenFile, SharedFile>();
  readonly file: OpenFile;
  #isSeekable: boolean | null = null;
  /** Settles when the current step is done. */
  #busy: Promise<void> | null = null;
  /** Settles when the system's call is done, which goes on when its session is aborted. */
  #pending: Promise<unknown> | null = null;

  private constructor(file: OpenFile) {
    const track = <T>(call: Promise<T>): Promise<T> => {
      const settled = call.then(() => {}, () => {});
      this.#pending = settled.then(() => this.#pending = null);
      return call;
    };
    this.file = {
      read: (target) => track(file.read(target)),
      readSync: (target) => file.readSync(target),
      write: (bytes) => track(file.write(bytes)),
      writeSync: (bytes) => file.writeSync(bytes),
      seek: (offset, whence) => track(file.seek(offset, whence)),
      seekSync: (offset, whence) => file.seekSync(offset, whence),
      stat: () => file.stat(),
      statSync: () => file.statSync(),
      truncate: (size) => file.truncate(size),
      truncateSync: (size) => file.truncateSync(size),
      close: () => file.close(),
    };
  }

  /** The only one of this file. */
  static of(file: OpenFile): SharedFile {
    const known = this.#known.get(file) ?? new SharedFile(file);
    this.#known.set(file, known);
    return known;
  }

  /** A device with its own position. */
  device(sharing: Sharing = {}): Operation<Device> {
    return fileDevice(this.file, { ...sharing, exclusive: (user, work) => this.#exclusive(user, work) });
  }

  /** Why the file can't be read back; null if it can. */
  *readBackFault(): Operation<string | null> {
    const to = { position: 0 };
    const isSeekable = yield* succeeds(() => this.#exclusive(to, () => seek(this.file, 0, From.START)));
    if (!isSeekable) return "is not seekable, and the muxer reads back what it has written";
    if (yield* this.#canRead()) return null;
    return "was opened without { read: true }, and the muxer reads back what it has written";
  }

  /** Truncates the file. */
  truncate(): Operation<void> {
    return step(() => this.file.truncateSync(0), () => this.file.truncate(0));
  }

  /** Whether it can be examined without a permission prompt: a file opened for reading can. */
  *canCompare(): Operation<boolean> {
    if (files.mayRead()) return true;
    return (yield* canSeek(this.file)) && (yield* this.#canRead());
  }

  *#canRead(): Operation<boolean> {
    const byte = new Uint8Array(1);
    return yield* this.#exclusive(
      { position: 0 },
      () => succeeds(() => step(() => this.file.readSync(byte), () => this.file.read(byte))),
    );
  }

  *#exclusive<T>(user: { position: number }, work: () => Operation<T>): Operation<T> {
    while (this.#busy) yield* step(inUse, () => this.#busy);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#busy = promise;
    try {
      yield* this.#restore(user);
      return yield* work();
    } finally {
      const free = () => {
        this.#busy = null;
        resolve();
      };
      if (this.#pending) this.#pending.then(free);
      else free();
    }
  }

  /** Each time: another session, one that was aborted, or the program may have left the file anywhere. */
  *#restore({ position }: { position: number }): Operation<void> {
    if (this.#isSeekable === false) return; // a pipe has no position
    const at = Math.min(position, FARTHEST);
    if (yield* succeeds(() => seekNow(this.file, at, From.START))) this.#isSeekable = true;
    else if (this.#isSeekable) yield* seek(this.file, at, From.START); // a call of the program is under way
    else this.#isSeekable = yield* succeeds(() => seek(this.file, at, From.START));
  }
}

function inUse(): never {
  throw new Error("The file is in use by another call, which is under way");
}

// ------------------------------------------------------------------------------------------- devices

/** Largest position of any file system; damaged media may point beyond it. */
const FARTHEST = 2 ** 43;

/** Something that reads and writes at its current position: a file, or standard input. */
type Handle = Pick<OpenFile, "read" | "readSync">;

/** Standard input as a device. */
export function stdinDevice(): Device {
  return { read: reader(files.stdin, new ReadSize()) };
}

interface Sharing {
  /** For errors; empty if unknown. */
  path?: string;
  /** Gets all bytes that are read. */
  list?: ListReader | null;
  /** Runs a step with exclusive use of the file. */
  exclusive?: <T>(user: { position: number }, work: () => Operation<T>) => Operation<T>;
  /** Whether it is a regular file, whose status may be read. */
  isRegular?: boolean;
}

/** Pipes and terminals have no position; files are used from their start. */
function* fileDevice(
  file: OpenFile,
  { path = "", list = null, exclusive = (_user, work) => work(), isRegular = false }: Sharing = {},
): Operation<Device> {
  const size = new ReadSize();
  const place: Place = { path, position: 0 };
  const read = reader(file, size);
  let watching = list;
  const device: Device = {
    transient: true,
    *read(requested) {
      const bytes = yield* exclusive(place, () => located("read", place, () => read(requested)));
      if (bytes && watching && !watching.see(bytes, place.position)) watching = null;
      place.position += bytes?.length ?? 0;
      return bytes;
    },
    write: (bytes) => exclusive(place, () => located("write", place, () => writeAll(file, bytes, place))),
  };
  const goTo = isRegular ? seekNow : seek;
  if (!(yield* exclusive(place, () => succeeds(() => goTo(file, 0, From.START))))) return device;
  device.seeksLate = isRegular;
  device.seek = (offset, whence) =>
    exclusive(place, function* () {
      if (whence === constants.seek.SIZE) return yield* sizeOf(file, isRegular);
      size.reset();
      if (whence === constants.seek.SET && offset > FARTHEST) {
        yield* seek(file, 0, From.END);
        return place.position = offset; // no bytes are there, but the system would accept it
      }
      return place.position = yield* (whence === constants.seek.SET ? goTo : seek)(file, offset, whence);
    });
  return device;
}

function reader(handle: Handle, size: ReadSize): NonNullable<Device["read"]> {
  let buffer = new Uint8Array(0);
  return function* (requested) {
    const wanted = size.next(requested);
    if (buffer.length < wanted) buffer = new Uint8Array(wanted);
    const target = buffer.subarray(0, wanted);
    const read = yield* step(() => handle.readSync(target), () => handle.read(target));
    return read ? target.subarray(0, read) : null;
  };
}

/** Where a file is read or written. */
interface Place {
  path: string;
  position: number;
}

/** Adds to the error of a failed system call which file it is about, and at which byte: the system's text has neither. */
function* located<T>(call: "read" | "write", place: Place, work: () => Operation<T>): Operation<T> {
  try {
    return yield* work();
  } catch (error) {
    if (isSystemError(error)) locate(error, call, place);
    throw error;
  }
}

/** Whether an error is one of a system call, of Node or Deno. */
function isSystemError(error: unknown): error is Error {
  return error instanceof Error && ("syscall" in error || / \(os error \d+\)$/.test(error.message));
}

function locate(error: Error, call: "read" | "write", { path, position }: Place): void {
  const { message } = error;
  const where = `${path && ` '${path}'`} at byte ${position}`;
  error.message = message.endsWith(`, ${call}`) ? message + where : `${message}: ${call}${where}`;
  if ("syscall" in error && path) Object.assign(error, { path });
  if (error.stack?.includes(message)) error.stack = error.stack.replace(message, () => error.message);
}

function* writeAll(file: OpenFile, bytes: Uint8Array, place: Place): Operation<void> {
  for (let rest = bytes; rest.length > 0;) {
    const written = yield* step(() => file.writeSync(rest), () => file.write(rest));
    if (written === 0) throw new Error(`Cannot write: none of ${rest.length} bytes were written to the file`);
    rest = rest.subarray(written);
    place.position += written;
  }
}

function seek(file: OpenFile, offset: number, whence: number): Operation<number> {
  return step(() => file.seekSync(offset, whence), () => file.seek(offset, whence));
}

/**
 * The same, synchronous in either API: a position in a regular file is only a number of the system's, and a thread that sets it
 * takes fifty times as long.
 */
function seekNow(file: OpenFile, offset: number, whence: number): Operation<number> {
  return step(() => file.seekSync(offset, whence));
}

/** Whether the file can seek; if so, moves to its start. */
function canSeek(file: OpenFile): Operation<boolean> {
  return succeeds(() => seek(file, 0, From.START));
}

function* succeeds(work: () => Operation<unknown>): Operation<boolean> {
  try {
    yield* work();
    return true;
  } catch (error) {
    if (files.is(error, "BadResource")) throw error; // closed
    return false;
  }
}

/** The size, found by seeking if it isn't a regular file or there is no read permission (any more). */
function* sizeOf(file: OpenFile, isRegular: boolean): Operation<number> {
  const info = isRegular ? yield* lookAt(file) : null;
  if (info) return info.size;
  const position = yield* seek(file, 0, From.CURRENT);
  const size = yield* seek(file, 0, From.END);
  yield* seek(file, position, From.START);
  return size;
}
