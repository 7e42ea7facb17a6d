/**
 * Names of channels in MPEG-TS (shim/dvb_text.c): the character sets of EN 300 468, converted to UTF-8. The stream is a
 * fixture with a service table that the test makes.
 */
import { assertEquals } from "@std/assert";
import { probe } from "@avio/avio";
import { fixtureBytes } from "./support/fixtures.ts";
import { isEmbedded } from "./support/versions.ts";

function crc32(bytes: readonly number[]): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x80000000 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  }
  return crc >>> 0;
}

/** A packet with a service description table: one service, program 1, of that name. */
function servicePacket(name: readonly number[]): Uint8Array {
  const descriptor = [0x48, 3 + name.length, 1, 0, name.length, ...name];
  const service = [0, 1, 0xfc, 0x80, descriptor.length, ...descriptor];
  const body = [0, 1, 0xc1, 0, 0, 0xff, 1, 0xff, ...service];
  const section = [0x42, 0xf0, body.length + 4, ...body];
  const crc = crc32(section);
  const bytes = [
    0x47,
    0x40,
    0x11,
    0x10,
    0,
    ...section,
    crc >>> 24,
    (crc >>> 16) & 255,
    (crc >>> 8) & 255,
    crc & 255,
  ];
  return Uint8Array.from({ length: 188 }, (_, at) => bytes[at] ?? 0xff);
}

/** The fixture, with that table in the place of its own. */
function withService(name: readonly number[]): Uint8Array<ArrayBuffer> {
  const bytes = fixtureBytes("video.ts").slice();
  for (let at = 0; at < bytes.length; at += 188) {
    const pid = (bytes[at + 1]! & 0x1f) << 8 | bytes[at + 2]!;
    if (pid === 0x11) bytes.set(servicePacket(name), at);
  }
  return bytes;
}

async function nameOf(...name: readonly number[]): Promise<string | undefined> {
  const { programs } = await probe(withService(name));
  return programs[0]?.metadata.service_name;
}

const text = (characters: string) => Array.from(characters, (character) => character.charCodeAt(0));

Deno.test("Names of channels: without a prefix they are ISO 6937", async () => {
  assertEquals(await nameOf(...text("Das Erste HD")), "Das Erste HD");
  assertEquals(await nameOf(0xc2, 0x65, 0x74, 0xc2, 0x65), "été");
  assertEquals(await nameOf(0xc8, 0x75, 0xfb, 0xcf, 0x73), "üßš");
});

Deno.test("Names of channels: parts of ISO 8859, by both kinds of prefix", async () => {
  assertEquals(await nameOf(0x01, 0xbf, 0xd5, 0xe0, 0xd2, 0xeb, 0xd9), "Первый");
  assertEquals(await nameOf(0x03, 0xc5, 0xd1, 0xd4), "ΕΡΤ");
  assertEquals(await nameOf(0x10, 0x00, 0x01, 0xe9, 0x74, 0xe9), "été");
  assertEquals(await nameOf(0x10, 0x00, 0x02, 0xb5, 0xf3, 0xbf), "ľóż");
  assertEquals(await nameOf(0x10, 0x00, 0x0f, 0xa4), "€");
});

Deno.test("Names of channels: UTF-16 and UTF-8", async () => {
  assertEquals(await nameOf(0x11, 0x65, 0xe5, 0x67, 0x2c), "日本");
  assertEquals(await nameOf(0x15, ...new TextEncoder().encode("Телеканал 日本 😀")), "Телеканал 日本 😀");
});

Deno.test({
  name: "Names of channels: emphasis is dropped, control codes too, a line ends with a newline",
  ignore: !isEmbedded,
  fn: async () => {
    assertEquals(await nameOf(0x86, ...text("Film"), 0x87, 0x8a, ...text("Eins")), "Film\nEins");
    assertEquals(await nameOf(0x10, 0x00, 0x01, ...text("a"), 0x1b, 0x9b, ...text("31m")), "a31m");
    assertEquals(await nameOf(0x11, 0xe0, 0x86, 0, 0x41, 0xe0, 0x87), "A");
  },
});

Deno.test({
  name: "Names of channels: invalid bytes are kept, and nothing is read past the end",
  ignore: !isEmbedded,
  fn: async () => {
    for (
      const name of [
        [0x11, 0x65],
        [0x10],
        [0x10, 0],
        [0x10, 0, 0x0c, 65],
        [0x1f, 65],
        [0x11, 0xd8, 0, 0xdc, 0],
        [0xc1],
        [0x15],
      ]
    ) {
      const found = await nameOf(...name);
      assertEquals(typeof (found ?? ""), "string");
    }
    assertEquals(await nameOf(0x01, 0x41), "A");
    assertEquals(await nameOf(0xc1, 0x41), "À");
    assertEquals(await nameOf(0xc1, 0x62), "b\u0300");
  },
});
