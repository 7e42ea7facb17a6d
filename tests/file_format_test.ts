/**
 * Errors for files that are not avio's library for this platform: made by hand for each object format, complete and
 * truncated.
 */
import { assertEquals } from "@std/assert";
import { fileFault, HEAD_BYTES } from "../ffi/file_format.ts";

function bytesOf(size: number, fill: (view: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(size);
  fill(new DataView(bytes.buffer));
  return bytes;
}

function elf(machine: number, needed = "libc.so.6"): Uint8Array {
  return bytesOf(512, (view) => {
    new Uint8Array(view.buffer).set(new TextEncoder().encode(`\0${needed}\0`), 128);
    view.setUint32(0, 0x7f454c46);
    view.setUint16(18, machine, true);
    view.setBigUint64(40, 384n, true); // two sections behind it
    view.setUint16(58, 64, true);
    view.setUint16(60, 2, true);
  });
}

function machO(processor: number): Uint8Array {
  return bytesOf(512, (view) => {
    view.setUint32(0, 0xcffaedfe);
    view.setUint32(4, processor, true);
    view.setUint32(16, 2, true);
    view.setUint32(32, 0x19, true);
    view.setUint32(36, 72, true);
    view.setBigUint64(32 + 40, 256n, true);
    view.setBigUint64(32 + 48, 256n, true);
    view.setUint32(104, 0x1d, true); // the signature
    view.setUint32(108, 16, true);
  });
}

function portableExecutable(machine: number): Uint8Array {
  return bytesOf(512, (view) => {
    view.setUint16(0, 0x4d5a);
    view.setUint32(60, 64, true);
    view.setUint32(64, 0x50450000);
    view.setUint16(68, machine, true);
    view.setUint16(70, 1, true);
    view.setUint32(88 + 16, 256, true);
    view.setUint32(88 + 20, 256, true);
  });
}

const fault = (bytes: Uint8Array, platform: string, size = bytes.length) =>
  fileFault(bytes.subarray(0, Math.min(HEAD_BYTES, size)), size, platform);

const libraries: Record<string, Uint8Array> = {
  "linux-x86_64": elf(62),
  "linux-aarch64": elf(183),
  "linux-x86_64-musl": elf(62, "libc.so"),
  "linux-aarch64-musl": elf(183, "libc.musl-aarch64.so.1"),
  "darwin-x86_64": machO(0x01000007),
  "darwin-aarch64": machO(0x0100000c),
  "windows-x86_64": portableExecutable(0x8664),
};

Deno.test("The error for a library of another platform names both platforms", () => {
  for (const [platform, bytes] of Object.entries(libraries)) {
    for (const other of Object.keys(libraries)) {
      const expected = other === platform
        ? null
        : `a library for ${platform}; a library for ${other} was expected`;
      assertEquals(fault(bytes, other), expected);
    }
  }
  assertEquals(
    fault(elf(40), "linux-x86_64"),
    "a library for another platform; a library for linux-x86_64 was expected",
  );
});

Deno.test("A library for Linux without a needed C library fits glibc and musl", () => {
  for (const platform of ["linux-x86_64", "linux-x86_64-musl"]) {
    assertEquals(fault(elf(62, ""), platform), null);
  }
});

Deno.test("The error for a macOS library on aarch64 without a signature says so", () => {
  const withoutSignature = (bytes: Uint8Array) => {
    const copy = bytes.slice();
    new DataView(copy.buffer).setUint32(104, 0x2, true);
    return copy;
  };
  const expected = "it has no signature, which macOS wants of what it loads on aarch64";
  assertEquals(fault(withoutSignature(machO(0x0100000c)), "darwin-aarch64"), expected);
  assertEquals(fault(withoutSignature(machO(0x01000007)), "darwin-x86_64"), null);
});

Deno.test("A truncated library is reported as such, wherever it is", () => {
  for (const [platform, bytes] of Object.entries(libraries)) {
    assertEquals(fault(bytes, platform, 511), "the file is truncated: it has 511 of 512 bytes");
    assertEquals(fault(bytes, platform, 8), "the file is truncated after 8 bytes");
  }
  assertEquals(fault(new Uint8Array(0), "linux-x86_64"), "the file is empty");
});

Deno.test("The error for a file that isn't a library says so", () => {
  const text = new TextEncoder().encode("version https://git-lfs.github.com/spec/v1\n");
  for (const bytes of [text, text.subarray(0, 3), bytesOf(512, (view) => view.setUint16(0, 0x4d5a))]) {
    const expected = "not a shared library; a library for linux-x86_64 was expected";
    assertEquals(fault(bytes, "linux-x86_64"), expected);
  }
});
