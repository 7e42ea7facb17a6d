/**
 * A new user: an empty folder, an empty home, empty caches, and a program that muxes, remuxes and probes in memory.
 */

/** The outcome of a command. */
export interface Outcome {
  success: boolean;
  stdout: string;
  stderr: string;
}

/** An empty home that is removed at the end. */
export class Newcomer implements Disposable {
  readonly home: string = Deno.makeTempDirSync({ prefix: "avio-newcomer-" });

  /** Runs a command there; of the environment it gets only PATH. */
  async run(command: string, args: string[], env: Record<string, string> = {}): Promise<Outcome> {
    const output = await new Deno.Command(command, {
      args,
      cwd: this.home,
      clearEnv: true,
      env: {
        PATH: Deno.env.get("PATH")!,
        HOME: this.home,
        NO_COLOR: "1",
        DENO_NO_UPDATE_CHECK: "1",
        // So that not every test compiles FFmpeg.
        AVIO_CACHE_DIR: Deno.env.get("AVIO_CACHE_DIR") ?? `${Deno.env.get("HOME")}/.cache/avio`,
        ...env,
      },
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
    return { success: output.success, stdout: text(output.stdout), stderr: text(output.stderr) };
  }

  /** The same, but the command must succeed; returns what it printed. */
  async runOk(command: string, args: string[], env?: Record<string, string>): Promise<string> {
    const { success, stdout, stderr } = await this.run(command, args, env);
    if (!success) throw new Error(`${command} ${args.join(" ")}\n${stdout}\n${stderr}`);
    return stdout;
  }

  write(name: string, content: string | Uint8Array): void {
    const path = `${this.home}/${name}`;
    if (typeof content === "string") Deno.writeTextFileSync(path, content);
    else Deno.writeFileSync(path, content);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.home, { recursive: true });
  }
}

/** A program that needs nothing but the library, and prints what it did and which library that was. */
export function programOf(specifier: string): string {
  return `
    import { MemorySink, Muxer, Packet, probe, remux, versions } from "${specifier}";

    const wav = new MemorySink();
    await using muxer = await Muxer.open(wav, { format: "wav" });
    muxer.addStream({ type: "audio", codec: "pcm_s16le", sampleRate: 8000, channels: 1 });
    const timeBase = { num: 1, den: 8000 };
    await muxer.write(new Packet({ streamIndex: 0, data: new Uint8Array(16000), pts: 0, dts: 0, timeBase }));
    await muxer.finish();
    const sink = new MemorySink();
    await remux(wav.bytes(), sink, { format: "matroska" });
    const { format, duration } = await probe(sink.bytes());
    console.log(JSON.stringify([format.name, duration, versions().library]));
  `;
}
