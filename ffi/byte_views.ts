/**
 * The real length and contents of a Uint8Array. Its class, properties and methods may be overridden by the program;
 * with a wrong length native code would read past the end.
 */

/** As they were when avio was loaded: native code writes as many elements as were requested. */
const { Float64Array, Uint8Array } = globalThis;

/** Bytes for native code to write to. */
export function newBytes(length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(length);
}

/** Numbers for native code to write to. */
export function newNumbers(length: number): Float64Array<ArrayBuffer> {
  return new Float64Array(length);
}

const TypedArray = Object.getPrototypeOf(Uint8Array.prototype) as object;

/** A built-in getter of typed arrays. */
function getter<T>(name: string | symbol): (view: unknown) => T {
  const { get } = Object.getOwnPropertyDescriptor(TypedArray, name)!;
  return (view) => Reflect.apply(get!, view, []) as T;
}

const tagOf = getter<string | undefined>(Symbol.toStringTag);
const bufferOf = getter<ArrayBuffer | SharedArrayBuffer>("buffer");
const offsetOf = getter<number>("byteOffset");

/** The number of bytes; 0 if they were detached. Throws a TypeError if it isn't a typed array. */
export const byteLengthOf: (view: unknown) => number = getter<number>("byteLength");

/** Whether a value is a Uint8Array of any realm or subclass. */
export function isBytes(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) && tagOf(value) === "Uint8Array";
}

/** Whether the bytes are shared with other threads. */
export function isShared(bytes: Uint8Array): boolean {
  return bufferOf(bytes) instanceof SharedArrayBuffer;
}

/** The same bytes as a plain Uint8Array, without overrides of the program. */
export function plainView(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bufferOf(bytes) as ArrayBuffer, offsetOf(bytes), byteLengthOf(bytes));
}

/** A private copy. */
export function copyBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(byteLengthOf(bytes));
  copy.set(plainView(bytes));
  return copy;
}
