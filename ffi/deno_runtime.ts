/**
 * Deno: loads the library with `Deno.dlopen`, first only the functions that are always needed.
 */
import type { AnswerRequest, Library, RunInContext, Runtime } from "./binding.ts";
import { newBytes } from "./byte_views.ts";
import { core, groups, type SymbolTypes } from "./symbols.ts";

type Core = Deno.DynamicLibrary<typeof core>["symbols"];

/** Symbols that only this file calls. */
interface Own {
  avs_client(client: number, callback: Deno.PointerValue): number;
  avs_wait_events(client: number, milliseconds: number): Promise<number>;
  avs_wake_events(client: number): number;
}

/** The Deno runtime. */
export const denoRuntime: Runtime = {
  get os() {
    return Deno.build.os;
  },
  get arch() {
    return Deno.build.arch;
  },
  get isMusl() {
    return Deno.build.target.endsWith("-musl");
  },
  fault: null,
  get standalone() {
    return Deno.build.standalone ? Deno.execPath() : null;
  },
  snapshot: contextOfCaller,
  resolve: () => null, // import.meta.resolve() finds what there is
  environment(variable) {
    const { state } = Deno.permissions.querySync({ name: "env", variable });
    return state === "granted" ? Deno.env.get(variable) || undefined : undefined;
  },
  currentFolder: () => Deno.cwd(),
  readHead(path, bytes) {
    try {
      if (Deno.permissions.querySync({ name: "read", path }).state !== "granted") return null;
      return headOf(Deno.openSync(path), bytes);
    } catch {
      return null;
    }
  },
  mayLoad: (place) => Deno.permissions.querySync({ name: "ffi", path: place }).state === "granted",
  load(place, version) {
    const bound = bindCore(place);
    const found = typeof bound === "string" ? abiOf(place) : bound.avs_abi_version();
    if (found !== null && found !== version) return `has ABI ${found}, this avio needs ABI ${version}`;
    return typeof bound === "string" ? bound : bindAll(bound, place);
  },
};

/**
 * An async function has its caller's context after each `await`: that needs no `AsyncLocalStorage`, whose module would have to
 * be loaded, which takes some 20 ms.
 */
function contextOfCaller(): RunInContext {
  const waiting: (() => void)[] = [];
  let resume = () => {};
  const runAll = () => {
    for (let work; (work = waiting.shift());) work();
  };
  const runInContext = async () => {
    while (true) {
      await new Promise<void>((resolve) => resume = resolve);
      runAll();
    }
  };
  void runInContext();
  return (work, isIn) => {
    waiting.push(work);
    if (isIn) runAll();
    else resume();
  };
}

/** Without `using`, which older versions of Node can't parse: on those, too, this module has to load (see runtime.ts). */
function headOf(file: Deno.FsFile, bytes: number): ReturnType<Runtime["readHead"]> {
  try {
    const head = new Uint8Array(bytes);
    return { head: head.subarray(0, file.readSync(head) ?? 0), size: file.statSync().size };
  } finally {
    file[Symbol.dispose]();
  }
}

/** The ABI version of a library that lacks symbols, as another version may; null if it isn't avio's library. */
function abiOf(place: string): number | null {
  try {
    return Deno.dlopen(place, { avs_abi_version: core.avs_abi_version }).symbols.avs_abi_version();
  } catch {
    return null;
  }
}

function bindCore(place: string): Core | string {
  try {
    return Deno.dlopen(place, core).symbols;
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return reasonOf(error, place);
  }
}

function reasonOf(error: unknown, place: string): string {
  const message = error instanceof Error ? error.message : String(error);
  if (/No such file|[Mm]odule (?:could )?not (?:be )?found|os error (?:2|3|126)\b/.test(message)) {
    return "not found";
  }
  if (message.includes("symbol")) return `not a library of this avio (${message})`;
  return message.replace("Could not open library: ", "").replace(`${place}: `, "");
}

function bindAll(bound: Core, place: string): Library {
  const all = { ...bound } as unknown as Own & Library;
  for (const group of groups.slice(1)) bindLater(all, place, group);
  return Object.assign(all, {
    newBatch: newBytes,
    newClient: () => all.avs_client(0, null),
    answerRequests: (client: number, answer: AnswerRequest) =>
      void all.avs_client(client, callbackOf(answer)),
    waitForEvents: (client: number, milliseconds: number) => all.avs_wait_events(client, milliseconds),
    wakeEvents: (client: number) => void all.avs_wake_events(client),
  });
}

/** The callback is never closed: native code may hold it until the process ends. */
function callbackOf(answer: AnswerRequest): Deno.PointerValue {
  const parameters = ["f64", "f64", "u32", "f64", "f64", "f64"] as const;
  return new Deno.UnsafeCallback({ parameters, result: "void" }, answer).pointer;
}

/** Adds getters to `all` that bind a whole group of symbols on first use of one of them. */
function bindLater(all: object, place: string, group: Readonly<Record<string, SymbolTypes>>): void {
  for (const name of Object.keys(group)) {
    const get = () => {
      const { symbols } = Deno.dlopen(place, group as Deno.ForeignLibraryInterface);
      for (const [other, value] of Object.entries(symbols)) Object.defineProperty(all, other, { value });
      return (all as Record<string, unknown>)[name];
    };
    Object.defineProperty(all, name, { get, configurable: true });
  }
}
