/**
 * Runs in a separate process, under strace if there is one: goes through hostile.ts in every way that the API has, without
 * `onopen` and with one that allows nothing, and prints the outcomes. Its argument is the Canary, as JSON.
 *
 * Names in `/avio-case/` separate the cases in the trace: system calls between two names belong to the first.
 */
import {
  Demuxer,
  MemorySink,
  Muxer,
  type MuxerOptions,
  type OpenCallback,
  type Packet,
  probe,
  probeSync,
  remux,
  remuxSync,
  type Stream,
} from "@avio/avio";
import { fixtureBytes } from "./fixtures.ts";
import { type Canary, type Hostile, hostile } from "./hostile.ts";

/** The outcome of one case, in one way. */
export interface Outcome {
  name: string;
  how: string;
  /** Class of the error; "" if there was none. */
  error: string;
  message: string;
  /** The URLs for which `onopen` was called; null if there was no `onopen`. */
  asked: string[] | null;
}

type Work = (onopen: { onopen?: OpenCallback }) => unknown;

function readings({ source, options }: NonNullable<Hostile["read"]>): Record<string, Work> {
  const into = { format: "matroska" };
  return {
    probeSync: (onopen) => probeSync(source, { ...options, ...onopen }),
    probe: (onopen) => probe(source, { ...options, ...onopen }),
    remuxSync: (onopen) => remuxSync(source, new MemorySink(), { ...into, input: { ...options, ...onopen } }),
    remux: (onopen) => remux(source, new MemorySink(), { ...into, input: { ...options, ...onopen } }),
    "Demuxer.openSync": (onopen) => {
      using demuxer = Demuxer.openSync(source, { ...options, ...onopen });
      while (demuxer.readSync());
    },
    "Demuxer.open": async (onopen) => {
      await using demuxer = await Demuxer.open(source, { ...options, ...onopen });
      while (await demuxer.read());
    },
  };
}

interface Media {
  streams: readonly Stream[];
  packets: Packet[];
}

function mediaOf(name: string): Media {
  const demuxer = Demuxer.openSync(fixtureBytes(name));
  return { streams: demuxer.streams, packets: [...demuxer.packetsSync()] };
}

const media = { video: mediaOf("video.ts"), picture: mediaOf("image.png") };

function writings({ media: kind = "video", options }: NonNullable<Hostile["write"]>): Record<string, Work> {
  const { streams, packets } = media[kind];
  const name = kind === "video" ? "video.ts" : "image.png";
  return {
    "Muxer.openSync": (onopen) => {
      using muxer = Muxer.openSync(new MemorySink(), { ...options, ...onopen });
      for (const stream of streams) muxer.addStream(stream);
      for (const packet of packets) muxer.writeSync(packet);
      muxer.finishSync();
    },
    "Muxer.open": async (onopen) => {
      await using muxer = await Muxer.open(new MemorySink(), { ...options, ...onopen });
      for (const stream of streams) muxer.addStream(stream);
      for (const packet of packets) await muxer.write(packet);
      await muxer.finish();
    },
    remuxSync: (onopen) => remuxSync(fixtureBytes(name), new MemorySink(), { ...options, ...onopen }),
    remux: (onopen) => remux(fixtureBytes(name), new MemorySink(), { ...options, ...onopen } as MuxerOptions),
  };
}

async function outcome(name: string, how: string, work: Work, asked: string[] | null): Promise<Outcome> {
  const onopen: OpenCallback = ({ url }) => {
    asked!.push(url.slice(0, 300));
    return null;
  };
  try {
    await work(asked ? { onopen } : {});
    return { name, how, error: "", message: "", asked };
  } catch (thrown) {
    const { message, constructor } = thrown as Error;
    return { name, how, error: constructor.name, message, asked };
  }
}

/** Leaves a mark in the trace. */
function mark(name: string): void {
  try {
    Deno.statSync(`/avio-case/${name}`);
  } catch {
    // the file does not exist
  }
}

async function run(canary: Canary): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const { name, read, write } of hostile(canary)) {
    const works = read ? readings(read) : writings(write!);
    mark(name);
    for (const [how, work] of Object.entries(works)) {
      outcomes.push(await outcome(name, how, work, null));
      outcomes.push(await outcome(name, `${how}, onopen`, work, []));
    }
  }
  mark("");
  return outcomes;
}

if (import.meta.main) {
  const canary: Canary = JSON.parse(Deno.args[0]!);
  await probe(fixtureBytes("audio.wav"));
  console.log(JSON.stringify(await run(canary)));
}
