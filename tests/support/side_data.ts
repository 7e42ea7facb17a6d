/**
 * Side data of streams as bytes of FFmpeg's structs, and files that contain it.
 */
import { Demuxer, MemorySink, Muxer, type SideData } from "@avio/avio";
import { fixturePath } from "./fixtures.ts";

/** 32-bit numbers as bytes of FFmpeg's structs. */
const int32 = (...values: number[]) => new Uint8Array(Int32Array.from(values).buffer);

/** Mastering display and content light level. */
export const hdr: SideData[] = [
  {
    type: "Mastering display metadata", // BT.2020, from 0.0001 to 1000 nits
    data: int32(
      ...[35400, 50000, 14600, 50000, 8500, 50000, 39850, 50000, 6550, 50000, 2300, 50000],
      ...[15635, 50000, 16450, 50000, 1, 10000, 10_000_000, 10000, 1, 1],
    ),
  },
  { type: "Content light level metadata", data: int32(1000, 400) },
];

/** Stereo 3D and spherical mapping. */
export const places: SideData[] = [
  { type: "Stereo 3D", data: int32(1, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0) }, // the size in FFmpeg 7.1
  { type: "Spherical Mapping", data: int32(0, 45 * 65536, -30 * 65536, 0, 0, 0, 0, 0, 0) },
];

/** Profile 8.1, level 6. */
export const dolbyVision: SideData = {
  type: "DOVI configuration record",
  data: new Uint8Array([1, 0, 8, 6, 1, 0, 1, 1, 0, 0, 0, 0]),
};

/** The video of video.mp4 with this side data, in a file of this format. */
export function withSideData(format: string, sideData: SideData[]): Uint8Array<ArrayBuffer> {
  using demuxer = Demuxer.openSync(fixturePath("video.mp4"));
  const sink = new MemorySink();
  using muxer = Muxer.openSync(sink, { format, options: { strict: "unofficial" } });
  muxer.addStream(demuxer.streams[0]!, { sideData });
  for (const packet of demuxer.packetsSync()) if (packet.streamIndex === 0) muxer.writeSync(packet);
  muxer.finishSync();
  return sink.bytes();
}

/** The `argument` of an error. */
export function argumentOf(error: unknown): unknown {
  return (error as { argument?: unknown }).argument;
}
