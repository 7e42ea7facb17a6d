/**
 * A real Chromium, headless: Debian's, driven by playwright-core, which `scripts/setup.sh --tests` installs outside of the
 * checkout, with hls.js.
 */
import { createRequire } from "node:module";

const cache = Deno.env.get("XDG_CACHE_HOME") || `${Deno.env.get("HOME") ?? ""}/.cache`;

/** Where playwright-core and hls.js are. */
const modules = `${cache}/avio/browser/node_modules`;

const chromium = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find(exists);

function exists(path: string): boolean {
  try {
    return Deno.statSync(path) !== null;
  } catch {
    return false;
  }
}

/** What is missing, "" where nothing is. */
export const missing: string = !chromium
  ? "there is no chromium"
  : !exists(`${modules}/playwright-core`) || !exists(`${modules}/hls.js`)
  ? "playwright-core and hls.js are not there"
  : "";

/** hls.js as the page loads it. */
export function hlsScript(): Uint8Array<ArrayBuffer> {
  return Deno.readFileSync(`${modules}/hls.js/dist/hls.min.js`);
}

/** A page of the browser. */
export interface Page {
  /** Runs an expression in the page; what it is, or what its promise is fulfilled with. */
  evaluate<T>(expression: string): Promise<T>;
  /** Closes the browser. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** A browser that shows this page. */
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
