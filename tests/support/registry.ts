/**
 * Local registries, from which tests install avio: npm's with tarballs, JSR's with the files that `deno publish` would
 * upload.
 */
import { createHash } from "node:crypto";

const root = new URL("../../", import.meta.url).pathname;
const { name, version, exports } = JSON.parse(Deno.readTextFileSync(`${root}deno.json`)) as {
  name: string;
  version: string;
  exports: Record<string, string>;
};

/** A registry that is served. */
export interface Registry extends AsyncDisposable {
  /** Its address, without a slash at the end. */
  address: string;
}

/** Serves files by their paths on loopback. */
export function serveFiles(files: (path: string) => BodyInit | null | undefined): Registry {
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, ({ url }) => {
    const body = files(decodeURIComponent(new URL(url).pathname));
    return body === null || body === undefined ? new Response(null, { status: 404 }) : new Response(body);
  });
  return {
    address: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** npm's registry with these packages; requested paths are added to `asked`. */
export async function serveNpm(
  tarballs: Iterable<Uint8Array<ArrayBuffer>>,
  asked: string[] = [],
): Promise<Registry> {
  const files = new Map<string, Uint8Array<ArrayBuffer> | (() => string)>();
  const registry = serveFiles((path) => {
    asked.push(path);
    const file = files.get(path);
    return typeof file === "function" ? file() : file;
  });
  for (const tarball of tarballs) {
    const manifest = await manifestOf(tarball);
    const { name, version } = manifest;
    const integrity = `sha512-${createHash("sha512").update(tarball).digest("base64")}`;
    const file = `/${name}/-/${version}.tgz`;
    const dist = () => ({ tarball: registry.address + file, integrity });
    files.set(file, tarball);
    files.set(`/${name}`, () =>
      JSON.stringify({
        name,
        "dist-tags": { latest: version },
        time: { [version]: "2026-01-01T00:00:00.000Z" }, // Yarn refuses packages that are too new
        versions: { [version]: { ...manifest, dist: dist() } },
      }));
  }
  return registry;
}

/** The package.json in a tarball of npm's. */
export async function manifestOf(
  tarball: Uint8Array<ArrayBuffer>,
): Promise<{ name: string; version: string } & Record<string, unknown>> {
  const args = ["-xzOf", "-", "package/package.json"];
  const tar = new Deno.Command("tar", { args, stdin: "piped", stdout: "piped" }).spawn();
  const output = tar.output();
  const writer = tar.stdin.getWriter();
  await writer.write(tarball);
  await writer.close();
  return JSON.parse(new TextDecoder().decode((await output).stdout));
}

/** Paths of the files that `deno publish` uploads from a checkout. */
export async function publishedFiles(checkout: string = root): Promise<string[]> {
  const args = ["publish", "--dry-run", "--allow-dirty", "--no-check"];
  const output = await new Deno.Command(Deno.execPath(), { args, cwd: checkout, env: { NO_COLOR: "1" } })
    .output();
  const text = new TextDecoder().decode(output.stderr);
  if (!output.success) throw new Error(text);
  return [...text.matchAll(/^ +(file:\S+) \(/gm)].map(([, url]) =>
    decodeURIComponent(new URL(url!).pathname).slice(checkout.length)
  ).filter((path) => path !== ".git"); // in a worktree a file, which would make the copy the same worktree
}

/** JSR's registry with the package of a checkout in it. */
export async function serveJsr(checkout: string = root): Promise<Registry> {
  const files = new Map<string, string>();
  const folder = `/${name}/${version}`;
  const manifest: Record<string, { size: number; checksum: string }> = {};
  for (const path of await publishedFiles(checkout)) {
    const bytes = Deno.readFileSync(checkout + path);
    manifest[`/${path}`] = {
      size: bytes.length,
      checksum: `sha256-${createHash("sha256").update(bytes).digest("hex")}`,
    };
    files.set(`${folder}/${path}`, new TextDecoder().decode(bytes));
  }
  files.set(`/${name}/meta.json`, JSON.stringify({ latest: version, versions: { [version]: {} } }));
  files.set(`${folder}_meta.json`, JSON.stringify({ manifest, exports }));
  return serveFiles((path) => files.get(path));
}
