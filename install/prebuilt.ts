/**
 * Fetches a library that was built for a release. `release.json`, which is filled when a release is made, has the URL of the
 * release and the SHA-256 of each platform's library.
 */
import { FILE_NAME, PLATFORM } from "../ffi/library_paths.ts";
import release from "./release.json" with { type: "json" };

const { address, sha256 } = release as { address: string | null; sha256: Record<string, string> };

/** The name of this platform's library among the files of a release. */
const NAME = FILE_NAME.replace(".", `-${PLATFORM}.`);

/**
 * Fetches this platform's library into `file`; returns false if no release has one.
 *
 * @param mirror URL of the release's files, instead of the one in `release.json`.
 * @throws {Error} It can't be fetched, or its SHA-256 is not the one of the release.
 */
export async function fetchPrebuilt(file: string, mirror: string | undefined): Promise<boolean> {
  const base = mirror ?? address;
  if (!base) return false;
  const expected = sha256[PLATFORM] ?? (mirror && await listedSum(mirror));
  const bytes = expected && await get(`${base}/${NAME}`);
  if (!bytes) return false;
  const found = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
  if (found !== expected) {
    throw new Error(
      `${base}/${NAME} is not the library of the release: its SHA-256 is ${found}, not ${expected}`,
    );
  }
  await Deno.writeFile(file, bytes, { mode: 0o755 });
  return true;
}

/** The SHA-256 in a mirror's own list, where the package has none: for libraries that users built themselves. */
async function listedSum(mirror: string): Promise<string | undefined> {
  const list = new TextDecoder().decode(await get(`${mirror}/SHA256SUMS`) ?? undefined);
  return list.split("\n").find((line) => line.endsWith(` ${NAME}`))?.split(" ")[0];
}

/** The bytes at a URL; null if it is not found (404). */
async function get(url: string): Promise<Uint8Array<ArrayBuffer> | null> {
  try {
    const response = await fetch(url);
    if (response.ok) return await response.bytes();
    await response.body?.cancel();
    if (response.status === 404) return null;
    throw new Error(`${response.status} ${response.statusText}`);
  } catch (cause) {
    throw new Error(`Cannot fetch ${url}: ${(cause as Error).message}`, { cause });
  }
}
