/**
 * Why a file can't be loaded as avio's shared library: its first bytes show its platform and whether it is complete.
 * Only bytes are examined; nothing is read here.
 */

/** Number of first bytes that are examined: headers, tables of parts, and names of needed libraries. */
export const HEAD_BYTES = 32768;

interface Kind {
  /** Name of the platform, as in lib/; null for a platform that avio does not support. */
  platform: string | null;
  /** End position of its last part. */
  end: number;
  /** Another reason why the system can't load it. */
  fault?: string;
}

/**
 * Describes what is wrong with a file that isn't a library for `platform`; null if its headers are fine.
 *
 * @param head Its first bytes, up to HEAD_BYTES.
 * @param size Its size in bytes.
 */
export function fileFault(head: Uint8Array, size: number, platform: string): string | null {
  if (size === 0) return "the file is empty";
  const expected = `a library for ${platform} was expected`;
  let kind: Kind | null;
  try {
    kind = kindOf(new DataView(head.buffer, head.byteOffset, head.byteLength), platform);
  } catch {
    return `the file is truncated after ${size} bytes`; // within its headers
  }
  if (kind === null) return `not a shared library; ${expected}`;
  if (kind.platform !== platform) return `a library for ${kind.platform ?? "another platform"}; ${expected}`;
  if (kind.end > size) return `the file is truncated: it has ${size} of ${kind.end} bytes`;
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

/** With our linkers the table of sections comes after all parts. */
function elf(view: DataView, expected: string): Kind {
  const end = Number(view.getBigUint64(40, true)) + view.getUint16(58, true) * view.getUint16(60, true);
  const platform = named("linux", { 62: "x86_64", 183: "aarch64" }, view.getUint16(18, true));
  const isMusl = needsMusl(view) ?? expected.endsWith(MUSL);
  return { platform: platform !== null && isMusl ? platform + MUSL : platform, end };
}

const MUSL = "-musl";
const latin1 = new TextDecoder("latin1");

/**
 * Whether an ELF file is linked to musl, by the name of its C library; null if it is linked to none. Our linkers put
 * the names at the beginning.
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
