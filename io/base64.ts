/**
 * Base64, with the engine's own functions where it has them (not in Node 24).
 */

/** The functions of newer engines. */
type WithBase64 = Uint8Array & { toBase64?: () => string };
const Bytes = Uint8Array as { fromBase64?: (text: string) => Uint8Array<ArrayBuffer> };

/** Bytes as base64. */
export function toBase64(bytes: Uint8Array): string {
  const native = (bytes as WithBase64).toBase64;
  if (native) return native.call(bytes);
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

/** The bytes of base64. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  if (Bytes.fromBase64) return Bytes.fromBase64(text);
  const characters = atob(text);
  const bytes = new Uint8Array(characters.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = characters.charCodeAt(at);
  return bytes;
}
