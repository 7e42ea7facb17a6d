/**
 * The works done with libav.js, on Node: FFmpeg as WebAssembly, in the variant that has mp4 and Matroska. It reads
 * files from a virtual folder in memory, to which bytes are added without a copy.
 */
import { peer, repeat, Seen } from "./repeat.mjs";

const factory = await peer("libav.js/dist/libav-6.10.9.0-webcodecs.mjs");
const libav = await factory.default.LibAV({ noworker: true });
/** Bytes that are read at a time. */
const BATCH = 1024 * 1024;

async function withFile(file, work) {
  await libav.mkreadaheadfile("input", new Blob([file]));
  const [context, streams] = await libav.ff_init_demuxer_file("input");
  const seen = await work(context, streams);
  await libav.avformat_close_input_js(context);
  await libav.unlinkreadaheadfile("input");
  return seen;
}

async function readPackets(context) {
  const seen = new Seen();
  const packet = await libav.av_packet_alloc();
  for (let result = -libav.EAGAIN; result === -libav.EAGAIN;) {
    const [next, packets] = await libav.ff_read_frame_multi(context, packet, { limit: BATCH, unify: true });
    for (const { data } of packets[0] ?? []) seen.add(data);
    result = next;
  }
  await libav.av_packet_free_js(packet);
  return seen;
}

await repeat({
  "demux-bytes": ({ file }) => withFile(file, readPackets),
  "probe": ({ file }) => withFile(file, (_context, streams) => `0 packets, ${streams.length}`),
});
