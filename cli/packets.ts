/**
 * `avio packets`: prints a line for each packet while reading. Memory use does not grow with the file.
 */
import { Demuxer, type DemuxerOptions, type Packet } from "../mod.ts";
import { terminal } from "./console.ts";
import { inputSource, needsAsync } from "./input.ts";
import { besideInput } from "./nested.ts";
import { checkNotPrintedInto } from "./output_checks.ts";
import { LineWriter, STANDARD } from "./streams.ts";
import { json } from "./text.ts";

/** Runs the command. */
export async function packets(
  file: string,
  options: { json: boolean },
  input: DemuxerOptions,
): Promise<void> {
  checkNotPrintedInto([file]);
  const source = inputSource(file, input);
  const reading = besideInput(file, input);
  const isAsync = needsAsync(file, input);
  using demuxer = isAsync ? await Demuxer.open(source, reading) : Demuxer.openSync(source, reading);
  const format = options.json ? jsonLine : textLine;
  // On a terminal, and with stdin, which may be slow, each line is printed at once.
  const isBuffered = file !== STANDARD && !terminal.stdout.isTerminal();
  const out = new LineWriter({ isBuffered });
  try {
    const all = isAsync ? demuxer.packets() : demuxer.packetsSync();
    for await (const packet of all) out.write(format(packet));
  } finally {
    out.flush();
  }
}

/** `0  pts 0.133333  dts 0.000000  dur 0.016667  15034 B  K__  pos 1192`; 80 columns for two hours and 9 GB. */
function textLine(packet: Packet): string {
  const { timeBase: { num, den }, pts, dts, duration, pos } = packet;
  const seconds = (ticks: number | null) => ticks === null ? "-" : (ticks * num / den).toFixed(6);
  return [
    String(packet.streamIndex),
    `pts ${seconds(pts).padStart(11)}`,
    `dts ${seconds(dts).padStart(11)}`,
    `dur ${seconds(duration)}`,
    `${String(packet.data.length).padStart(6)} B`,
    flags(packet),
    `pos ${pos ?? "-"}`,
  ].join("  ");
}

/** Key frame, to be discarded, corrupt: as ffprobe prints them. */
function flags({ isKey, isCorrupt, isDiscard }: Packet): string {
  return (isKey ? "K" : "_") + (isDiscard ? "D" : "_") + (isCorrupt ? "C" : "_");
}

/** The fields of a Packet, with sizes instead of bytes. */
function jsonLine(packet: Packet): string {
  const { streamIndex, pts, dts, duration, timeBase, time, isKey, isCorrupt, isDiscard, pos } = packet;
  const size = packet.data.length;
  const sideData = packet.sideData.map(({ type, data }) => ({ type, size: data.length }));
  return json({
    streamIndex,
    pts,
    dts,
    duration,
    timeBase,
    time,
    size,
    isKey,
    isCorrupt,
    isDiscard,
    pos,
    sideData,
  });
}
