/**
 * Nothing that a TypeScript program does ends the process: all cases run in child processes, which must end normally.
 * By default a part of the cases runs, chosen by a seed. AVIO_HOSTILE=1/1 runs all, which takes an hour of processor
 * time, AVIO_HOSTILE_SEED=N others, AVIO_HOSTILE=#N the one whose number a failure names.
 */
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { AVError, MemorySink, Muxer } from "@avio/avio";
import { isEmbedded } from "./support/versions.ts";

const share = Deno.env.get("AVIO_HOSTILE");
const seed = Deno.env.get("AVIO_HOSTILE_SEED") ?? "1";
const root = new URL("../", import.meta.url).pathname;

/** Milliseconds after which a child counts as hanging, even on a busy machine. */
const PATIENCE = 600_000;

/** Runs a child and returns its output. `part`: the part of its cases to run by default. */
async function walk(script: string, part: string, flags: string[]): Promise<string> {
  const journal = await Deno.makeTempFile();
  try {
    const { code, signal, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...[
          "run",
          "--no-check",
          "--no-prompt",
          "--quiet",
          "--v8-flags=--expose-gc",
          ...flags,
          `--allow-write=${journal}`,
        ],
        ...[`tests/support/${script}.ts`, journal, seed, share ?? part],
      ],
      cwd: root,
      env: { NO_COLOR: "1" },
      stdout: "piped",
      stderr: "piped",
      ...(share === undefined ? { signal: AbortSignal.timeout(PATIENCE) } : {}),
    }).output();
    const [said, complaint] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes).trim());
    const last = (await Deno.readTextFile(journal)).trim();
    assertEquals([code, signal], [0, null], `${last}\n${said}\n${complaint!.slice(0, 4000)}`);
    assert(!said!.includes("slow: "), said);
    assert(/^\{"cases":/m.test(said!), `it came to no end: ${last}\n${said}`);
    return said!;
  } finally {
    await Deno.remove(journal);
  }
}

const LIBRARY = ["--allow-ffi", "--allow-read", "--allow-env"];

Deno.test("Every codec, every muxer, every kind of side data: the process lives", async () => {
  await walk("hostile_packets", isEmbedded ? "1/200" : "1/400", LIBRARY);
});

Deno.test("Several streams of every codec remuxed to every format: the process lives", async () => {
  await walk("hostile_remux", "1/10", LIBRARY);
});

Deno.test("Options and fields of streams that no file has, every muxer: the process lives", async () => {
  await walk("hostile_options", "1/1", LIBRARY);
});

Deno.test("Every public function with hostile arguments: the process lives", async () => {
  await walk("hostile_calls", "1/40", LIBRARY);
});

Deno.test("Bytes that callbacks detach while they are in use: the process lives", async () => {
  await walk("hostile_lent", "1/250", LIBRARY);
});

// ------------------------------------------------------------------------------------------- findings

const h264 = new Uint8Array([1, 100, 0, 10, 255, 225, 0, 4, 0x67, 100, 0, 10, 1, 0, 1, 0x68]);
const audio = { type: "audio", sampleRate: 48000, channels: 2 };

/** Packets of which the muxer, or a filter before it, writes nothing. */
const nothings: [codec: string, stream: Record<string, unknown>, data: Uint8Array][] = [
  ["pcm_dvd", audio, new Uint8Array(3)],
  ["pcm_dvd", audio, new Uint8Array(0)],
  ["h264", { type: "video", width: 64, height: 64, extradata: h264 }, new Uint8Array(4)],
  ["mpeg2video", { type: "video", width: 64, height: 64, bitRate: 1e6 }, new Uint8Array(0)],
];

for (const [codec, stream, data] of nothings) {
  Deno.test(`mpeg muxers finish with a packet of ${codec} of ${data.length} bytes, which has no payload for them`, async () => {
    for (const format of ["vob", "mpeg", "dvd", "svcd", "vcd"]) {
      const signal = AbortSignal.timeout(10_000); // they did not
      await using muxer = await Muxer.open(new MemorySink(), { format, signal });
      muxer.addStream({ codec, ...stream } as never);
      try {
        for (let i = 0; i < 3; i++) {
          await muxer.write({
            streamIndex: 0,
            data,
            pts: i * 40000,
            dts: i * 40000,
            duration: 40000,
            isKey: true,
          });
        }
        await muxer.finish();
      } catch (error) {
        assertEquals((error as Error).name, "AVError", String(error)); // what the format does not hold
      }
    }
  });
}

Deno.test("nut with more streams than its table of frame codes has room for is an error", () => {
  const start = (count: number) => {
    using muxer = Muxer.openSync(new MemorySink(), { format: "nut" });
    for (let i = 0; i < count; i++) {
      muxer.addStream({ type: "audio", codec: "pcm_s16le", sampleRate: 48000, channels: 2, blockAlign: 4 });
    }
    muxer.startSync();
  };
  start(125);
  for (const count of [126, 300]) {
    assertMatch(assertThrows(() => start(count), AVError).message, /at most 125 streams/);
  }
});
