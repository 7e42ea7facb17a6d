/**
 * WavPack that is cut, joined, or taken from Matroska: each block has the number of its first sample, the first one the total,
 * and checksums are right where they were, as the reference decoder wants it. `losses_test.ts` has WavPack that lacks blocks.
 */
import { assertEquals, assertGreater } from "@std/assert";
import { concatSync, MemorySink, probeSync, type RemuxOptions, remuxSync, type Source } from "@avio/avio";
import { fixturePath } from "./support/fixtures.ts";
import { madeBy } from "./support/made.ts";
import { type Bytes, joined } from "./support/pieces.ts";
import { isEmbedded } from "./support/versions.ts";

const HEADER = 32, CHECKSUM = 6, UNKNOWN = 0xffffffff;

/** A block: its header's numbers, and whether the checksum at its end is right. */
interface Block {
  index: number;
  total: number;
  samples: number;
  isRight: boolean;
}

/** The checksum of what is before it in a block: a sum of words of 16 bits, each times a power of 3. */
function sumOf(bytes: Bytes): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let sum = -1;
  for (let at = 0; at < bytes.length; at += 2) sum = (Math.imul(sum, 3) + view.getUint16(at, true)) | 0;
  return sum >>> 0;
}

function piecesOf(file: Bytes): Bytes[] {
  const view = new DataView(file.buffer, file.byteOffset), pieces: Bytes[] = [];
  for (let at = 0; at < file.length && view.getUint32(at) === 0x7776706b;) { // "wvpk"
    const size = view.getUint32(at + 4, true) + 8;
    pieces.push(file.slice(at, at + size));
    at += size;
  }
  return pieces;
}

function blocksOf(file: Bytes): Block[] {
  return piecesOf(file).map((piece) => {
    const view = new DataView(piece.buffer), sumAt = piece.length - 4;
    const number = (at: number) => view.getUint32(at, true);
    const isRight = number(sumAt) === sumOf(piece.slice(0, sumAt - 2));
    return { total: number(12), index: number(16), samples: number(20), isRight };
  });
}

/** The block with a checksum, as WavPack 5 writes it. */
function withChecksum(piece: Bytes): Bytes {
  const block = joined(piece, new Uint8Array(CHECKSUM).fill(0x2f, 0, 1).fill(2, 1, 2)),
    view = new DataView(block.buffer);
  view.setUint32(4, block.length - 8, true);
  view.setUint32(block.length - 4, sumOf(block.slice(0, piece.length)), true);
  return block;
}

function remuxed(source: Source, options: RemuxOptions): Bytes {
  const sink = new MemorySink();
  const { warnings } = remuxSync(source, sink, { format: "wv", ...options });
  assertEquals(warnings, []);
  return sink.bytes();
}

const wavpackBy = (...args: string[]): Bytes => madeBy(...args, "-c:a", "wavpack", "-f", "wv");

/** 13.5 seconds in blocks of 4,096 samples. */
function wavpack(): Bytes {
  const file = wavpackBy("-i", fixturePath("audio.wav"), "-af", "aloop=8:66150", "-frame_size", "4096");
  return joined(...piecesOf(file).map(withChecksum));
}

function assertNumbered(file: Bytes, total?: number) {
  const blocks = blocksOf(file);
  assertGreater(blocks.length, 10);
  let index = 0;
  for (const block of blocks) {
    assertEquals([block.index, block.isRight], [index, true]);
    index += block.samples;
  }
  assertEquals(blocks[0]!.total, total ?? index);
}

Deno.test({
  name: "WavPack that is cut, joined or copied has the numbers of what it holds",
  ignore: !isEmbedded,
  fn() {
    const whole = wavpack();
    assertNumbered(remuxed(whole, {}));
    for (const range of [{ start: 3 }, { end: 5 }, { start: 3, end: 9 }]) {
      assertNumbered(remuxed(whole, range));
    }
    assertNumbered(remuxed(remuxed(whole, { format: "matroska" }), {}));
    const sink = new MemorySink();
    concatSync([whole, whole], sink, { format: "wv" });
    assertNumbered(sink.bytes());
  },
});

Deno.test({
  name: "WavPack on its way to a sink that can't seek does not state a total",
  ignore: !isEmbedded,
  fn() {
    const parts: Bytes[] = [];
    remuxSync(wavpack(), { onwrite: (bytes) => void parts.push(bytes.slice()) }, { format: "wv", end: 5 });
    assertNumbered(joined(...parts), UNKNOWN);
  },
});

Deno.test({
  name: "The checksum of a damaged block of WavPack stays wrong",
  ignore: !isEmbedded,
  fn() {
    const whole = wavpack(),
      at = piecesOf(whole).slice(0, 40).reduce((sum, { length }) => sum + length, HEADER + 100);
    whole[at]! ^= 0xff;
    const blocks = blocksOf(remuxed(whole, { start: 3 }));
    assertEquals(blocks.filter(({ isRight }) => !isRight).length, 1);
  },
});

Deno.test({
  name: "WavPack of channels without places can be opened",
  ignore: !isEmbedded,
  fn() {
    const file = wavpackBy("-f", "lavfi", "-i", "anoisesrc=r=8000:d=1", "-af", "pan=5.1|c0=c0|c5=c0");
    const at = new TextDecoder("latin1").decode(file).indexOf("\x4d\x03\x06\x3f", HEADER); // six channels, and their places
    assertGreater(at, 0);
    file.set([0x4d, 1, 6, 0, 0x21, 1, 0, 0], at);
    assertEquals(probeSync(file).streams[0]!.codecParameters.channels, 6);
  },
});
