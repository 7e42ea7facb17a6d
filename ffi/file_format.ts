/**
 * What a file is that could not be loaded as avio's shared library: its first bytes say for which platform it was made,
 * and whether all of it is there. Nothing is read here.
 */

/** The bytes that are looked at: headers, where these say that the parts are, and names of other libraries. */
export const HEAD_BYTES = 32768;

interface Kind {
  /** As the folders of libraries are called; null where the file is of a platform that avio does not know. */
  platform: string | null;
  /** Where the last of its parts ends. */
  end: number;
  /** What else keeps the system from loading it. */
  fault?: string;
}

/**
 * What is wrong with a file that is not a library for `platform`; null where that can't be seen.
 *
 * @param head Its first bytes, HEAD_BYTES of them where it has so many.
 * @param size How many it has in all.
 */
export function fileFault(head: Uint8Array, size: number, platform: string): string | null {
  if (size === 0) return "the file is empty";
  const expected = `a library for ${platform} was expected`;
  let kind: Kind | null;
  try {
    kind = kindOf(new DataView(head.buffer, head.byteOffset, head.byteLength), platform);
  } catch {
    return `the file is cut off after ${size} bytes`; // within its headers
  }
  if (kind === null) return `no shared library; ${expected}`;
  if (kind.platform !== platform) return `a library for ${kind.platform ?? "another platform"}; ${expected}`;
  if (kind.end > size) return `the file is cut off: it has ${size} bytes of ${kind.end}`;
  return kind.fault ?? null;
}

function kindOf(view: DataView, expected: string): Kind | null {
  const signature = view.byteLength < 4 ? 0 : view.getUint32(0, false);
  if (signature === 0x7f454c46) return elf(view, expected);
  if (signature === 0xcffaedfe) return machO(view);
  return signature >>> 16 === 0x4d5a ? portableExecutable(view) : null;
}

function named(
  system: string,
  processors: Readonly<Record<number, string>>,
  processor: number,
): string | null {
  const name = processors[processor];
  return name === undefined ? null : `${system}-${name}`;
}

/** Behind the parts is the table of sections, in what our linkers make. */
function elf(view: DataView, expected: string): Kind {
  const end = Number(view.getBigUint64(40, true)) + view.getUint16(58, true) * view.getUint16(60, true);
  const platform = named("linux", { 62: "x86_64", 183: "aarch64" }, view.getUint16(18, true));
  const isMusl = needsMusl(view) ?? expected.endsWith(MUSL);
  return { platform: platform !== null && isMusl ? platform + MUSL : platform, end };
}

const MUSL = "-musl";
const latin1 = new TextDecoder("latin1");

/**
 * Which C library an ELF file is linked to, by what that is called; null where it is linked to none. The names are in front,
 * where our linkers put them.
 */
function needsMusl(view: DataView): boolean | null {
  const text = latin1.decode(view);
  if (text.includes("\0libc.so.6\0")) return false;
  return text.includes("\0libc.so\0") || text.includes("\0libc.musl-") ? true : null;
}

const SEGMENT = 0x19;
const CODE_SIGNATURE = 0x1d;

function machO(view: DataView): Kind {
  let end = 0;
  let at = 32;
  let isSigned = false;
  for (let count = view.getUint32(16, true); count > 0 && at + 56 <= view.byteLength; count--) {
    const command = view.getUint32(at, true);
    if (command === CODE_SIGNATURE) isSigned = true;
    if (command === SEGMENT) {
      end = Math.max(end, Number(view.getBigUint64(at + 40, true) + view.getBigUint64(at + 48, true)));
    }
    at += view.getUint32(at + 4, true);
  }
  const processors = { 0x01000007: "x86_64", 0x0100000c: "aarch64" };
  const platform = named("darwin", processors, view.getUint32(4, true));
  if (platform !== "darwin-aarch64" || isSigned) return { platform, end };
  return { platform, end, fault: "it has no signature, which macOS wants of what it loads on aarch64" };
}

function portableExecutable(view: DataView): Kind | null {
  const at = view.getUint32(60, true);
  if (view.getUint32(at, false) !== 0x50450000) return null;
  let end = 0;
  const sections = at + 24 + view.getUint16(at + 20, true);
  for (let index = 0; index < view.getUint16(at + 6, true); index++) {
    const section = sections + 40 * index;
    end = Math.max(end, view.getUint32(section + 16, true) + view.getUint32(section + 20, true));
  }
  const processors = { 0x8664: "x86_64", 0xaa64: "aarch64" };
  return { platform: named("windows", processors, view.getUint16(at + 4, true)), end };
}
