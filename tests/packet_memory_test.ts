/**
 * The memory of packets' bytes, which Bun gets from the C library (`ffi/bun_memory.ts`): on every runtime it is JavaScript's own,
 * can be detached, grown and sent to a worker, and is freed with the packets.
 */
import { assert, assertEquals } from "@std/assert";
import { Demuxer } from "../mod.ts";

const pattern = Uint8Array.from({ length: 1 << 24 }, (_, at) => at * 7 + (at >> 8));

/** The arrays that packets of much sound share. */
function* memories(): Generator<ArrayBuffer> {
  using demuxer = Demuxer.openSync(pattern, { format: "s16le" });
  let last: ArrayBuffer | null = null, end = 0;
  for (const { data } of demuxer.packetsSync()) {
    assertEquals(data[0], pattern[end]);
    assertEquals(data.at(-1), pattern[end + data.length - 1]);
    end += data.length;
    if (last && last !== data.buffer) yield last;
    last = data.buffer;
  }
  assertEquals(end, pattern.length);
  yield last!;
}

const uses: Record<string, (memory: ArrayBuffer) => ArrayBuffer> = {
  "is moved": (memory) => memory.transfer(),
  "shrinks": (memory) => memory.transfer(10),
  "grows": (memory) => memory.transfer(2 * memory.byteLength),
  "is sent": (memory) => structuredClone(memory, { transfer: [memory] }),
  "is cloned": (memory) => structuredClone(memory),
};

for (const [name, use] of Object.entries(uses)) {
  Deno.test(`The memory of packets ${name}; its bytes stay the same`, () => {
    let count = 0;
    for (const memory of memories()) {
      count++;
      const first = new Uint8Array(memory).slice(0, 10);
      assertEquals(new Uint8Array(use(memory)).slice(0, 10), first);
    }
    assert(count > 10, `${count}`);
  });
}

Deno.test("The memory of packets has exactly their bytes", () => {
  let total = 0;
  for (const memory of memories()) total += memory.byteLength;
  assertEquals(total, pattern.length);
});

Deno.test("The memory of packets that are kept is not used again, that of others is freed", () => {
  const kept = [...memories()].slice(0, 20);
  const copies = kept.map((memory) => new Uint8Array(memory).slice());
  for (const _ of memories());
  const before = Deno.memoryUsage().rss;
  for (let times = 0; times < 40; times++) {
    for (const _ of memories());
  }
  const megabytes = (Deno.memoryUsage().rss - before) / 1e6; // 640 MB were read
  assert(megabytes < 200, `${megabytes} MB`);
  for (const [index, memory] of kept.entries()) assertEquals(new Uint8Array(memory), copies[index]);
});
