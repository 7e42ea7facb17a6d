/**
 * Runs examples/hls_on_demand.ts in a separate process.
 */

/** Starts it, with segments of a second. */
export async function serveOnDemand(file: string): Promise<AsyncDisposable & { url: string }> {
  const port = 8000 + Math.floor(Math.random() * 20000);
  const server = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-A", "examples/hls_on_demand.ts", file, String(port), "1"],
    cwd: new URL("../..", import.meta.url),
    stdout: "null",
  }).spawn();
  const url = `http://127.0.0.1:${port}/index.m3u8`;
  for (let left = 100;; left--) {
    const response = await fetch(url).catch(() => null);
    await response?.body?.cancel();
    if (response) break;
    if (left === 0) throw new Error("the server does not listen");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return {
    url,
    async [Symbol.asyncDispose]() {
      server.kill();
      await server.status;
    },
  };
}
