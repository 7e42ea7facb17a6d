/**
 * What `--help` and `--version` say.
 */
import { versions } from "../mod.ts";

/** Names of the commands. */
export type CommandName = "probe" | "packets" | "remux" | "formats";

/** `avio --help` */
export const overview = `\
avio: look into media files, and move them from one container into another

Usage: avio COMMAND ...

Commands:
  probe FILE       what a file is: format, duration, streams, chapters, tags
  packets FILE     a line for each packet
  remux IN OUT     into another container, without encoding; whole or cut
  formats          the containers that can be read and written

  avio COMMAND --help says more. A FILE that is '-' is stdin or stdout.

Flags:
  -h, --help       this text
  -V, --version    versions of avio and FFmpeg

Exit codes: 0 done, 1 media or I/O error, 2 wrong usage`;

/** `avio COMMAND --help` */
export const help: Readonly<Record<CommandName, string>> = {
  probe: `\
Usage: avio probe FILE [--json]

Says what a file is: format, duration, size, bit rate, tags, streams, chapters.
FILE is a path, or '-' for stdin.

Flags:
  --json           everything there is, as JSON; bytes (extradata, side data)
                   as base64
  -h, --help       this text`,

  packets: `\
Usage: avio packets FILE [--json]

Writes a line for each packet: stream, pts, dts and duration in seconds, size,
flags (K key frame, D to be discarded, C corrupt) and byte position.
FILE is a path, or '-' for stdin.

Flags:
  --json           a JSON object on each line; timestamps in units of timeBase
  -h, --help       this text`,

  remux: `\
Usage: avio remux IN OUT [flags]

Moves the streams of IN into another container, without decoding or encoding.
IN and OUT are paths, or '-' for stdin and stdout. OUT is overwritten, unless it
is IN. Streams that the format of OUT can't hold are left out. A playlist may
open what is in its own folder or on its own server, hls and its like write
their files beside OUT.

Flags:
  -f, --format NAME       format of OUT (avio formats --outputs); without it the
                          one that OUT's extension tells
  -o, --option KEY=VALUE  option of the output format; again for more of them
  --start TIME            begin with the last key frame at or before TIME
  --end TIME              leave out what is at TIME and later
  --only TYPE             keep only video, audio, subtitle, data or attachment
                          streams; again for more types
  -q, --quiet             no progress, and no report at the end
  -h, --help              this text

TIME is seconds (90, 12.5) or h:mm:ss(.mmm) (0:01:30).

mp4 and mov to stdout are written in fragments, as if by
  -o movflags=frag_keyframe+empty_moov+default_base_moof
unless you give movflags of your own.

Examples:
  avio remux talk.mp4 talk.mkv
  avio remux film.mkv clip.mp4 --start 0:10:00 --end 0:11:30
  avio remux https://example.com/clip.mkv clip.mp4`,

  formats: `\
Usage: avio formats [--inputs] [--outputs] [--json]

Lists the containers that can be read (D) and written (E).

Flags:
  --inputs         only those that can be read
  --outputs        only those that can be written
  --json           as a JSON array
  -h, --help       this text`,
};

/** `avio --version` */
export function versionText(): string[] {
  const { avio, ffmpeg, libavformat, libavcodec, libavutil, license, build } = versions();
  return [
    `avio ${avio}`,
    `FFmpeg ${ffmpeg} (${build}, ${license})`,
    `libavformat ${libavformat}  libavcodec ${libavcodec}  libavutil ${libavutil}`,
  ];
}
