/**
 * Sources that record how far they were read, and generated media: long, or with a stream that begins late.
 */
import { constants, type IOCallbacks } from "@avio/avio";

type Bytes = Uint8Array<ArrayBuffer>;

/** A source that returns `bytes` in pieces; a test decides when, and in which way, its callbacks return. */
export class CountedSource {
  readonly bytes: Uint8Array;
  readonly chunk: number;
  /** Called before each callback returns; if it returns a promise, the callback waits for that. */
  before: (source: CountedSource) => Promise<unknown> | void;
  position = 0;
  calls = 0;
  /** Calls that have not returned yet, now and at most. */
  underWay = 0;
  busiest = 0;

  constructor(bytes: Uint8Array, chunk: number, before: CountedSource["before"] = () => {}) {
    this.bytes = bytes;
    this.chunk = chunk;
    this.before = before;
  }

  /** Callbacks without seeking. The getter may be called several times: all callbacks share the position. */
  get callbacks(): IOCallbacks {
    return { onread: (buffer, size) => this.#read(buffer, size) };
  }

  /** The same, with seeking. */
  get seekable(): IOCallbacks {
    const onseek = (offset: number, whence: number) =>
      whence === constants.seek.SIZE ? this.bytes.length : this.position = offset;
    return { ...this.callbacks, onseek };
  }

  #read(buffer: Uint8Array, size: number): number | Promise<number> {
    this.calls++;
    this.busiest = Math.max(this.busiest, ++this.underWay);
    const waited = this.before(this);
    return waited ? waited.then(() => this.#fill(buffer, size)) : this.#fill(buffer, size);
  }

  #fill(buffer: Uint8Array, size: number): number {
    const piece = this.bytes.subarray(this.position, this.position + Math.min(size, this.chunk));
    buffer.set(piece);
    this.position += piece.length;
    this.underWay--;
    return piece.length;
  }
}

/** The header of a WAV of unknown size: 48 kHz, stereo, 16 bits. */
export function wavHeader(): Bytes {
  const bytes = new Uint8Array(44);
  const view = new DataView(bytes.buffer);
  const text = (at: number, word: string) => bytes.set(new TextEncoder().encode(word), at);
  text(0, "RIFF");
  view.setUint32(4, 0xffffffff, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  [1, 2].forEach((value, i) => view.setUint16(20 + 2 * i, value, true));
  view.setUint32(24, 48000, true);
  view.setUint32(28, 192000, true);
  [4, 16].forEach((value, i) => view.setUint16(32 + 2 * i, value, true));
  text(36, "data");
  view.setUint32(40, 0xffffffff, true);
  return bytes;
}

/** A WAV with so many bytes of samples; no two pages of them are the same. */
export function wavOf(size: number): Bytes {
  const bytes = new Uint8Array(44 + size);
  bytes.set(wavHeader());
  new Uint32Array(bytes.buffer, 44, size >> 2).forEach((_, i, samples) => samples[i] = i * 2654435761);
  return bytes;
}

/** The flv with audio only from `milliseconds` on, and a header that does not announce it. */
export function withLateSound(flv: Bytes, milliseconds: number): Bytes {
  const AUDIO = 8, VIDEO = 9;
  const HEADER = 13;
  const view = new DataView(flv.buffer, flv.byteOffset);
  const parts = [flv.slice(0, HEADER)];
  parts[0]![4] = 1; // has video
  let configuration: Bytes | null = null;
  for (let at = HEADER, end; at < flv.length; at = end) {
    end = at + 15 + (view.getUint32(at) & 0xffffff);
    const tag = flv.slice(at, end);
    const isLate = view.getUint32(at + 4) >>> 8 >= milliseconds;
    if (tag[0] === AUDIO && tag[12] === 0) configuration = tag;
    else if (tag[0] === AUDIO && isLate) {
      if (configuration) parts.push(configuration);
      configuration = null;
      parts.push(tag);
    } else if (tag[0] === VIDEO) parts.push(tag);
  }
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  parts.reduce((at, part) => (whole.set(part, at), at + part.length), 0);
  return whole;
}

/** More bytes than avio keeps of a source that can't seek. */
const FAR = 5 * 1024 * 1024;

/** An mp4 that has its index at the end, after a long empty box. */
export function withIndexFarBehind(mp4: Bytes): Bytes {
  const view = new DataView(mp4.buffer, mp4.byteOffset, mp4.length);
  let place = 0;
  while (String.fromCharCode(...mp4.subarray(place + 4, place + 8)) !== "moov") {
    place += view.getUint32(place);
  }
  const bytes = new Uint8Array(mp4.length + FAR);
  bytes.set(mp4.subarray(0, place));
  new DataView(bytes.buffer).setUint32(place, FAR);
  bytes.set(new TextEncoder().encode("free"), place + 4);
  bytes.set(mp4.subarray(place), place + FAR);
  return bytes;
}
