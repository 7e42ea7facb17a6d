/**
 * The packets are the same however the bytes are read: from memory, from a file, by callbacks, in single bytes, with
 * buffers of any size.
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { AVError, Demuxer, type IOCallbacks, IOContext } from "@avio/avio";
import { readRows } from "./support/async.ts";
import { withIndexFarBehind } from "./support/chunked.ts";
import { type Amount, amounts, readerOf } from "./support/devices.ts";
import { ffprobePipedPackets, hasFFprobe } from "./support/ffprobe.ts";
import { fixtureBytes, fixturePath, mediaFixtures, realPath } from "./support/fixtures.ts";
import { rowsOf, withDurations, without } from "./support/packets.ts";
import { differing, isEmbedded } from "./support/versions.ts";

const bufferSizes = [1, 7, 4096, 65536];

/** Its index is at its end: without seeking there is nothing to read. */
const needsSeeking = "video.mp4";

function sources(name: string, amount: Amount): Record<string, () => IOCallbacks> {
  const bytes = fixtureBytes(name);
  return {
    callbacks: () => readerOf(bytes, { amount }),
    ...(name === needsSeeking
      ? {}
      : { "callbacks without onseek": () => readerOf(bytes, { amount, seekable: false }) }),
  };
}

for (const name of mediaFixtures) {
  // Without seeking FFmpeg knows less of a file's end.
  const inOrder = () => rowsOf(readerOf(fixtureBytes(name), { seekable: false }), { bufferSize: 1 << 17 });
  const expected = (how: string) => how.includes("without") ? inOrder() : rowsOf(fixtureBytes(name));

  Deno.test(`Demuxer.readSync() returns the same packets of ${name} by bytes, ArrayBuffer, path, URL, file`, () => {
    const bytes = fixtureBytes(name);
    using file = Deno.openSync(fixturePath(name));
    const rows = rowsOf(bytes);
    for (const bufferSize of bufferSizes) {
      assertEquals(rowsOf(bytes, { bufferSize }), rows, `bytes, ${bufferSize}`);
      assertEquals(rowsOf(bytes.slice().buffer, { bufferSize }), rows, `ArrayBuffer, ${bufferSize}`);
      assertEquals(rowsOf(fixturePath(name), { bufferSize }), rows, `path, ${bufferSize}`);
      assertEquals(
        rowsOf(new URL(`file://${fixturePath(name)}`), { bufferSize }),
        rows,
        `URL, ${bufferSize}`,
      );
      assertEquals(rowsOf(file, { bufferSize }), rows, `Deno.FsFile, ${bufferSize}`);
    }
  });

  for (const [amountName, amount] of Object.entries(amounts)) {
    Deno.test(`Demuxer.readSync() returns the same packets of ${name} by callbacks that read: ${amountName}`, () => {
      for (const [how, make] of Object.entries(sources(name, amount))) {
        const rows = expected(how);
        for (const bufferSize of bufferSizes) {
          assertEquals(rowsOf(make(), { bufferSize }), rows, `${how}, bufferSize ${bufferSize}`);
          using io = new IOContext(bufferSize, make());
          assertEquals(rowsOf(io), rows, `IOContext with ${how}, bufferSize ${bufferSize}`);
        }
      }
    });
  }

  if (name === needsSeeking || name === "video.ts") continue; // which are read whole, as from a file
  Deno.test({
    name: `Demuxer.readSync() returns the packets of ${name} that ffprobe finds in a pipe, without onseek`,
    ignore: !hasFFprobe,
    fn() {
      const [ours, theirs] = [inOrder(), ffprobePipedPackets(fixturePath(name))];
      const exempt = differing(name, "packets");
      assertEquals(without(ours, exempt), without(withDurations(theirs, ours), exempt));
    },
  });
}

Deno.test("Demuxer says that the source is not seekable when an mp4 has its index at the end", () => {
  const far = withIndexFarBehind(fixtureBytes(needsSeeking));
  for (const bufferSize of [4096, 65536]) {
    const error = assertThrows(
      () => rowsOf(readerOf(far, { seekable: false }), { bufferSize }),
      AVError,
      "not seekable",
      `${bufferSize}`,
    );
    assertEquals(error.codeName, "ESPIPE");
  }
});

Deno.test("A short mp4 with its index at the end is read without onseek, in pieces of any size", () => {
  const rows = rowsOf(fixtureBytes(needsSeeking));
  for (const [amountName, amount] of Object.entries(amounts)) {
    for (const bufferSize of [1, 7, 4096]) {
      const source = readerOf(fixtureBytes(needsSeeking), { amount, seekable: false });
      assertEquals(rowsOf(source, { bufferSize }), rows, `${amountName}, ${bufferSize}`);
    }
  }
});

/** Chunks of a size, as an upload has them. */
function streamInChunks(bytes: Uint8Array, size: number): ReadableStream<Uint8Array> {
  let place = 0;
  return new ReadableStream({
    pull(controller) {
      if (place >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(place, place += size));
    },
  });
}

for (const name of ["025c18578383.avif", "051d255d1b84.mp4", "074788b398d6.avif"]) {
  const path = realPath(`odd/${name}`);
  Deno.test({
    name: `The unusual file ${name} has the same packets from a stream in chunks of any size`,
    ignore: path === "" || (!isEmbedded && name.endsWith(".avif")), // FFmpeg 5.1 does not read AVIF
    async fn() {
      const bytes = Deno.readFileSync(path);
      const rows = rowsOf(bytes);
      for (const size of [10, 100, 1000, 4096, 65536, 1 << 20]) {
        assertEquals(await readRows(streamInChunks(bytes, size)), rows, `${size}`);
      }
    },
  });
}

for (const format of ["tiff", "pcx", "sgi", "bmp", "png"]) {
  Deno.test({
    name: `A picture of ${format} is read without onseek`,
    ignore: !hasFFprobe,
    async fn() {
      const args = `-v error -f lavfi -i testsrc=size=64x48 -frames:v 1 -c:v ${format} -f image2pipe -`;
      const { stdout } = await new Deno.Command("ffmpeg", { args: args.split(" ") }).output();
      const rows = rowsOf(stdout);
      assertEquals(rows.length, 1);
      for (const size of [100, 1000, 65536]) assertEquals(await readRows(streamInChunks(stdout, size)), rows);
    },
  });
}

Deno.test("A source is not read repeatedly after its end while it is opened", () => {
  const box = (
    type: string,
    ...parts: number[]
  ) => [0, 0, 0, 8 + parts.length, ...new TextEncoder().encode(type), ...parts];
  // A HEIF file that ends within a table of thousands of items.
  const table = [0, 0, 0, 0, 0x44, 0, 0xff, 0xff];
  const meta = box("meta", 0, 0, 0, 0, ...box("iloc", ...table));
  const bytes = Uint8Array.from([...box("ftyp", ...new TextEncoder().encode("heic"), 0, 0, 0, 0), ...meta]);
  for (const seekable of [true, false]) {
    let ends = 0;
    const source = readerOf(bytes, { seekable });
    const { onread } = source;
    source.onread = (buffer, size) => {
      const read = onread!(buffer, size);
      if (!read) ends++;
      return read;
    };
    assertThrows(() => Demuxer.openSync(source), AVError);
    assert(ends < 10, `${ends} times`);
  }
});

Deno.test("Demuxer: the error for half an mp4", () => {
  for (const source of [fixtureBytes("cut.mp4"), fixturePath("cut.mp4"), readerOf(fixtureBytes("cut.mp4"))]) {
    const error = assertThrows(() => Demuxer.openSync(source), AVError, "moov atom not found");
    assertEquals(error.codeName, "INVALIDDATA");
    assertEquals(error.operation, "open");
    assert(error.message.startsWith("Cannot open input: "));
  }
});

Deno.test("onread is called with at most the length of its buffer, and 0, null and undefined end the stream", () => {
  const rows = rowsOf(fixtureBytes("video.mkv"));
  for (const end of [0, null, undefined]) {
    const { onread } = readerOf(fixtureBytes("video.mkv"), { seekable: false });
    const found = rowsOf({
      onread(buffer, requestedLen) {
        assertEquals(buffer.length, requestedLen);
        return (onread!(buffer, requestedLen) as number) || end;
      },
    }, { bufferSize: 1000 });
    assertEquals(found, rows);
  }
});
