/**
 * The real kind, length and contents of bytes. They may be of another realm (a context of node:vm, an iframe), whose classes
 * are others, and their class, properties and methods may be overridden by the program, those of the engine's prototypes, too;
 * with a wrong length native code would read past the end. So lengths that native code gets come from here, and no methods
 * are called of arrays that it writes to.
 */

/** As they were when avio was loaded: native code writes as many elements as were requested. */
const { Float64Array, Uint8Array } = globalThis;
const { apply } = Reflect;

/** Bytes for native code to write to. */
export function newBytes(length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(length);
}

/** Numbers for native code to write to. */
export function newNumbers(length: number): Float64Array<ArrayBuffer> {
  return new Float64Array(length);
}

/** Sets numbers of an array from that index on. */
export function setNumbers(numbers: Float64Array, values: readonly number[], index: number): void {
  for (let i = 0; i < values.length; i++) numbers[index + i] = values[i]!;
}

/** A copy of some numbers of an array. */
export function copyNumbers(numbers: Float64Array, index: number, count: number): Float64Array<ArrayBuffer> {
  const copy = newNumbers(count);
  for (let i = 0; i < count; i++) copy[i] = numbers[index + i]!;
  return copy;
}

const TypedArray = Object.getPrototypeOf(Uint8Array.prototype) as object;

/** A built-in getter, which accepts objects of its class only, of any realm. */
function getter<T>(prototype: object, name: string | symbol): (object: unknown) => T {
  const { get } = Object.getOwnPropertyDescriptor(prototype, name)!;
  return (object) => apply(get!, object, []) as T;
}

const tagOf = getter<string | undefined>(TypedArray, Symbol.toStringTag);
const bufferOf = getter<ArrayBuffer | SharedArrayBuffer>(TypedArray, "buffer");
const offsetOf = getter<number>(TypedArray, "byteOffset");
const { at } = Uint8Array.prototype;

/** The number of bytes; 0 if they were detached. Throws a TypeError if it isn't a typed array. */
export const byteLengthOf: (view: unknown) => number = getter<number>(TypedArray, "byteLength");

const dataViewBuffer = getter<ArrayBuffer>(DataView.prototype, "buffer");
const dataViewOffset = getter<number>(DataView.prototype, "byteOffset");
const dataViewLength = getter<number>(DataView.prototype, "byteLength");
const bufferLength = getter<number>(ArrayBuffer.prototype, "byteLength");
const sharedLength = getter<number>(SharedArrayBuffer.prototype, "byteLength");

/** Whether a getter accepts an object. */
function accepts(get: (object: unknown) => unknown, object: unknown): boolean {
  if (typeof object !== "object" || object === null) return false;
  try {
    get(object);
    return true;
  } catch {
    return false;
  }
}

/** Whether a value is an ArrayBuffer of any realm. */
export function isBuffer(value: unknown): value is ArrayBuffer {
  return accepts(bufferLength, value);
}

/** Whether a value is a SharedArrayBuffer of any realm. */
export function isSharedBuffer(value: unknown): value is SharedArrayBuffer {
  return accepts(sharedLength, value);
}

/** Whether a value is an ArrayBuffer, or a view of one, of any realm. */
export function isMemory(value: unknown): value is ArrayBuffer | ArrayBufferView {
  return ArrayBuffer.isView(value) || isBuffer(value);
}

/** The bytes of a buffer or a view of any kind, in place; null if they are gone: detached, or their buffer has become too small. */
export function bytesAt(memory: ArrayBufferLike | ArrayBufferView): Uint8Array<ArrayBuffer> | null {
  try {
    if (!ArrayBuffer.isView(memory)) return new Uint8Array(memory as ArrayBuffer);
    if (tagOf(memory) === undefined) {
      return new Uint8Array(dataViewBuffer(memory), dataViewOffset(memory), dataViewLength(memory));
    }
    apply(at, memory, [0]); // throws if they are gone; their length would be 0
    return plainView(memory);
  } catch {
    return null;
  }
}

/** Whether a value is a Uint8Array of any realm or subclass. */
export function isBytes(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) && tagOf(value) === "Uint8Array";
}

/** Whether the bytes are shared with other threads. */
export function isShared(bytes: Uint8Array): boolean {
  return !isBuffer(bufferOf(bytes)); // asked so because a getter that throws, for most bytes, takes much time
}

/** The same bytes as a plain Uint8Array, without overrides of the program. */
export function plainView(bytes: ArrayBufferView): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bufferOf(bytes) as ArrayBuffer, offsetOf(bytes), byteLengthOf(bytes));
}

/** Some of the bytes, in place. */
export function partOf(bytes: Uint8Array, start: number, length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bufferOf(bytes) as ArrayBuffer, offsetOf(bytes) + start, length);
}

/** A private copy. */
export function copyBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(byteLengthOf(bytes));
  copy.set(plainView(bytes));
  return copy;
}
