/**
 * The works done with mediabunny, on Deno. Packets are read track by track, as in its documentation: the same packets, in
 * another order.
 */
import { peer, repeat, Seen } from "./repeat.mjs";

const mediabunny = await peer("mediabunny/dist/modules/src/index.js");
const { ALL_FORMATS, BufferSource, BufferTarget, EncodedPacketSink, FilePathSource, Input } = mediabunny;
const { EncodedAudioPacketSource, EncodedVideoPacketSource, MkvOutputFormat, Output } = mediabunny;

const open = (source) => new Input({ formats: ALL_FORMATS, source });

/** The fields of avio's probe() that mediabunny has. */
async function describe(source) {
  using input = open(source);
  const tracks = await input.getTracks();
  await Promise.all([input.getMimeType(), input.computeDuration(), input.getMetadataTags()]);
  await Promise.all(tracks.map((track) => track.getCodecParameterString()));
  return `0 packets, ${tracks.length}`;
}

async function demux(source) {
  using input = open(source);
  const seen = new Seen();
  for (const track of await input.getTracks()) {
    for await (const packet of new EncodedPacketSink(track).packets()) seen.add(packet.data);
  }
  return seen;
}

/** Copies packets one by one: its Conversion would decode streams that it can't copy. */
async function remux(source) {
  using input = open(source);
  const output = new Output({ format: new MkvOutputFormat(), target: new BufferTarget() });
  const seen = new Seen();
  const copies = [];
  for (const track of await input.getTracks()) {
    const isVideo = track.isVideoTrack();
    const codec = await track.getCodec();
    const sink = isVideo ? new EncodedVideoPacketSource(codec) : new EncodedAudioPacketSource(codec);
    if (isVideo) output.addVideoTrack(sink);
    else output.addAudioTrack(sink);
    copies.push(async () => {
      let config = { decoderConfig: await track.getDecoderConfig() };
      for await (const packet of new EncodedPacketSink(track).packets()) {
        seen.packets++;
        await sink.add(packet, config);
        config = undefined;
      }
      sink.close();
    });
  }
  await output.start();
  await Promise.all(copies.map((copy) => copy()));
  await output.finalize();
  return `${seen.packets} packets, 0`;
}

await repeat({
  "demux-bytes": ({ file }) => demux(new BufferSource(file)),
  "demux-path": ({ path }) => demux(new FilePathSource(path)),
  "remux": ({ file }) => remux(new BufferSource(file)),
  "probe": ({ file }) => describe(new BufferSource(file)),
  "probe-path": ({ path }) => describe(new FilePathSource(path)),
});
