/**
 * Probes an object in S3, or in a compatible store, or remuxes it to another container, and fetches only
 * the ranges that are needed: `s3_source.ts https://bucket.s3.eu-central-1.amazonaws.com/video.mp4 [OUT]`. Keys are taken from
 * AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION. Needs --allow-env --allow-ffi --allow-net, --allow-write for OUT.
 */
import { probe, remux } from "@avio/avio";

/** The credentials that requests are signed with. */
export interface Keys {
  id: string;
  secret: string;
  region: string;
}

const encoder = new TextEncoder();
const hash = async (text: string) =>
  new Uint8Array(await crypto.subtle.digest("SHA-256", encoder.encode(text))).toHex();

async function hmac(key: Uint8Array<ArrayBuffer>, text: string): Promise<Uint8Array<ArrayBuffer>> {
  const usable = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, [
    "sign",
  ]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", usable, encoder.encode(text)));
}

/** The headers of a GET of a range, signed for AWS (Signature Version 4). */
export async function signed(
  url: URL,
  range: string,
  keys: Keys,
  now: Date,
): Promise<Record<string, string>> {
  const time = now.toISOString().replace(/[-:]|\.\d+/g, "");
  const headers = { host: url.host, range, "x-amz-content-sha256": await hash(""), "x-amz-date": time };
  const names = Object.keys(headers).join(";");
  const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`).join("");
  const query = url.search.slice(1).split("&").sort().join("&");
  const request = ["GET", url.pathname, query, lines, names, await hash("")].join("\n");
  const scope = [time.slice(0, 8), keys.region, "s3", "aws4_request"];
  const text = ["AWS4-HMAC-SHA256", time, scope.join("/"), await hash(request)].join("\n");
  let key = encoder.encode(`AWS4${keys.secret}`);
  for (const part of scope) key = await hmac(key, part);
  const signature = (await hmac(key, text)).toHex();
  const credential = `${keys.id}/${scope.join("/")}`;
  return {
    ...headers,
    authorization: `AWS4-HMAC-SHA256 Credential=${credential},SignedHeaders=${names},Signature=${signature}`,
  };
}

/** A `fetch` that signs each request. */
export function signing(keys: Keys): typeof fetch {
  return async (input, init) => {
    const headers = new Headers(init?.headers);
    const { host: _, ...more } = await signed(
      new URL(String(input)),
      headers.get("range")!,
      keys,
      new Date(),
    );
    for (const [name, value] of Object.entries(more)) headers.set(name, value);
    return await fetch(input, { ...init, headers });
  };
}

if (import.meta.main) {
  const [url, output] = Deno.args;
  const [id, secret] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"].map((name) => Deno.env.get(name));
  if (!url || !id || !secret) {
    console.error("Usage: AWS_ACCESS_KEY_ID=... AWS_SECRET_ACCESS_KEY=... s3_source.ts URL [OUT]");
    Deno.exit(2);
  }
  const http = { fetch: signing({ id, secret, region: Deno.env.get("AWS_REGION") ?? "us-east-1" }) };
  if (output) {
    const { packets } = await remux(url, output, { input: { http } });
    console.log(`${packets} packets`);
  } else {
    const { format, duration, size } = await probe(url, { http });
    console.log(`${format.name}, ${duration} s, ${size} bytes`);
  }
}
