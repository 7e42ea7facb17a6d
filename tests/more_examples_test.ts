/**
 * The programs in examples/, run as a user runs them; those that examples_test.ts does not run.
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Demuxer, probe, probeSync, withinOrigin } from "@avio/avio";
import { probeInProcess } from "../examples/probe_in_process.ts";
import { signed } from "../examples/s3_source.ts";
import { fixtureBytes } from "./support/fixtures.ts";

const root = new URL("..", import.meta.url);

function command(args: string[], env: Record<string, string> = {}): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", ...args],
    cwd: root,
    env: { NO_COLOR: "1", ...env },
    stdout: "piped",
    stderr: "piped",
  });
}

async function run(args: string[], env?: Record<string, string>) {
  const { code, stdout, stderr } = await command(["--quiet", "--allow-env", ...args], env).output();
  return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}

/** Runs a server on a port of its own choice while `use` talks to it. */
async function serving(args: string[], use: (origin: string) => Promise<void>): Promise<void> {
  const server = command(["--allow-env", ...args]).spawn();
  const deadline = setTimeout(() => server.kill(), 30_000);
  const output = server.stderr.pipeThrough(new TextDecoderStream()).getReader();
  try {
    let said = "";
    while (!/:(\d+)\//.test(said)) {
      const { value, done } = await output.read();
      assert(!done, `it ended: ${said}`);
      said += value;
    }
    await use(`http://localhost:${/:(\d+)\//.exec(said)![1]}`);
  } finally {
    clearTimeout(deadline);
    try {
      server.kill();
    } catch {
      // it has ended
    }
    await output.cancel();
    await server.stdout.cancel();
    await server.status;
  }
}

Deno.test("examples/probe_upload.ts lists the streams of an upload", async () => {
  await serving(["--allow-ffi", "--allow-net", "examples/probe_upload.ts", "0"], async (origin) => {
    assertStringIncludes(await (await fetch(origin)).text(), "<form");
    const send = async (bytes: Uint8Array<ArrayBuffer>) => {
      const body = new FormData();
      body.set("file", new Blob([bytes]), "any name");
      const response = await fetch(origin, { method: "POST", body });
      return [response.status, await response.text()];
    };
    assertEquals(await send(fixtureBytes("video.mp4")), [
      200,
      "QuickTime / MOV, 3.0 s\n0: video h264 320x180\n1: audio aac 44100 Hz\n",
    ]);
    assertEquals(await send(fixtureBytes("cut.mp4")), [
      422,
      "Cannot open input: Invalid data found (mov,mp4: moov atom not found)\n",
    ]);
    const nothing = await fetch(origin, { method: "POST", body: new FormData() });
    assertEquals([nothing.status, await nothing.text()], [400, "Send a file\n"]);
  });
});

Deno.test("examples/serve_as_mp4.ts serves the files of a folder as mp4, and no others", async () => {
  const flags = ["--allow-ffi", "--allow-net", "--allow-read=fixtures"];
  await serving([...flags, "examples/serve_as_mp4.ts", "fixtures", "0"], async (origin) => {
    const get = async (path: string) => {
      const response = await fetch(`${origin}/${path}`);
      return { status: response.status, bytes: await response.bytes() };
    };
    const whole = await get("video.mkv");
    assertEquals(whole.status, 200);
    assertEquals(probeSync(whole.bytes).format.extensions.includes("mp4"), true);
    const part = await get("video.mkv?start=2.1");
    assertEquals(Math.round(probeSync(part.bytes).duration!), 1);
    for (const path of ["nothing.mkv", "%2e%2e%2fdeno.json", "..%2fdeno.json", "", "video.mkv?start=-1"]) {
      assertEquals((await get(path)).status, 404, path);
    }
    assertEquals((await get("cut.mp4")).status, 422);
  });
});

Deno.test("examples/cut.ts prints where the cut begins", async () => {
  const output = Deno.makeTempFileSync({ suffix: ".mp4" });
  try {
    const flags = ["--allow-ffi", "--allow-read", "--allow-write", "examples/cut.ts"];
    const { stdout, stderr } = await run([...flags, "fixtures/video.mp4", output, "1.5", "2.5"]);
    assertEquals([stdout, stderr], ["from 1.00 s on\n1.52 s, 102 packets\n", ""]);
    assertEquals(probeSync(output).duration, 1.52);
    assertEquals((await run([...flags, "fixtures/video.mp4", output, "2", "1"])).code, 2);
  } finally {
    Deno.removeSync(output);
  }
});

Deno.test("examples/hls_in_memory.ts serves a playable stream", async () => {
  const flags = ["--allow-ffi", "--allow-net", "--allow-read"];
  await serving([...flags, "examples/hls_in_memory.ts", "fixtures/video.mp4", "0"], async (origin) => {
    const playlist = `${origin}/index.m3u8`;
    for (let left = 200;; left--) {
      const response = await fetch(playlist);
      const text = await response.text();
      if (response.ok && text.includes("#EXT-X-ENDLIST")) break;
      assert(left > 0, text);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await using demuxer = await Demuxer.open(playlist, { onopen: withinOrigin(origin) });
    let packets = 0;
    for await (const _packet of demuxer) packets++;
    assertEquals(packets, 206);
  });
});

// ------------------------------------------------------------------------------------------- s3_source.ts

const keys = {
  id: "AKIAIOSFODNN7EXAMPLE",
  secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  region: "us-east-1",
};

Deno.test("examples/s3_source.ts signs as the example in Amazon's documentation", async () => {
  const url = new URL("https://examplebucket.s3.amazonaws.com/test.txt");
  const { authorization } = await signed(url, "bytes=0-9", keys, new Date("2013-05-24T00:00:00Z"));
  assertMatch(authorization!, /Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41$/);
});

Deno.test("examples/s3_source.ts reads an object from a server that checks signatures", async () => {
  const file = fixtureBytes("video.mp4");
  await using server = Deno.serve({ port: 0, onListen() {} }, async ({ url, headers }) => {
    const range = headers.get("range")!;
    const time = headers.get("x-amz-date")!.replace(
      /(....)(..)(..)T(..)(..)(..)Z/,
      "$1-$2-$3T$4:$5:$6Z",
    );
    const expected = await signed(new URL(url), range, keys, new Date(time));
    if (headers.get("authorization") !== expected.authorization) return new Response(null, { status: 403 });
    const from = Number(/\d+/.exec(range)![0]);
    return new Response(file.subarray(from), {
      status: 206,
      headers: { "content-range": `bytes ${from}-${file.length - 1}/${file.length}` },
    });
  });
  const url = `http://localhost:${server.addr.port}/folder/video.mp4`;
  const output = Deno.makeTempFileSync({ suffix: ".mkv" });
  const env = { AWS_ACCESS_KEY_ID: keys.id, AWS_SECRET_ACCESS_KEY: keys.secret, AWS_REGION: keys.region };
  const flags = ["--allow-ffi", "--allow-net", "--allow-write", "examples/s3_source.ts", url];
  try {
    assertEquals((await run(flags, env)).stdout, "mov,mp4,m4a,3gp,3g2,mj2, 3 s, 33790 bytes\n");
    assertEquals((await run([...flags, output], env)).stdout, "206 packets\n");
    assertEquals((await probe(output)).format.name, "matroska,webm");
    const { code, stderr } = await run(flags, { ...env, AWS_SECRET_ACCESS_KEY: "another" });
    assertEquals(code, 1);
    assertStringIncludes(stderr, `Cannot read ${url}: 403`);
  } finally {
    Deno.removeSync(output);
  }
});

const LIMITS = { milliseconds: 10_000, kibibytes: 1_000_000, sandbox: false };
const video = () => new Blob([fixtureBytes("video.mkv")]).stream();

/** Whether bubblewrap is there, and may make what it needs: not in every container. */
function hasBubblewrap(): boolean {
  try {
    const args = ["--unshare-all", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "true"];
    return new Deno.Command("bwrap", { args, stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}

for (const sandbox of [false, true]) {
  Deno.test(`examples/probe_in_process.ts describes a file${sandbox ? ", in a sandbox" : ""}`, {
    ignore: Deno.build.os !== "linux" || (sandbox && !hasBubblewrap()),
  }, async () => {
    const answer = await probeInProcess(video(), { ...LIMITS, sandbox }) as { format: string };
    assertEquals(answer.format, "matroska,webm");
    const playlist = new Blob(["#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\na.ts\n"]).stream();
    const refused = await probeInProcess(playlist, { ...LIMITS, sandbox }) as { error: string };
    assertStringIncludes(refused.error, "not among the formats that may be tried");
  });
}

Deno.test("examples/probe_in_process.ts kills a process that takes too long or too much memory", {
  ignore: Deno.build.os !== "linux",
}, async () => {
  const never = new ReadableStream<Uint8Array>({ pull: () => new Promise(() => {}) });
  assertEquals(await probeInProcess(never, { ...LIMITS, milliseconds: 300 }), { error: "took too long" });
  const answer = await probeInProcess(video(), { ...LIMITS, kibibytes: 100_000 }) as { error: string };
  assertMatch(answer.error, /^ended by/);
});
