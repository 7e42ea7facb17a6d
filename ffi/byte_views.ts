/**
 * What a Uint8Array of the program's really is: its class, its own properties and its methods are the program's, and may say
 * anything. Native code is told the true length, or it would read past the end.
 */

const TypedArray = Object.getPrototypeOf(Uint8Array.prototype) as object;

/** A getter of all typed arrays, as the language has it. */
function getter<T>(name: string | symbol): (view: unknown) => T {
  const { get } = Object.getOwnPropertyDescriptor(TypedArray, name)!;
  return (view) => Reflect.apply(get!, view, []) as T;
}

const tagOf = getter<string | undefined>(Symbol.toStringTag);
const bufferOf = getter<ArrayBuffer | SharedArrayBuffer>("buffer");
const offsetOf = getter<number>("byteOffset");

/** How many bytes there are; 0 where they were taken away. Throws a TypeError where it is no typed array. */
export const byteLengthOf: (view: unknown) => number = getter<number>("byteLength");

/** Whether it is a Uint8Array, of whatever realm or subclass. */
export function isBytes(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) && tagOf(value) === "Uint8Array";
}

/** Whether other threads may write to them. */
export function isShared(bytes: Uint8Array): boolean {
  return bufferOf(bytes) instanceof SharedArrayBuffer;
}

/** The same bytes as a plain Uint8Array, without what the program has put over it. */
export function plainView(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bufferOf(bytes) as ArrayBuffer, offsetOf(bytes), byteLengthOf(bytes));
}

/** A copy, which the program does not know. */
export function copyBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(byteLengthOf(bytes));
  copy.set(plainView(bytes));
  return copy;
}
