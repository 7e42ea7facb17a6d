/**
 * However the bytes come (in memory, from a file, by callbacks, in single bytes, with buffers of any size), the
 * packets are the same.
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { AVError, Demuxer, type IOCallbacks, IOContext } from "@avio/avio";
import { type Amount, amounts, readerOf } from "./support/devices.ts";
import { ffprobePipedPackets, hasFFprobe } from "./support/ffprobe.ts";
import { fixtureBytes, fixturePath, mediaFixtures } from "./support/fixtures.ts";
import { rowsOf, withDurations, without } from "./support/packets.ts";
import { differing } from "./support/versions.ts";

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
  // Without seeking FFmpeg knows less of a file's end, and in ts a time may be rounded otherwise.
  const inOrder = () => rowsOf(readerOf(fixtureBytes(name), { seekable: false }), { bufferSize: 1 << 17 });
  const expected = (how: string) => how.includes("without") ? inOrder() : rowsOf(fixtureBytes(name));

  Deno.test(`Demuxer.readSync() gives the same packets of ${name} by bytes, ArrayBuffer, path, URL, file`, () => {
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
    Deno.test(`Demuxer.readSync() gives the same packets of ${name} by callbacks that read: ${amountName}`, () => {
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

  if (name === needsSeeking) continue;
  Deno.test({
    name: `Demuxer.readSync() gives the packets of ${name} that ffprobe finds in a pipe, without onseek`,
    ignore: !hasFFprobe,
    fn() {
      const [ours, theirs] = [inOrder(), ffprobePipedPackets(fixturePath(name))];
      const exempt = differing(name, "packets");
      assertEquals(without(ours, exempt), without(withDurations(theirs, ours), exempt));
    },
  });
}

Deno.test("Demuxer says that the source is not seekable when an mp4 has its index at the end", () => {
  for (const [amountName, amount] of Object.entries(amounts)) {
    for (const bufferSize of [1, 7, 4096]) {
      const error = assertThrows(
        () => rowsOf(readerOf(fixtureBytes(needsSeeking), { amount, seekable: false }), { bufferSize }),
        AVError,
        "not seekable",
        `${amountName}, ${bufferSize}`,
      );
      assertEquals(error.codeName, "ESPIPE");
    }
  }
});

Deno.test("Demuxer says what is wrong with half an mp4", () => {
  for (const source of [fixtureBytes("cut.mp4"), fixturePath("cut.mp4"), readerOf(fixtureBytes("cut.mp4"))]) {
    const error = assertThrows(() => Demuxer.openSync(source), AVError, "moov atom not found");
    assertEquals(error.codeName, "INVALIDDATA");
    assertEquals(error.operation, "open");
    assert(error.message.startsWith("Cannot open input: "));
  }
});

Deno.test("onread is asked for no more than its buffer holds, and 0, null and undefined end the stream", () => {
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
