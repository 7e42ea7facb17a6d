/**
 * A headless Chromium, Debian's, driven by playwright-core; `scripts/setup.sh --tests` installs these, and hls.js, outside of
 * the checkout.
 */
import { createRequire } from "node:module";

const cache = Deno.env.get("XDG_CACHE_HOME") || `${Deno.env.get("HOME") ?? ""}/.cache`;

/** The folder of playwright-core and hls.js. */
const modules = `${cache}/avio/browser/node_modules`;

const chromium = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find(exists);

function exists(path: string): boolean {
  try {
    return Deno.statSync(path) !== null;
  } catch {
    return false;
  }
}

/** What is missing; "" if nothing is. */
export const missing: string = !chromium
  ? "there is no chromium"
  : !exists(`${modules}/playwright-core`) || !exists(`${modules}/hls.js`)
  ? "playwright-core and hls.js are not there"
  : "";

/** The script of hls.js for the page. */
export function hlsScript(): Uint8Array<ArrayBuffer> {
  return Deno.readFileSync(`${modules}/hls.js/dist/hls.min.js`);
}

/** A page of the browser. */
export interface Page {
  /** Evaluates an expression in the page; resolves with its value, or with that of its promise. */
  evaluate<T>(expression: string): Promise<T>;
  /** Closes the browser. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Opens a browser with this page. */
export async function openPage(url: string): Promise<Page> {
  const playwright = createRequire(`${modules}/`)("playwright-core");
  const browser = await playwright.chromium.launch({
    executablePath: chromium,
    args: ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"],
  });
  const page = await browser.newPage();
  await page.goto(url);
  return {
    evaluate: (expression) => page.evaluate(expression),
    [Symbol.asyncDispose]: () => browser.close(),
  };
}
