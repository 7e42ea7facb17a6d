/**
 * Several copies of avio in one program: each gets the requests and events of its own sessions.
 */
import { assertEquals } from "@std/assert";
import * as avio from "@avio/avio";

const root = new URL("..", import.meta.url);

/** The modules once more, as another version of the package would bring them; the library is the same. */
async function anotherCopy(): Promise<{ copy: typeof avio } & Disposable> {
  const folder = Deno.makeTempDirSync({ prefix: "avio-copy-" });
  const end = () => Deno.removeSync(folder, { recursive: true });
  for (const name of ["ffi", "format", "io", "mod.ts", "deno.json"]) {
    const from = new URL(name, root).pathname;
    const { success } = await new Deno.Command("cp", { args: ["-R", from, folder] }).output();
    assertEquals(success, true, name);
  }
  const copy = await import(`file://${folder}/mod.ts`) as typeof avio;
  copy.loadLibrary(avio.versions().library);
  return { copy, [Symbol.dispose]: end };
}

const bytes = Deno.readFileSync(new URL("fixtures/video.mp4", root));

/** A source that counts its reads; with `isLate` its `onread` returns promises. */
function sourceOf(isLate: boolean, onread: () => void = () => {}) {
  let position = 0;
  const source = {
    reads: 0,
    onread(target: Uint8Array) {
      source.reads++;
      onread();
      const part = bytes.subarray(position, position + Math.min(target.length, 4096));
      target.set(part);
      position += part.length;
      return isLate ? Promise.resolve().then(() => part.length) : part.length;
    },
    onseek(offset: number, whence: number) {
      if (whence === avio.constants.seek.SIZE) return bytes.length;
      return position = whence === avio.constants.seek.END ? bytes.length + offset : offset;
    },
  };
  return source;
}

async function packetsOf({ Demuxer }: typeof avio): Promise<number> {
  await using demuxer = await Demuxer.open(sourceOf(true) as avio.Source);
  let count = 0;
  for await (const _ of demuxer.packets()) count++;
  return count;
}

/** A library stays loaded, and its callback is never closed. */
function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, sanitizeResources: false, fn });
}

test("Two copies of avio on one thread each get the events of their own sessions", async () => {
  using another = await anotherCopy();
  const copies = [avio, another.copy, avio, another.copy, another.copy, avio];
  assertEquals(await Promise.all(copies.map(packetsOf)), copies.map(() => 206));
});

test("Each copy is asked for its own sessions by the sync engine, one within the other, too", async () => {
  using another = await anotherCopy();
  const inner = sourceOf(false);
  let answers = 0;
  const outer = sourceOf(false, () => {
    if (inner.reads > 0) return;
    answers += another.copy.probeSync(inner as avio.Source).streams.length;
  });
  assertEquals(avio.probeSync(outer as avio.Source).streams.length, 2);
  assertEquals(answers, 2);
  assertEquals(another.copy.probeSync(sourceOf(false) as avio.Source).streams.length, 2);
  assertEquals(avio.probeSync(sourceOf(false) as avio.Source).streams.length, 2);
});
