/**
 * A server with clients that upload, stall, die and abort: whether its memory, descriptors and threads stay constant.
 *
 *   deno run --allow-all bench/soak.ts [--clients=60] [--seconds=300]
 *
 * Prints a line every few seconds, and at the end what is left after the clients have gone. Linux only (/proc).
 */
import { probe, RemuxStream } from "../mod.ts";

const HERE = new URL(".", import.meta.url).pathname;

function option(name: string, otherwise: number): number {
  const given = Deno.args.find((arg) => arg.startsWith(`--${name}=`));
  return given === undefined ? otherwise : Number(given.slice(name.length + 3));
}

const media = ["video.mp4", "video.mkv", "video.ts", "audio.mp3"].map((name) =>
  Deno.readFileSync(`${HERE}../fixtures/${name}`)
);

// ------------------------------------------------------------------------------------------- the server

const served = { requests: 0, ok: 0, refused: 0 };

/** Half of the uploads are probed, half are returned as Matroska; those that take too long are aborted. */
async function serve(request: Request): Promise<Response> {
  served.requests++;
  const { body, url, signal } = request;
  if (!body) return new Response("no body", { status: 400 });
  try {
    const limits = { signal, timeout: 1000 };
    if (url.endsWith("/remux")) {
      const remuxing = new RemuxStream({ format: "matroska", ...limits });
      remuxing.result.then(() => served.ok++, () => served.refused++);
      return new Response(body.pipeThrough(remuxing));
    }
    const { streams } = await probe(body, limits);
    served.ok++;
    return Response.json(streams.length);
  } catch (error) {
    served.refused++;
    return new Response(String(error), { status: 422 });
  }
}

// ------------------------------------------------------------------------------------------- the clients

/** One upload: complete; with a pause that is too long; broken off; or aborted by the client. */
async function upload(base: string, turn: number): Promise<void> {
  const bytes = media[turn % media.length]!;
  const ending = (["whole", "whole", "stall", "die", "abort"] as const)[turn % 5]!;
  const abort = new AbortController();
  let at = 0;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const isHalf = at > bytes.length / 2;
      if (isHalf && ending === "stall") await new Promise((resolve) => setTimeout(resolve, 1500));
      if (isHalf && ending === "die") return controller.error(new Error("the client died"));
      if (isHalf && ending === "abort") return abort.abort();
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(at, at += 16_384));
    },
  });
  // Deno.serve (2.9.6) keeps the socket when a response breaks off while its upload stalls, over a TransformStream too.
  const path = turn % 2 === 0 || ending === "stall" ? "/probe" : "/remux";
  try {
    // Deno's fetch does not notice that a response breaks off while the upload continues.
    const signal = AbortSignal.any([abort.signal, AbortSignal.timeout(3000)]);
    const response = await fetch(base + path, { method: "POST", body, signal });
    await response.bytes();
  } catch {
    // as intended
  }
}

async function clients(base: string, count: number, seconds: number): Promise<void> {
  const end = performance.now() + seconds * 1000;
  let turn = 0;
  await Promise.all(Array.from({ length: count }, async () => {
    while (performance.now() < end) await upload(base, turn++);
  }));
}

// ------------------------------------------------------------------------------------------- both

function entries(folder: string): number {
  return [...Deno.readDirSync(folder)].length;
}

function report(what: string): void {
  const rss = Math.round(Deno.memoryUsage().rss / 1e6);
  const [fds, threads] = [entries("/proc/self/fd"), entries("/proc/self/task")];
  console.log(`${what}: ${rss} MB, ${fds} descriptors, ${threads} threads, ${JSON.stringify(served)}`);
}

if (Deno.args[0] === "clients") {
  await clients(Deno.args[1]!, Number(Deno.args[2]), Number(Deno.args[3]));
} else {
  const [count, seconds] = [option("clients", 60), option("seconds", 300)];
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, serve);
  await probe(media[0]!);
  report("before");
  const base = `http://127.0.0.1:${server.addr.port}`;
  const args = ["run", "--allow-all", import.meta.filename!, "clients", base, `${count}`, `${seconds}`];
  const child = new Deno.Command(Deno.execPath(), { args, stdout: "null" }).spawn();
  const started = performance.now();
  const timer = setInterval(
    () => report(`${Math.round((performance.now() - started) / 1000)} s`),
    Math.max(5, seconds / 15) * 1000,
  );
  await child.status;
  clearInterval(timer);
  await new Promise((resolve) => setTimeout(resolve, 3000));
  report("after");
}
