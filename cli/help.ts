/**
 * The texts of `--help`, `help TOPIC` and `--version`. `completions.ts` takes the names of flags from them.
 */
import { versions } from "../mod.ts";

/** Names of the commands. */
export type CommandName =
  | "probe"
  | "packets"
  | "remux"
  | "split"
  | "concat"
  | "merge"
  | "extract"
  | "rewrite"
  | "formats";

/** `avio --help` */
export const overview = `\
avio: inspect media files, and move them from one container into another

Usage: avio COMMAND ...

Commands:
  probe FILE...     what is in a file: format, duration, streams, chapters, tags
  packets FILE      a line for each packet
  remux IN OUT      into another container, without encoding; whole or cut
  split IN OUT      into several files, each of which begins with a key frame
  concat IN... OUT  several files one after the other in one
  merge IN... OUT   tracks of several files combined in one
  extract IN OUT    a stream, an attachment or the cover as a file
  rewrite FILE      tags, dispositions, covers of a file, changed in place
  formats [NAME]    the containers that can be read and written, or one format
                    with its options
  help TOPIC        a command, or: input, output, streams, times, exit-codes
  completions SHELL a script that completes commands and flags in bash, zsh or
                    fish

  avio COMMAND --help lists its flags. A FILE that is '-' is stdin or stdout.

Flags:
  -h, --help        this text
  -V, --version     versions of avio and FFmpeg

Exit codes: 0 done, 1 media or I/O error, 2 wrong usage, 3 done, with losses`;

/** Flags of all commands that read media. */
const READING = `\
Flags about IN:
  --input-format NAME           its format, if FFmpeg does not detect it
  --formats NAME,NAME           try only these; upload: formats of usual uploads
  -i, --input-option KEY=VALUE  option of its format (avio formats NAME)
  --probe-size BYTES            to read to detect the format (5000000)
  --analyze-duration SECONDS    of media to read to analyze the streams (5)
  --no-stream-info              open only, without analyzing the streams
  --strict                      warnings are errors: IN is damaged or cut off, a
                                part of it is missing, a stream can't be written
  --max-streams N               streams it may have (1000)
  --max-packet-size BYTES       a larger packet is an error (268435456)
  --max-open-size BYTES         that may be read to open it (268435456)
  --max-memory BYTES            that FFmpeg may allocate for it (1073741824)
  --buffer-size BYTES           of each read, and of each write (65536)
  --header 'Name: value'        of requests to IN's host; repeatable
  --retries N                   after a broken HTTP connection, 429, 5xx (3)
  --timeout SECONDS             that one read or write may take`;

/** Flags of the commands that copy streams. */
const CHOOSING = `\
Flags about streams:
  --only TYPE               keep only video, audio, subtitle, data or attachment
                            streams; repeatable
  --streams N,N             keep only streams with these numbers (avio probe),
                            in this order; --only adds those of its types at
                            the end
  --stream-metadata N:KEY=VALUE
                            a tag (language, title) of stream N, or of all
                            streams of a TYPE; KEY= removes it; repeatable
  --disposition N=ROLE+ROLE
                            disposition of a stream (default, forced); N= none
  --codec-tag N=TAG         its fourcc: video=hvc1
  --stream-id N=ID          its number in the container: 0=0x100
  --filter TYPE=FILTER      FFmpeg's bitstream filters for streams of a type, or
                            N=FILTER for one stream:
                            --filter video=h264_metadata=level=4.1
  --start TIME              begin with the last key frame at or before TIME;
                            its time is printed before OUT is written
  --end TIME                leave out what is at TIME and later
  --timestamps zero|keep    begin with 0 (default), or keep the times of IN`;

const WRITING = `\
Flags about OUT:
  -f, --format NAME         its format (avio formats --outputs); by default the
                            one of its extension
  -o, --option KEY=VALUE    option of its format (avio formats NAME); repeatable
  --experimental            allow what FFmpeg calls experimental (its -strict
                            experimental): TrueHD in mp4, for example
  --metadata KEY=VALUE      a tag of the file (title, artist), KEY= removes it;
                            repeatable
  --no-metadata             without the tags of IN
  --no-coalesce             write each packet at once, not in larger pieces`;

const QUIET = `\
  -n, --no-overwrite        an error if OUT exists
  -y, --overwrite           overwrite OUT (default)
  -q, --quiet               no progress, and no report at the end; warnings are
                            still printed
  -v, --verbose             with FFmpeg's log, and its line behind each warning
  -h, --help                this text`;

const TIME = "TIME is seconds (90, 12.5) or h:mm:ss(.mmm) (0:01:30).";

/** `avio COMMAND --help` */
export const help: Readonly<Record<CommandName, string>> = {
  probe: `\
Usage: avio probe FILE... [--json | --media-info] [flags]

Prints what is in a file: format, duration, size, bit rate, tags, streams,
chapters, programs. FILE is a path, an http URL, or '-' for stdin. With several
files, JSON is an array, and one that can't be read is reported on stderr.

Flags:
  --json           as JSON with the field names of ffprobe, and codec_string
                   (RFC 6381)
  --media-info     as JSON, the library's MediaInfo: bytes (extradata, side
                   data) as base64, times as numbers
  -v, --verbose    with FFmpeg's log on stderr, and its line behind each warning
  -h, --help       this text

${READING.replace("IN:", "FILE:")}`,

  packets: `\
Usage: avio packets FILE [--json] [flags]

Writes a line for each packet: stream, pts, dts and duration in seconds, size,
flags (K key frame, D to be discarded, C corrupt) and byte position.
FILE is a path, an http URL, or '-' for stdin.

Flags:
  --json           a JSON object on each line; timestamps in units of timeBase
  -h, --help       this text

${READING.replace("IN:", "FILE:")}`,

  remux: `\
Usage: avio remux IN OUT [flags]

Moves the streams of IN into another container, without decoding or encoding.
IN and OUT are paths, or '-' for stdin and stdout. OUT is overwritten, unless it
is IN. Streams that the format of OUT can't hold are left out. A playlist may
open files in its own folder or on its own server. Formats of several files,
such as hls, write them beside OUT.

  --range TIME-TIME         keep only this range; repeatable for several ranges

${WRITING}
  --no-chapters             without the chapters of IN
${QUIET}

${CHOOSING}

${READING}

${TIME}

mp4 and mov to stdout are written in fragments, as if by
  -o movflags=frag_keyframe+empty_moov+default_base_moof
unless you give movflags of your own.

Examples:
  avio remux talk.mp4 talk.mkv
  avio remux film.mkv clip.mp4 --start 0:10:00 --end 0:11:30
  avio remux https://example.com/clip.mkv clip.mp4`,

  split: `\
Usage: avio split IN OUT (--every TIME | --at TIME,TIME | --count N | --size N)
                  [flags]

Writes IN as several files, without decoding or encoding. Each begins with a key
frame. OUT is a name with %d for the number of the file, counted from 0, or %03d
for a number of three digits. Existing files with these names are overwritten,
except IN.

Flags; a new file begins with the next key frame:
  --every TIME              a new file after each TIME
  --at TIME,TIME            new files at these times, or --at chapters
  --count N                 N files of about the same length
  --size N                  a new file after N bytes of packets
  --keep-times              timestamps continue from file to file, instead of
                            beginning with 0 in each

${WRITING}
${QUIET}

${CHOOSING}

${READING}

${TIME}

Example:
  avio split film.mkv part%03d.mp4 --every 0:10:00`,

  concat: `\
Usage: avio concat IN... OUT [flags]

Writes several files one after the other into one, without decoding or encoding.
They must have the same streams, with the same codecs. OUT is a path, or '-' for
stdout. It is overwritten, unless it is one of IN. Tags are those of the first,
TIME is counted from its beginning. Chapters are those of all in mp4, mov and
mkv, of the first in other formats.

${WRITING}
  --no-chapters             without the chapters of IN
${QUIET}

${CHOOSING}

${READING}

${TIME}

Example:
  avio concat part000.mp4 part001.mp4 whole.mp4`,

  merge: `\
Usage: avio merge IN... OUT [flags]

Combines tracks of several files in one, without decoding or encoding: for
example video of one, audio of another and subtitles of a third. OUT is
a path, or '-' for stdout. It is overwritten, unless it is one of IN. The times
of each file begin with 0, except of a file of which only subtitles are kept.
Tags are those of the first file, chapters those of the first that has any.

Flags about tracks: F is the number of a file, counted from 0; N is the number
of a track in it, or a type (video, audio, subtitle, data, attachment).
  --pick F:N                keep only this track of the file; repeatable, in the
                            order in which OUT is to have them
  --language F:N=CODE       its language: 1:audio=fra
  --title F:N=TEXT          its title
  --disposition F:N=ROLE+ROLE
                            its disposition (default, forced); F:N= none
  --delay F:N=SECONDS       delay a track, or with F=SECONDS the whole file; a
                            negative number makes it earlier
Other flags:
  --cover FILE              add a picture as cover; repeatable
  --attach FILE             attach a font or another file (mkv); repeatable
  --chapters FILE           chapters of this file: media, or FFmpeg's metadata
                            format (;FFMETADATA1)
  --no-chapters             without chapters
  --start TIME              begin with the last key frame at or before TIME;
                            its time is printed before OUT is written
  --end TIME                leave out what is at TIME and later
  --timestamps zero|keep    begin with 0 (default), or keep the times of each IN

${WRITING}
${QUIET}

${READING}

${TIME}

Examples:
  avio merge film.mp4 french.m4a film.srt film.mkv --pick 0:video \\
    --pick 1:audio --pick 2:0 --language 1:audio=fra --delay 2=0.5
  avio merge song.flac song.mp3 --cover front.jpg`,

  extract: `\
Usage: avio extract IN OUT (--stream N | --attachment N | --cover | --all)

Copies a part of IN, without decoding or encoding. N is the number that
avio probe prints. OUT is a path, or '-' for stdout.

Flags:
  --stream N                one stream; the extension of OUT chooses the format:
                            .h264, .aac, .mp3, .flac, .mka, or .srt, .ass, .vtt
                            for subtitles of that kind
  --attachment N            an attached file (a font, a text), byte for byte
  --cover                   the cover, byte for byte
  --all                     all attached files and covers, with their own names
                            in the folder OUT; nothing is overwritten
  -f, --format NAME         with --stream: the format of OUT; 'data' is the raw
                            packets, one after the other
  -o, --option KEY=VALUE    with --stream: option of the format; repeatable
  --no-coalesce             with --stream: write each packet at once
  -n, --no-overwrite        an error if OUT exists
  -y, --overwrite           overwrite OUT (default)
  -q, --quiet               no progress, and no report at the end
  -v, --verbose             with FFmpeg's log, and its line behind each warning
  -h, --help                this text

${READING}

Examples:
  avio extract film.mkv film.srt --stream 2
  avio extract song.mp3 cover.jpg --cover
  avio extract film.mkv fonts --all`,

  rewrite: `\
Usage: avio rewrite FILE [flags]

Changes tags, dispositions, covers or chapters of FILE in place, without
decoding or encoding; mp4 and mov get their index in front (faststart), also
without another flag. The new file is written beside FILE, read again and
compared, and then takes its place, with its permissions. After an error or
Ctrl-C FILE is as it was. What would be lost is an error, too: a stream, tag or
disposition that the format can't keep, damage, packets left out; so is another
hard link to FILE, which keeps the old file.

Flags:
  --metadata KEY=VALUE      a tag of the file (title, artist), KEY= removes it;
                            repeatable
  --no-metadata             without the tags of FILE
  --stream-metadata N:KEY=VALUE
                            a tag (language, title) of stream N, or of all
                            streams of a TYPE; KEY= removes it; repeatable
  --disposition N=ROLE+ROLE
                            disposition of a stream (default, forced); N= none
  --cover FILE              this picture instead of the covers of FILE;
                            repeatable
  --no-cover                without covers
  --chapters FILE           chapters of this file: media, or FFmpeg's metadata
                            format (;FFMETADATA1)
  --no-chapters             without chapters
  --codec-tag N=TAG         the fourcc of a stream: video=hvc1
  --stream-id N=ID          its number in the container: 0=0x100
  --filter TYPE=FILTER      FFmpeg's bitstream filters for streams of a type, or
                            N=FILTER for one stream
  -f, --format NAME         its format, if its extension is of another format
  -o, --option KEY=VALUE    option of its format (avio formats NAME); repeatable
  --experimental            allow what FFmpeg calls experimental
  -n, --dry-run             do everything but replace FILE
  -y, --yes                 replace FILE even if something is lost: exit code 3
  -q, --quiet               no progress, and no report at the end; warnings are
                            still printed
  -v, --verbose             with FFmpeg's log, and its line behind each warning
  -h, --help                this text

${READING.replace("IN:", "FILE:")}

Examples:
  avio rewrite film.mp4
  avio rewrite song.mp3 --metadata title=Song --cover front.jpg
  avio rewrite film.mkv --stream-metadata 1:language=fra --disposition 1=default`,

  formats: `\
Usage: avio formats [NAME] [--inputs] [--outputs] [--all] [--json]

Lists the containers that can be read (D) and written (E). With NAME, describes
that format and its options for -i (reading) and -o (writing).

Flags:
  --inputs         only those that can be read
  --outputs        only those that can be written
  --all            with NAME: also the options of all formats
  --json           as JSON
  -h, --help       this text

Example:
  avio formats mp4 --outputs`,
};

/** `avio help TOPIC`, for topics that are not commands. */
export const topics: Readonly<Record<string, string>> = {
  input: READING,
  output: WRITING,
  streams: CHOOSING,
  times: `\
${TIME}

--start begins with the last key frame at or before TIME: without encoding,
only a key frame can be the first picture. --end leaves out what is shown at
TIME and later. The output begins with 0; --timestamps keep keeps the times of
IN.`,
  completions: `\
Usage: avio completions bash | zsh | fish

Prints a script that completes commands and flags. Its first line says where the
shell looks for it:

  avio completions bash >> ~/.local/share/bash-completion/completions/avio
  avio completions zsh > "\${fpath[1]}/_avio"
  avio completions fish > ~/.config/fish/completions/avio.fish`,
  "exit-codes": `\
0  done
1  media or I/O error, which is printed on stderr
2  wrong usage
3  done, with losses: IN is damaged or cut off, or packets or streams were left
   out; each loss is printed on stderr. Corrected times are no loss. With
   --strict a loss is an error (1)
130  stopped by Ctrl-C (143: by SIGTERM): OUT is finished with what had been
   read. After a second signal, or if IN is stalled, an unfinished OUT is kept
   only if it can be read`,
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
