/**
 * The works done with node-av, on Node: libav* as a native addon. A packet's data is copied out of FFmpeg's memory
 * when the property is read.
 */
import { rmSync } from "node:fs";
import { peer, repeat, Seen } from "./repeat.mjs";

const { Demuxer, Muxer } = await peer("node-av/dist/index.js");

async function open(source) {
  const demuxer = await Demuxer.open(source);
  const seen = `0 packets, ${demuxer.streams.length}`;
  await demuxer.close();
  return seen;
}

async function demux(source) {
  const demuxer = await Demuxer.open(source);
  const seen = new Seen();
  for await (const packet of demuxer.packets()) {
    if (!packet) continue; // null: the end
    seen.add(packet.data);
    packet.free();
  }
  await demuxer.close();
  return seen;
}

async function remux(path) {
  const output = `${path}.peer.mkv`;
  const demuxer = await Demuxer.open(path);
  const muxer = await Muxer.open(output, { format: "matroska" });
  const streams = demuxer.streams.map((stream) => {
    const index = muxer.addStream(stream);
    muxer.getStream(index).codecpar.codecTag = 0; // Matroska refuses mp4's tag
    return index;
  });
  let packets = 0;
  for await (const packet of demuxer.packets()) {
    if (!packet) continue;
    await muxer.writePacket(packet, streams[packet.streamIndex]);
    packet.free();
    packets++;
  }
  await muxer.close();
  await demuxer.close();
  rmSync(output);
  return `${packets} packets, 0`;
}

await repeat({
  "demux-bytes": ({ file }) => demux(Buffer.from(file.buffer)),
  "demux-path": ({ path }) => demux(path),
  "remux-file": ({ path }) => remux(path),
  "probe": ({ file }) => open(Buffer.from(file.buffer)),
  "probe-path": ({ path }) => open(path),
});
