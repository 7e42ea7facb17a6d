/**
 * Bun's files: `Bun.file(path)`, parts of it, and files in S3, which all have a name.
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { concat, MemorySink, probe, probeSync, remux, remuxSync } from "@avio/avio";
import { rejectionOf } from "./support/async.ts";
import { fixtureBytes } from "./support/fixtures.ts";

/** The used parts of Bun. */
interface BunRuntime {
  file(path: string): Blob & { readonly name: string; writer(): unknown; exists(): Promise<boolean> };
  S3Client: new (options: Record<string, string>) => { file(key: string): ReturnType<BunRuntime["file"]> };
}

const { Bun: bun } = globalThis as unknown as { Bun: BunRuntime };

function test(name: string, fn: (folder: string) => unknown): void {
  Deno.test({
    name,
    ignore: bun === undefined,
    fn: async () => {
      const folder = Deno.makeTempDirSync();
      try {
        await fn(folder);
      } finally {
        Deno.removeSync(folder, { recursive: true });
      }
    },
  });
}

const film = fixtureBytes("video.mp4");
const broadcast = fixtureBytes("video.ts");

test("Bun.file(path) stands for its path, before and after it was written", async (folder) => {
  const file = bun.file(`${folder}/out.ts`);
  const { bytesWritten } = await remux(film, file, { format: "mpegts" });
  assertEquals((await probe(file)).size, bytesWritten);
  const twice = await concat([film, film], file, { format: "mpegts" });
  assertEquals([(await probe(file)).size, probeSync(file).size], [twice.bytesWritten, twice.bytesWritten]);
  remuxSync(film, file, { format: "mpegts" });
  assertEquals(probeSync(file).size, bytesWritten);
});

test("A part of Bun.file(path) is that part, not the file", async (folder) => {
  const path = `${folder}/both`;
  Deno.writeFileSync(path, new Uint8Array([...film, ...broadcast]));
  const names = async (source: Blob) => (await probe(source)).format.name;
  assertEquals(await names(bun.file(path)), "mov,mp4,m4a,3gp,3g2,mj2");
  assertEquals(await names(bun.file(path).slice(film.length)), "mpegts");
  const known = bun.file(path);
  assertEquals(known.size, film.length + broadcast.length);
  assertEquals(await names(known.slice(film.length)), "mpegts");
  const { packets } = await remux(bun.file(path).slice(0, film.length), new MemorySink(), {
    format: "matroska",
  });
  assertEquals(packets, 206);
  const error = await rejectionOf(probe(bun.file(path).slice(0, 3)));
  assertStringIncludes((error as Error).message, "Invalid data found");
  for (const [start, end] of [[5, 5], [0, 0], [0, 1]]) {
    const error = await rejectionOf(probe(bun.file(path).slice(start, end)));
    assertStringIncludes((error as Error).message, "Invalid data found", `${start} to ${end}`);
  }
});

test("A file in S3 is neither read from nor written to the file of that name here", async (folder) => {
  const server = http.createServer((_request, response) => void response.end(film));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = new bun.S3Client({ accessKeyId: "a", secretAccessKey: "b", bucket: "c", endpoint });
  const path = `${folder}/key`;
  Deno.writeTextFileSync(path, "here");
  const file = client.file(path);
  assertEquals((await probe(file)).format.name, "mov,mp4,m4a,3gp,3g2,mj2");
  const error = await rejectionOf(remux(film, file, { format: "mpegts" }));
  assertStringIncludes((error as Error).message, "sink: must be a path");
  assertEquals(Deno.readTextFileSync(path), "here");
  server.close();
  server.closeAllConnections();
});
