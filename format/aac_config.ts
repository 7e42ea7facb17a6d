/**
 * Parses AudioSpecificConfig, the extradata of AAC (ISO 14496-3), for the kind of AAC.
 */

const SBR = 5;
const PARAMETRIC_STEREO = 29;
const ESCAPE = 31;

/** Reads bits, highest first; beyond the end they are 0. */
class Bits {
  #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length * 8 - this.#at;
  }

  read(count: number): number {
    let value = 0;
    const end = this.#at + count;
    for (; this.#at < end; this.#at++) {
      value = value * 2 + ((this.#bytes[this.#at >> 3] ?? 0) >> (7 - (this.#at & 7)) & 1);
    }
    return value;
  }

  peek(count: number): number {
    const value = this.read(count);
    this.#at -= count;
    return value;
  }
}

function readObjectType(bits: Bits): number {
  const type = bits.read(5);
  return type === ESCAPE ? 32 + bits.read(6) : type;
}

/**
 * The object type that a decoder needs: 2 is Low Complexity, 5 HE-AAC (with SBR), 29 HE-AAC v2 (with parametric
 * stereo). Extensions are found if they are signalled, explicitly at the beginning or backward-compatibly at the end.
 *
 * @returns The object type, null if there are too few bytes.
 */
export function audioObjectType(config: Uint8Array): number | null {
  if (config.length < 2) return null;
  const bits = new Bits(config);
  const type = readObjectType(bits);
  return type === SBR || type === PARAMETRIC_STEREO ? type : extensionOf(bits) ?? type;
}

/** The backward-compatible extension, searched bit by bit as FFmpeg does. */
function extensionOf(bits: Bits): number | null {
  const SBR_SYNC = 0x2b7;
  const PS_SYNC = 0x548;
  for (; bits.left > 15; bits.read(1)) {
    if (bits.peek(11) !== SBR_SYNC) continue;
    bits.read(11);
    if (readObjectType(bits) !== SBR || bits.read(1) === 0) return null;
    if (bits.read(4) === 15) bits.read(24);
    return bits.left > 11 && bits.read(11) === PS_SYNC && bits.read(1) === 1 ? PARAMETRIC_STEREO : SBR;
  }
  return null;
}
