/**
 * AsyncLocalStorage: a callback has the context of the call that its session was opened by, whichever session's call receives
 * its events.
 */
import { assertEquals } from "@std/assert";
import { AsyncLocalStorage } from "node:async_hooks";
import { Demuxer, remux } from "@avio/avio";
import { readerOf } from "./support/devices.ts";
import { fixtureBytes } from "./support/fixtures.ts";

const film = fixtureBytes("video.ts");
const users = new AsyncLocalStorage<string>();

/** Which contexts callbacks have that are called for a user. */
class Contexts {
  readonly seen = new Set<string>();

  note(what: string): void {
    this.seen.add(`${what} ${users.getStore()}`);
  }

  source() {
    const reader = readerOf(film);
    return {
      onread: async (buffer: Uint8Array<ArrayBuffer>, length: number) => {
        this.note("onread");
        await Promise.resolve();
        this.note("onread goes on");
        return reader.onread!(buffer.subarray(0, 4000), Math.min(length, 4000));
      },
    };
  }
}

async function remuxFor(): Promise<string[]> {
  const contexts = new Contexts();
  await remux(contexts.source(), { onwrite: () => contexts.note("onwrite") }, {
    format: "mpegts",
    onstart: () => contexts.note("onstart"),
    onprogress: () => contexts.note("onprogress"),
    transform: (packet) => {
      contexts.note("transform");
      return packet;
    },
  });
  contexts.note("end");
  return [...contexts.seen].toSorted();
}

async function readFor(): Promise<string[]> {
  const contexts = new Contexts();
  await using demuxer = await Demuxer.open(contexts.source());
  for await (const _ of demuxer) contexts.note("packet");
  return [...contexts.seen].toSorted();
}

const all: [() => Promise<string[]>, string[]][] = [
  [remuxFor, ["end", "onprogress", "onread", "onread goes on", "onstart", "onwrite", "transform"]],
  [readFor, ["onread", "onread goes on", "packet"]],
];

for (const [run, expected] of all) {
  Deno.test({
    name: `Callbacks have the context of their own call: ${run.name}`,
    fn: async () => {
      const names = ["Ann", "Bob", "Cleo"];
      const results = await Promise.all(names.map((name) => users.run(name, run)));
      for (const [index, name] of names.entries()) {
        assertEquals(results[index], expected.map((what) => `${what} ${name}`));
      }
    },
  });
}
