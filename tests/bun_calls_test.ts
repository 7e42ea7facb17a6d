/**
 * The library's functions that Bun calls without Node-API: they take and return what the others do. And its memory for packets.
 */
import { assertEquals } from "@std/assert";
import { directCalls } from "../ffi/bun_calls.ts";
import { batchAllocator } from "../ffi/bun_memory.ts";
import { newBytes } from "../ffi/byte_views.ts";
import { library, libraryPath } from "../ffi/library.ts";
import { isDeno } from "../ffi/runtime.ts";

const EBADF = -9;
const { versions } = (globalThis as unknown as { process: { versions: { bun?: string } } }).process;
const [major = 0, minor = 0] = (versions.bun ?? "").split(".").map(Number);
const isBound = !isDeno && (major > 1 || (major === 1 && minor >= 4));

Deno.test("Functions are called directly on Bun 1.4 and newer, and nowhere else", () => {
  const direct = isDeno ? {} : directCalls(libraryPath());
  assertEquals(Object.keys(direct).includes("avs_take_packets"), isBound);
  for (const [name, call] of Object.entries(direct)) {
    assertEquals(library()[name as keyof typeof direct] instanceof Function, true);
    assertEquals(call instanceof Function, true, name);
  }
});

Deno.test("Batches of packets get memory of the C library on Bun 1.4 and newer, and nowhere else", () => {
  const allocate = isDeno ? newBytes : batchAllocator(libraryPath());
  assertEquals(allocate !== newBytes, isBound);
  for (const bytes of [0, 1, 65535, 65536, 1 << 20]) assertEquals(allocate(bytes).byteLength, bytes);
});

Deno.test("Handles that are stale or odd are refused, whatever the other arguments", () => {
  const { avs_reply, avs_take_packets, avs_describe, avs_put_packet } = library();
  const numbers = new Float64Array(10), bytes = new Uint8Array(16);
  class Subclass extends Uint8Array {}
  const buffers = [
    null,
    bytes,
    new Uint8Array(0),
    bytes.subarray(3, 3),
    new Subclass(4) as Uint8Array<ArrayBuffer>,
  ];
  for (const handle of [0, -1, -0, 0.5, 12345, 2 ** 31, 2 ** 53, Infinity, NaN]) {
    assertEquals(avs_reply(handle, 0), EBADF);
    for (const buffer of buffers) {
      assertEquals(avs_describe(handle, 2 ** 32 - 1, buffer, 2 ** 32 - 1), EBADF);
      assertEquals(avs_take_packets(handle, numbers, 2 ** 31, buffer, 2 ** 32 - 1), EBADF);
      assertEquals(avs_put_packet(handle, numbers, buffer, 0, buffer, 0), EBADF);
    }
  }
});
