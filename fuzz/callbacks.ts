/**
 * Callbacks that misbehave: they are correct until a chosen call, which returns a wrong value, throws, detaches a buffer, or
 * calls the API. They also check avio's guarantees: the first exception is thrown by the API call that was running, as the same
 * object, and no callback is called after it.
 */
import { constants, type IOCallbacks } from "../mod.ts";
import { oddNumbers, type Random } from "./random.ts";

/** The message of the error that a proxy throws at every use. */
export const PROXY_COMPLAINT = "a proxy that throws";

/** The state of the callbacks of one case. */
export class World {
  /** The first exception of a callback. */
  thrown: { value: unknown } | null = null;
  /** All exceptions and rejections of callbacks; any call may throw these. */
  readonly own: unknown[] = [];
  /** A value was returned with which no call may succeed. */
  broken = false;
  /** Violations of guarantees that the callbacks have noticed. */
  readonly complaints: string[] = [];
  /** What the case does inside callbacks. */
  inside: (() => void)[] = [];
  /** Something was closed or destroyed inside a callback: the call may succeed or fail. */
  meddled = false;

  readonly random: Random;
  readonly waits: boolean;

  constructor(random: Random, waits: boolean) {
    this.random = random;
    this.waits = waits;
  }

  /** Callbacks called so far. */
  calls = 0;

  /** There were so many calls that further small reads are skipped: they take long and find nothing new. */
  get hurried(): boolean {
    return this.calls > 1500;
  }

  /** To be called at the start of each callback. */
  note(name: string): void {
    this.calls++;
    if (!this.waits && this.thrown) this.complaints.push(`${name} was called after the exception`);
  }

  /** Throws any value that JavaScript can throw. */
  fail(): never {
    const value = this.random.pick(throwables)();
    this.thrown ??= { value };
    this.own.push(value);
    throw value;
  }
}

const throwables: readonly (() => unknown)[] = [
  () => new Error("fault"),
  () => new TypeError("fault"),
  () => undefined,
  () => null,
  () => 0,
  () => "text",
  () => Symbol("fault"),
  () => 10n,
  () => Object.freeze({ message: 7 }),
  () => Object.create(null),
  () => () => {},
  () => new Proxy({}, { get: refuse, has: refuse, getPrototypeOf: refuse }),
  () => Promise.resolve(1),
  () => new DOMException("fault", "AbortError"),
];

function refuse(): never {
  throw new Error(PROXY_COMPLAINT);
}

/** Values that are wrong for a count of at most `size` bytes. */
function wrongCounts(size: number): readonly (() => unknown)[] {
  return [
    () => size + 1,
    () => size * 2 + 1,
    () => -1,
    () => 0.5,
    () => NaN,
    () => Infinity,
    () => -Infinity,
    () => 2 ** 31,
    () => 2 ** 32,
    () => 2 ** 53,
    () => BigInt(size),
    () => String(size),
    () => true,
    () => ({}),
    () => [size],
    () => Symbol("wrong"),
    () => new Number(size),
    () => ({ valueOf: () => size }),
    () => () => size,
    () => new Uint8Array(size),
  ];
}

/** Thenables that are not promises, and promises that settle in unusual ways. */
const oddThenables: readonly ((value: number) => unknown)[] = [
  (value) => ({ then: (resolve: (value: number) => void) => (resolve(value), resolve(value + 1)) }),
  () => ({
    then: (_: unknown, reject: (error: unknown) => void) => reject(new RangeError("a thenable rejects")),
  }),
  () => ({ then: () => refuse() }),
  () => ({ then: 5 }),
  () => Promise.resolve("1"),
  () => Promise.resolve(-7),
  () => new Promise(() => {}),
];

/** At which call, or calls, callbacks misbehave. */
export class Fault {
  readonly at: number;
  calls = 0;

  readonly world: World;
  readonly kind: string;

  constructor(world: World, kind: string) {
    this.world = world;
    this.kind = kind;
    this.at = world.random.small(40) - 1;
  }

  /** Whether this call misbehaves: only one does, or with `lie` all from there on. */
  isDue(): boolean {
    const nth = this.calls++;
    return this.kind !== "none" && (nth === this.at || (this.kind === "lie" && nth > this.at));
  }
}

/** What may be wrong with callbacks. `lie`: valid values that are not correct. */
export const faultKinds = [
  "none",
  "none",
  "wrong",
  "throw",
  "detach",
  "inside",
  "thenable",
  "lie",
  "never",
] as const;

/** Returns the answer as it is, or as a promise that is settled now or later. */
function deliver<T>(world: World, answer: () => T): T | Promise<T> {
  const { random } = world;
  if (!world.waits || world.hurried || random.chance(0.4)) return answer();
  if (random.chance(0.5)) return Promise.resolve().then(answer);
  return new Promise<void>((resolve) => setTimeout(resolve, random.below(2))).then(answer);
}

function misuse(
  fault: Fault,
  size: number,
  buffer: Uint8Array<ArrayBuffer> | null,
): { answer: unknown } | null {
  const { world, kind } = fault;
  const { random } = world;
  if (kind === "wrong") {
    const answer = random.pick(wrongCounts(size))();
    world.broken ||= buffer !== null || !Number.isSafeInteger(answer); // a wrong but valid position is not noticed
    return { answer };
  }
  if (kind === "throw") world.fail();
  if (kind === "detach" && buffer && buffer.buffer.byteLength > 0) {
    if (random.chance(0.5)) structuredClone(buffer.buffer, { transfer: [buffer.buffer] });
    else buffer.buffer.transfer(random.small(100));
    return { answer: random.chance(0.5) ? random.below(size + 1) : 0 };
  }
  if (kind === "inside") { for (const work of world.inside) work(); }
  if (kind === "thenable") {
    if (!world.waits) world.broken = true;
    return { answer: random.pick(oddThenables)(size) };
  }
  if (kind === "never" && world.waits) return { answer: new Promise(() => {}) };
  return null;
}

/** Callbacks that read `bytes` in pieces, with the fault. */
export function faultySource(bytes: Uint8Array, fault: Fault, seekable: boolean): IOCallbacks {
  const { world } = fault;
  const { random } = world;
  const piece = random.pick([Infinity, Infinity, 1000, 100, 7, 1]);
  let position = 0;
  const onread = (buffer: Uint8Array<ArrayBuffer>, size: number): unknown => {
    world.note("onread");
    const due = fault.isDue();
    const answer = due ? misuse(fault, size, buffer) : null;
    if (answer) return answer.answer;
    if (due && fault.kind === "lie") return random.pick([0, null, undefined, size, random.below(size) + 1]);
    const max = world.hurried ? Infinity : piece;
    const left = Math.max(0, bytes.length - position);
    const count = Math.min(
      left,
      buffer.length,
      random.chance(0.5) ? max : random.small(Math.min(max, 100_000)),
    );
    buffer.set(bytes.subarray(position, position + count));
    position += count;
    return deliver(world, () => random.chance(0.1) && count === 0 ? null : count);
  };
  const onseek = (offset: number, whence: number): unknown => {
    world.note("onseek");
    if (fault.isDue()) {
      if (fault.kind === "lie") return wrongPlace(world, offset, bytes.length);
      const answer = misuse(fault, offset, null);
      if (answer) return answer.answer;
    }
    if (whence === constants.seek.SIZE) return deliver(world, () => bytes.length);
    position = whence === constants.seek.END ? bytes.length + offset : offset;
    return deliver(world, () => position);
  };
  return (seekable ? { onread, onseek } : { onread }) as IOCallbacks;
}

/** A position or a size that is not correct, and sometimes not even valid. */
function wrongPlace(world: World, offset: number, total: number): unknown {
  const { random } = world;
  const places = [
    0,
    offset + 1,
    offset * 2,
    total,
    total * 2,
    total >> 1,
    2 ** 53 - 1,
    2 ** 40,
    -1,
    -5,
    ...oddNumbers,
  ];
  return random.pick(places);
}

/** Bytes after which a sink fails: damaged timestamps can make outputs endless. */
const MAX_WRITTEN = 64 << 20;

/** Callbacks that discard what is written, with the fault. */
export function faultySink(fault: Fault, seekable: boolean): IOCallbacks {
  const { world } = fault;
  const { random } = world;
  const short = random.chance(0.2);
  let position = 0, size = 0, written = 0;
  const onwrite = (buffer: Uint8Array<ArrayBuffer>): unknown => {
    world.note("onwrite");
    const answer = fault.isDue() ? misuse(fault, buffer.length, buffer) : null;
    if (answer) return answer.answer;
    written += buffer.length;
    if (written > MAX_WRITTEN) world.fail();
    const taken = short ? random.small(buffer.length) : buffer.length;
    position += taken;
    size = Math.max(size, position);
    return deliver(world, () => taken === buffer.length && random.chance(0.3) ? undefined : taken);
  };
  const onseek = (offset: number, whence: number): unknown => {
    world.note("onseek");
    if (fault.isDue()) {
      if (fault.kind === "lie") return wrongPlace(world, offset, size);
      const answer = misuse(fault, offset, null);
      if (answer) return answer.answer;
    }
    if (whence === constants.seek.SIZE) return deliver(world, () => size);
    position = whence === constants.seek.END ? size + offset : offset;
    return deliver(world, () => position);
  };
  return (seekable ? { onwrite, onseek } : { onwrite }) as IOCallbacks;
}
