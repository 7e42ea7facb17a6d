/**
 * Outputs that end early: the library's option `stop`, and what the command line leaves after Ctrl-C and after errors.
 */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { Leftover } from "../cli/leftovers.ts";
import { MemorySink, merge, probeSync, remux, split } from "@avio/avio";
import { fixtureBytes, fixturePath } from "./support/fixtures.ts";

const root = new URL("../", import.meta.url).pathname;

/** Endless repetitions of an MPEG-TS file, produced on demand. */
function endless(): ReadableStream<Uint8Array> {
  return new ReadableStream({ pull: (controller) => controller.enqueue(fixtureBytes("video.ts").slice()) }, {
    highWaterMark: 0,
  });
}

Deno.test("stop: what was read before it is written, and the output is finished", async () => {
  for (
    const run of [
      remux,
      (source: ReadableStream<Uint8Array>, sink: MemorySink, options: object) =>
        merge([source], sink, options),
    ]
  ) {
    const stop = new AbortController();
    const sink = new MemorySink();
    const onprogress = () => stop.abort();
    const { packets } = await run(endless(), sink, { format: "mp4", stop: stop.signal, onprogress });
    assert(packets > 0);
    assert(probeSync(sink.bytes()).duration! > 0);
  }
  const stop = new AbortController();
  const sinks: MemorySink[] = [];
  const { segments } = await split(endless(), {
    format: "mp4",
    every: 1,
    onsegment: (index) => {
      if (index === 2) stop.abort();
      return sinks[index] = new MemorySink();
    },
    stop: stop.signal,
  });
  assertEquals(segments.length, sinks.length);
  assert(sinks.every((sink) => probeSync(sink.bytes()).streams.length === 2));
});

Deno.test("An output of chapters only, which were written before any media, is removed", async () => {
  const folder = Deno.makeTempDirSync();
  try {
    const path = `${folder}/out.mp4`, leftover = new Leftover();
    leftover.begin(path);
    const chapters = [{ id: 1, start: 0, end: 1, metadata: { title: "One" }, timeBase: { num: 1, den: 1 } }];
    const { packets } = await merge([fixturePath("video.mp4")], path, {
      chapters,
      stop: AbortSignal.abort(),
    });
    assert(packets === 0 && probeSync(path).chapters.length === 1);
    assertEquals(leftover.settle(packets === 0), `${path} is removed, as nothing had come`);
    assertEquals([...Deno.readDirSync(folder)], []);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("stop must be an AbortSignal", async () => {
  const options = { format: "mp4", stop: 1 as never };
  await assertRejects(() => remux(fixturePath("video.mkv"), new MemorySink(), options), TypeError, "stop");
});

/** Starts `avio` with a film on stdin, which stays open, and interrupts it `times` times when its output has been written. */
async function interrupted(name: string, times: number, ...flags: string[]) {
  const folder = Deno.makeTempDirSync();
  const path = `${folder}/${name}`;
  const args = ["run", "-A", "cli.ts", "remux", "-", path, ...flags];
  const child = new Deno.Command(Deno.execPath(), {
    args,
    cwd: root,
    stdin: "piped",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const stderr = new Response(child.stderr).text();
  const stdin = child.stdin.getWriter();
  for (let n = 0; n < 3; n++) await stdin.write(fixtureBytes("video.ts").slice());
  // Wait until all input has been written and it waits for more.
  for (let before = -1, now = 0; now === 0 || now !== before; before = now, now = sizeOf(path)) {
    await new Promise((resolve) => setTimeout(resolve, 400));
  }
  for (let n = 0; n < times; n++) {
    child.kill("SIGINT");
    if (times > 1) await new Promise((resolve) => setTimeout(resolve, 300));
  }
  if (times === 1) await stdin.write(fixtureBytes("video.ts").slice()).catch(() => {});
  const { code } = await child.status;
  stdin.close().catch(() => {});
  const isThere = sizeOf(path) > 0;
  const streams = isThere ? probeSync(path).streams.length : 0;
  Deno.removeSync(folder, { recursive: true });
  return { code, isThere, streams, stderr: await stderr };
}

function sizeOf(path: string): number {
  try {
    return Deno.statSync(path).size;
  } catch {
    return 0;
  }
}

Deno.test("avio remux: Ctrl-C finishes the output while packets arrive", async () => {
  const { code, streams, stderr } = await interrupted("a.mp4", 1, "--no-coalesce");
  assertMatch(stderr, /a\.mp4: stopped by Ctrl-C, and finished with what had been read/);
  assertEquals([code, streams], [130, 2]);
});

Deno.test("avio remux: a second Ctrl-C ends it; a readable output is kept, any other is removed", async () => {
  const mp4 = await interrupted("a.mp4", 2, "--no-coalesce");
  assertEquals([mp4.code, mp4.isThere], [130, false]);
  assertMatch(mp4.stderr, /stopped by Ctrl-C; .*a\.mp4 is removed, as it can't be read/);
  const mkv = await interrupted("a.mkv", 2, "--no-coalesce", "-o", "cluster_time_limit=100");
  assertEquals([mkv.code, mkv.isThere, mkv.streams], [130, true, 2]);
  assertMatch(mkv.stderr, /stopped by Ctrl-C; .*a\.mkv is not complete, but what was written can be read/);
});

Deno.test("avio merge: Ctrl-C before the first packet leaves no file", async () => {
  const folder = Deno.makeTempDirSync();
  const path = `${folder}/a.mkv`;
  let child: Deno.ChildProcess | null = null;
  let interrupts = 0;
  const server = Deno.serve({ port: 0, onListen() {} }, async () => {
    if (interrupts++ === 0) child!.kill("SIGINT"); // while this source is opened
    await new Promise((resolve) => setTimeout(resolve, 300));
    return new Response(fixtureBytes("audio.mp3").slice());
  });
  const url = `http://localhost:${server.addr.port}/audio.mp3`;
  child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "cli.ts", "merge", "fixtures/video.mkv", url, path],
    cwd: root,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const { code, stderr } = await child.output();
  assertEquals([code, interrupts > 0], [130, true]);
  assertMatch(new TextDecoder().decode(stderr), /^avio: stopped by Ctrl-C/m);
  assertEquals([...Deno.readDirSync(folder)], []);
  await server.shutdown();
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("avio remux: after an error no unreadable output remains, and an existing file is unchanged", async () => {
  const folder = Deno.makeTempDirSync();
  const run = async (...args: string[]) => {
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "cli.ts", "remux", ...args],
      cwd: root,
      stdin: "null",
    }).output();
    return { code, stderr: new TextDecoder().decode(stderr) };
  };
  const cut = `${folder}/cut.mkv`;
  Deno.writeFileSync(cut, fixtureBytes("video.mkv").subarray(0, 20_000));
  const failed = await run(cut, `${folder}/out.mp4`, "--strict");
  assertEquals(failed.code, 1);
  assertMatch(
    failed.stderr,
    /^avio: the source ends too early.*; .*out\.mp4 is removed, as it can't be read\n$/,
  );
  assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["cut.mkv"]);
  Deno.writeTextFileSync(`${folder}/old.webm`, "mine");
  assertEquals((await run(cut, `${folder}/old.webm`)).code, 1); // which can't hold any of it
  assertEquals(Deno.readTextFileSync(`${folder}/old.webm`), "mine");
  Deno.removeSync(folder, { recursive: true });
});
