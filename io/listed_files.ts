/**
 * Files that a playlist, a manifest or an ffconcat script names. They will be sources, so none of them may be the sink,
 * whether open or not. Their names are extracted while the text is read, or in advance if it will be read later, and
 * resolved against the file that contains them.
 */
import type { OpenFiles, SourceFiles } from "../ffi/open_files.ts";
import { acquire, type Operation, step } from "../ffi/operation.ts";
import { turnStep } from "../ffi/turns.ts";
import { identitiesAt, mayRead } from "./file_identity.ts";
import type { OpenFile } from "./file_system.ts";
import { files } from "./files.ts";
import { namesIn, readings } from "./listed_names.ts";
import { hasField, NamePattern } from "./name_pattern.ts";
import { paths as own } from "./paths.ts";

/** Bytes of a text that are searched for names. */
const MAX_TEXT = 1 << 20;
/** Maximum number of names taken from a text; of templates, counted once per folder. */
const MAX_NAMES = 50_000;
const MAX_TEMPLATES = 1000;

/** Beginnings of texts that name files. */
const LIST = /^\uFEFF?\s*(?:#EXTM3U|ffconcat|file\s|<\?xml|<MPD)/;
const BEGINNING = 256;
/** Characters needed to recognise them; with small buffers they arrive in several reads. */
const ENOUGH = 9;

/** Watches the bytes of a file that is read; if it is a list, registers the files that it names. */
export class ListReader {
  #files: OpenFiles;
  #path: string;
  #decoder = new TextDecoder();
  #text = "";
  #bytes = 0;

  constructor(files: OpenFiles, path: string) {
    this.#files = files;
    this.#path = path;
  }

  /** Takes what is new in bytes of the file, without a gap to those before; returns whether it needs more. */
  see(read: Uint8Array, position: number): boolean {
    const seen = this.#bytes - position;
    if (seen < 0 || seen >= read.length) return true; // a tag in front was looked for, or the end
    const bytes = read.subarray(seen);
    const isDecided = this.#text.length >= ENOUGH;
    if (!isDecided && !this.#mayBeList(bytes)) return false;
    this.#text += this.#decoder.decode(bytes.subarray(0, MAX_TEXT - this.#bytes), { stream: true });
    this.#bytes += bytes.length;
    if (!isDecided && this.#text.length >= ENOUGH) {
      this.#files.list(this.#path, new ListedFiles(this.#path, () => this.#text));
    }
    return this.#bytes < MAX_TEXT;
  }

  #mayBeList(bytes: Uint8Array): boolean {
    const beginning = this.#text + new TextDecoder().decode(bytes.subarray(0, BEGINNING));
    return beginning.length < ENOUGH || LIST.test(beginning);
  }
}

/** The files that one text names. */
class ListedFiles implements SourceFiles {
  #path: string;
  #text: () => string;
  /** Paths by identity; null until the first sink is about to be overwritten, when they are examined. */
  #known: Map<string, string> | null = null;

  constructor(path: string, text: () => string) {
    this.#path = path;
    this.#text = text;
  }

  *find(identity: string): Operation<string | null> {
    this.#known ??= yield* this.#look();
    const path = this.#known.get(identity);
    if (path === undefined) return null;
    // The file may have been deleted since, and its inode reused.
    const [now] = yield* identitiesAt([path]);
    return now === identity ? `a file that the source ${this.#path} names` : null;
  }

  *#look(): Operation<Map<string, string>> {
    return yield* pathsByIdentity(yield* this.paths());
  }

  /** The paths that the names can mean. */
  *paths(): Operation<Set<string>> {
    const folder = own.join(own.plain(this.#path), "..");
    const names = namesIn(this.#text(), MAX_NAMES);
    const paths = new Set<string>();
    for (const name of names) {
      for (const reading of readings(name)) paths.add(inFolder(folder, reading));
    }
    const folders = names.filter((name) => name.endsWith("/")).map((name) => inFolder(folder, name));
    const listings = new Listings();
    for (const template of templates(names, [folder, ...folders])) {
      for (const path of yield* listings.filesLike(template, MPD_FIELD)) paths.add(path);
      yield* turnStep();
    }
    return paths;
  }
}

/** The templates among the names, in each folder, up to a maximum number. */
function templates(names: readonly string[], folders: readonly string[]): Set<string> {
  const found = new Set<string>();
  for (const name of names) {
    if (!hasField(name, MPD_FIELD)) continue;
    for (const folder of folders) {
      if (found.size === MAX_TEMPLATES) return found;
      found.add(inFolder(folder, name));
    }
  }
  return found;
}

function* pathsByIdentity(found: Iterable<string>): Operation<Map<string, string>> {
  const paths = [...found];
  const identities = yield* identitiesAt(paths);
  return new Map(
    identities.flatMap((identity, index) => identity === null ? [] : [[identity, paths[index]!]]),
  );
}

// ------------------------------------------------------------------------------------------- later sources

/** Maximum number of lists reached from one later source. */
const MAX_LISTS = 64;
/** Names of lists within a list: the variants of a master playlist. */
const NESTED_LIST = /\.(?:m3u8?|mpd|ffconcat)$/i;

/**
 * The files named by a source that isn't open yet and by its lists; examined when the first sink is about to be
 * overwritten.
 */
export function namedBy(path: string): SourceFiles {
  let lists: ListedFiles[] | null = null;
  return {
    *find(identity) {
      lists ??= yield* listsFrom(path);
      for (const list of lists) {
        const what = yield* list.find(identity);
        if (what !== null) return what;
      }
      return null;
    },
  };
}

function* listsFrom(path: string): Operation<ListedFiles[]> {
  const lists: ListedFiles[] = [];
  const paths = new Set([path]);
  for (const place of paths) { // grows during the loop
    if (lists.length === MAX_LISTS) break;
    const text = yield* listAt(place);
    if (text === null) continue;
    const list = new ListedFiles(place, () => text);
    lists.push(list);
    for (const nested of yield* list.paths()) if (NESTED_LIST.test(nested)) paths.add(nested);
  }
  return lists;
}

/** The text of a list; null if the file isn't one, or can't be read: opening it reports a better error. */
function* listAt(path: string): Operation<string | null> {
  const [identity] = yield* identitiesAt([path]);
  if (typeof identity !== "string") return null; // reading a pipe would block
  try {
    const file = yield* acquire(
      () => files.openSync(path, { read: true }),
      () => files.open(path, { read: true }),
      (file) => file.close(),
    );
    try {
      return yield* listIn(file);
    } finally {
      file.close();
    }
  } catch {
    return null;
  }
}

function* listIn(file: OpenFile): Operation<string | null> {
  const decoder = new TextDecoder();
  const bytes = new Uint8Array(MAX_TEXT);
  for (let size = 0; size < MAX_TEXT;) {
    const room = bytes.subarray(size, size === 0 ? BEGINNING : MAX_TEXT);
    const read = yield* step(() => file.readSync(room), () => file.read(room));
    if (read === null) return decoder.decode(bytes.subarray(0, size));
    size += read;
    if (!LIST.test(decoder.decode(bytes.subarray(0, BEGINNING)))) return null;
  }
  return decoder.decode(bytes);
}

function inFolder(folder: string, name: string): string {
  return own.isAbsolute(name) ? name : own.join(folder, name);
}

// ------------------------------------------------------------------------------------------- templates

/** `$Number%05d$` in the templates of a manifest. */
const MPD_FIELD = /\$[^$]*\$/;
/** `%03d` in the name of a sequence of images. */
const SEQUENCE_FIELD = /%\d*d/;

/** The images of a sequence, by their name pattern. */
export function imagesLike(pattern: string): SourceFiles {
  return {
    *find(identity) {
      const images = yield* pathsByIdentity(yield* new Listings().filesLike(pattern, SEQUENCE_FIELD));
      return images.has(identity) ? `an image of the source ${pattern}` : null;
    },
  };
}

/** Entries of folders, each folder read once. */
class Listings {
  #entries = new Map<string, string[]>();

  /** The existing files that match a pattern with fields in its last part. */
  *filesLike(pattern: string, field: RegExp): Operation<string[]> {
    const path = own.plain(pattern);
    const folder = own.join(path, "..");
    const name = new NamePattern(path.slice(path.lastIndexOf("/") + 1), field);
    return (yield* this.#of(folder)).filter((entry) => name.matches(entry)).map((entry) =>
      own.join(folder, entry)
    );
  }

  *#of(folder: string): Operation<string[]> {
    let entries = this.#entries.get(folder);
    if (!entries) {
      entries = mayRead(folder) ? yield* step(() => entriesSync(folder), () => entriesAsync(folder)) : [];
      this.#entries.set(folder, entries);
    }
    return entries;
  }
}

function entriesSync(folder: string): string[] {
  try {
    return files.listSync(folder);
  } catch {
    return []; // the folder can't be read
  }
}

async function entriesAsync(folder: string): Promise<string[]> {
  try {
    return await files.list(folder);
  } catch {
    return [];
  }
}
