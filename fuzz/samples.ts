/**
 * The files that are mutated: all of fixtures/, and a small one of every other kind that the installed ffmpeg command, if
 * any, can make. They are made once per FOLDER and are never committed. As a program:
 * `deno run -A fuzz/samples.ts FOLDER SEEDS` also writes the first inputs of the coverage-guided fuzzer.
 */

import { bombs } from "./bombs.ts";

/** A file to mutate; `kind` is its extension. */
export interface Sample {
  name: string;
  kind: string;
  bytes: Uint8Array<ArrayBuffer>;
}

const fixtures = new URL("../fixtures/", import.meta.url).pathname;

const PICTURE = "-f lavfi -i testsrc=size=64x48:rate=10:duration=0.6";
const TONE = "-f lavfi -i sine=frequency=440:sample_rate=8000:duration=0.6";
const TONE48 = "-f lavfi -i sine=frequency=440:sample_rate=48000:duration=0.4";
const BOTH = `${PICTURE} ${TONE48}`;
const H264 = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 4 -bf 2";
const MPEG2 = "-c:v mpeg2video -b:v 100k -r 25";

/** Name of the file, then the arguments of ffmpeg; kinds that this ffmpeg can't make are left out. */
const recipes: readonly (readonly [string, string])[] = [
  ["small.mp4", `${BOTH} ${H264} -c:a aac`],
  ["hevc.mp4", `${PICTURE} -c:v libx265 -preset ultrafast -x265-params log-level=none -tag:v hvc1`],
  ["fragments.mp4", `${BOTH} ${H264} -c:a aac -movflags +frag_keyframe+empty_moov+default_base_moof`],
  [
    "encrypted.mp4",
    `${PICTURE} ${H264} -encryption_scheme cenc-aes-ctr ` +
    "-encryption_key 00112233445566778899aabbccddeeff -encryption_kid 112233445566778899aabbccddeeff00",
  ],
  ["small.mov", `${BOTH} -c:v mjpeg -c:a pcm_s16be`],
  ["small.3gp", `${PICTURE} -s 128x96 -c:v h263`],
  ["small.mkv", `${BOTH} ${H264} -c:a libvorbis`],
  ["zlib.mkv", `${PICTURE} -c:v mpeg4 -cluster_size_limit 2000 -reserve_index_space 200`],
  ["small.webm", `${BOTH} -c:v libvpx -c:a libopus`],
  ["small.flv", `${BOTH} -c:v flv -c:a libmp3lame -ar 44100`],
  ["small.avi", `${BOTH} -c:v mpeg4 -c:a libmp3lame`],
  ["h264.avi", `${PICTURE} ${H264}`],
  ["hevc.avi", `${PICTURE} -c:v libx265 -preset ultrafast -x265-params log-level=none:bframes=2 -vtag HEVC`],
  ["fields.avi", `${PICTURE} ${H264} -flags +ilme+ildct -x264-params interlaced=1`],
  ["dv.avi", `-f lavfi -i testsrc=size=720x576:rate=25:duration=0.04 -c:v dvvideo -pix_fmt yuv420p`],
  ["small.ts", `${BOTH} ${MPEG2} -c:a mp2`],
  ["latm.ts", `${TONE48} -c:a aac -f mpegts -mpegts_flags +latm`],
  [
    "tables.ts",
    `${BOTH} ${MPEG2} -c:a mp2 -mpegts_pmt_start_pid 0x20 -mpegts_service_id 1 -streamid 0:17 -streamid 1:4096`,
  ],
  ["small.m2ts", `${BOTH} ${H264} -c:a ac3 -f mpegts -mpegts_m2ts_mode 1`],
  ["small.mpg", `${BOTH} ${MPEG2} -c:a mp2 -f mpeg`],
  ["small.vob", `${BOTH} ${MPEG2} -c:a ac3 -f vob`],
  ["small.asf", `${BOTH} -c:v msmpeg4v3 -c:a wmav2 -f asf`],
  ["small.nut", `${BOTH} -c:v mpeg4 -c:a mp2 -f nut`],
  ["small.mxf", `${PICTURE} ${MPEG2} -f mxf`],
  ["opatom.mxf", `${TONE48} -c:a pcm_s16le -f mxf_opatom`],
  ["small.gxf", `-f lavfi -i testsrc=size=720x576:rate=25:duration=0.12 -c:v mpeg2video -b:v 100k -f gxf`],
  ["small.rm", `${BOTH} -c:v rv10 -c:a ac3 -f rm`],
  ["small.swf", `${PICTURE} -c:v flv -f swf`],
  ["small.wtv", `${BOTH} ${MPEG2} -c:a mp2 -f wtv`],
  ["pcm.nut", `${TONE} -c:a pcm_u8 -f nut`],
  ["small.gif", `${PICTURE} -c:v gif`],
  ["small.apng", `${PICTURE} -c:v apng -f apng`],
  ["small.webp", `${PICTURE} -c:v libwebp -f webp`],
  ["small.ivf", `${PICTURE} -c:v libvpx -f ivf`],
  ["small.obu", `${PICTURE} -c:v libaom-av1 -cpu-used 8 -f obu`],
  ["small.h264", `${PICTURE} ${H264} -f h264`],
  ["small.hevc", `${PICTURE} -c:v libx265 -preset ultrafast -x265-params log-level=none -f hevc`],
  ["small.m4v", `${PICTURE} -c:v mpeg4 -f m4v`],
  ["small.m2v", `${PICTURE} ${MPEG2} -f mpeg2video`],
  ["small.mjpeg", `${PICTURE} -c:v mjpeg -f mjpeg`],
  ["small.mpjpeg", `${PICTURE} -c:v mjpeg -f mpjpeg`],
  ["small.y4m", `-f lavfi -i testsrc=size=32x16:rate=10:duration=0.4 -pix_fmt yuv420p -f yuv4mpegpipe`],
  [
    "small.dnxhd",
    `-f lavfi -i testsrc=size=256x128:rate=25:duration=0.04 -c:v dnxhd -profile:v dnxhr_lb -f dnxhd`,
  ],
  ["small.bmp", `-f lavfi -i testsrc=size=16x16:rate=1:duration=1 -c:v bmp -f image2pipe`],
  ["small.tiff", `-f lavfi -i testsrc=size=16x16:rate=1:duration=1 -c:v tiff -f image2pipe`],
  ["small.pgm", `-f lavfi -i testsrc=size=16x16:rate=1:duration=1 -c:v pgm -f image2pipe`],
  ["small.wav", `${TONE} -c:a pcm_s16le`],
  ["adpcm.wav", `${TONE} -c:a adpcm_ima_wav`],
  ["small.w64", `${TONE} -c:a pcm_s16le -f w64`],
  ["rf64.wav", `${TONE} -c:a pcm_s16le -rf64 always`],
  ["small.aiff", `${TONE} -c:a pcm_s16be -write_id3v2 1`],
  ["small.caf", `${TONE} -c:a pcm_s16be -f caf`],
  ["alac.caf", `${TONE} -c:a alac -f caf`],
  ["small.au", `${TONE} -c:a pcm_s16be -f au`],
  ["small.voc", `${TONE} -c:a pcm_u8 -f voc`],
  ["small.sox", `${TONE} -c:a pcm_s32le -f sox`],
  ["small.ircam", `${TONE} -c:a pcm_s16le -f ircam`],
  ["small.amr", `${TONE} -c:a libopencore_amrnb -f amr`],
  ["small.aac", `${TONE} -c:a aac -f adts`],
  ["small.latm", `${TONE} -c:a aac -f latm`],
  ["small.ac3", `${TONE48} -c:a ac3 -f ac3`],
  ["small.eac3", `${TONE48} -c:a eac3 -f eac3`],
  ["small.dts", `${TONE48} -c:a dca -strict -2 -f dts`],
  ["small.spdif", `${TONE48} -c:a ac3 -f spdif`],
  ["small.truehd", `${TONE48} -c:a truehd -strict -2 -f truehd`],
  ["small.mlp", `${TONE48} -c:a mlp -strict -2 -f mlp`],
  ["small.mp2", `${TONE48} -c:a mp2 -f mp2`],
  ["small.mp3", `${TONE48} -c:a libmp3lame -id3v2_version 3 -metadata title=a -f mp3`],
  ["small.flac", `${TONE} -c:a flac -f flac`],
  ["flac.ogg", `${TONE} -c:a flac -f ogg`],
  ["opus.ogg", `${TONE48} -c:a libopus -f ogg`],
  ["speex.ogg", `${TONE} -c:a libspeex -f ogg`],
  ["theora.ogg", `${PICTURE} -c:v libtheora -f ogg`],
  ["small.wv", `${TONE} -c:a wavpack -f wv`],
  ["small.tta", `${TONE} -c:a tta -f tta`],
  ["small.gsm", `${TONE} -c:a libgsm -f gsm`],
  ["small.g722", `${TONE} -ar 16000 -c:a g722 -f g722`],
  ["small.g726", `${TONE} -c:a g726 -f g726`],
  ["small.sbc", `${TONE} -ar 16000 -c:a sbc -f sbc`],
  ["small.aptx", `${TONE48} -ac 2 -c:a aptx -f aptx`],
  ["small.oma", `${TONE48} -c:a pcm_s16be -ar 44100 -ac 2 -f oma`],
  ["small.rso", `${TONE} -c:a pcm_u8 -f rso`],
  ["small.kvag", `${TONE} -c:a adpcm_ima_ssi -f kvag`],
  ["small.argo_asf", `${TONE} -ar 22050 -c:a adpcm_argo -f argo_asf`],
  ["small.avif", `${PICTURE} -frames:v 1 -c:v libaom-av1 -cpu-used 8 -still-picture 1 -f avif`],
];

const SRT =
  "1\n00:00:00,500 --> 00:00:01,500\nFirst <i>words</i>\n\n2\n00:00:02,000 --> 00:00:02,800\nLast\n";

/** Text formats, which need no ffmpeg. */
const texts: Readonly<Record<string, string>> = {
  "text.srt": SRT,
  "text.vtt": `WEBVTT\n\nNOTE a note\n\n${SRT.replaceAll(",", ".")}`,
  "text.ass":
    "[Script Info]\nScriptType: v4.00+\n\n[V4+ Styles]\nFormat: Name, Fontname\nStyle: Default,Arial\n\n" +
    "[Events]\nFormat: Layer, Start, End, Style, Text\nDialogue: 0,0:00:00.50,0:00:01.50,Default,Words\n",
  "text.sub": "{1}{1}25.000\n{10}{30}First|line\n{40}{60}{y:i}Last\n",
  "text.smi": "<SAMI><BODY><SYNC Start=100><P>One</P><SYNC Start=900><P>&nbsp;</P></BODY></SAMI>\n",
  "text.mpl2": "[5][15]First\n[20][28]/Last|line\n",
  "text.lrc": "[ti:Title]\n[offset:100]\n[00:01.00]One\n[00:02.50][00:04.00]Two\n",
  "text.scc":
    "Scenarist_SCC V1.0\n\n00:00:01:00\t9420 9420 94ae 94ae c8e5 ecec ef80\n\n00:00:03:00\t942c 942c\n",
  "text.stl": "$FontName = Arial\n00:00:01:00 , 00:00:02:00 , One|Two\n",
  "text.ttml":
    '<?xml version="1.0"?><tt xmlns="http://www.w3.org/ns/ttml"><body><p begin="1s" end="2s">x</p></body></tt>',
  "text.ffmeta":
    ";FFMETADATA1\ntitle=x\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=1200\ntitle=One\n[STREAM]\na=b\n",
  "text.m3u8": "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:0\n" +
    '#EXT-X-KEY:METHOD=AES-128,URI="key",IV=0x00112233445566778899aabbccddeeff\n#EXT-X-MAP:URI="i.mp4",BYTERANGE="9@0"\n' +
    "#EXTINF:4.0,\na.ts\n#EXTINF:4.0,\n#EXT-X-BYTERANGE:100@20\nb.ts\n#EXT-X-ENDLIST\n",
  "master.m3u8": '#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="x",URI="a.m3u8"\n' +
    '#EXT-X-STREAM-INF:BANDWIDTH=1000,AUDIO="a",CODECS="avc1.42c00d"\nv.m3u8\n',
  "text.mpd":
    '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-live:2011" type="static" ' +
    'mediaPresentationDuration="PT2S"><Period><AdaptationSet mimeType="video/mp4"><Representation id="1" ' +
    'bandwidth="1000"><SegmentTemplate timescale="10" media="$Number$.m4s" initialization="i.mp4"><SegmentTimeline>' +
    '<S t="0" d="10" r="2"/></SegmentTimeline></SegmentTemplate></Representation></AdaptationSet></Period></MPD>',
  "text.ffconcat":
    "ffconcat version 1.0\nfile a.mp4\ninpoint 1\noutpoint 2\nduration 1\nstream\nfile b.mp4\n",
  "text.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n" +
    "a=rtpmap:96 H264/90000\na=fmtp:96 packetization-mode=1; sprop-parameter-sets=Z0LAHtkDxWhAAAADAEAAAAwDxYuS,aMuMsg==\n",
};

/** The fixtures, and the files in `folder`. */
export function loadSamples(folder: string): Sample[] {
  return [fixtures, ...(folder === "" ? [] : [`${folder}/`])].flatMap((from) =>
    [...Deno.readDirSync(from)].filter(({ isFile, name }) => isFile && !name.startsWith("."))
      .map(({ name }) => name).sort()
      .map((name) => ({ name, kind: name.split(".").at(-1)!, bytes: Deno.readFileSync(from + name) }))
      .filter(({ bytes }) => bytes.length > 0)
  );
}

/** Makes missing files in `folder`; returns the number of kinds that the ffmpeg command could not make. */
export async function makeSamples(folder: string): Promise<number> {
  await Deno.mkdir(folder, { recursive: true });
  for (const [name, text] of Object.entries(texts)) await Deno.writeTextFile(`${folder}/${name}`, text);
  for (const [name, make] of Object.entries(bombs)) {
    // It takes 2 s of processor time until it is refused, and a drive opens it many times (fuzz/README.md).
    if (name === "mp4 one size, a thousand tracks") continue;
    await Deno.writeFile(`${folder}/${fileName(name)}`, make(2000));
  }
  let missing = 0;
  for (const [name, recipe] of recipes) {
    if (!(await isThere(`${folder}/${name}`)) && !(await make(`${folder}/${name}`, recipe))) missing++;
  }
  return missing;
}

/** The file name of a bomb; the first word of its name is its format. */
function fileName(name: string): string {
  return `bomb-${name.replaceAll(/[^a-z0-9]+/gi, "-")}.${name.split(" ")[0]}`;
}

async function isThere(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

async function make(path: string, recipe: string): Promise<boolean> {
  const args = [
    "-nostdin",
    "-loglevel",
    "quiet",
    "-y",
    ...recipe.split(" "),
    "-threads",
    "1",
    "-fflags",
    "+bitexact",
  ];
  try {
    const child = new Deno.Command("ffmpeg", { args: [...args, path], stdout: "null", stderr: "null" });
    const { success } = await child.output();
    if (success && (await Deno.stat(path)).size > 0) return true;
  } catch {
    return false; // no ffmpeg
  }
  await Deno.remove(path).catch(() => {});
  return false;
}

/** Max size of a first input of the coverage-guided fuzzer, as of all others; those of bombs take too long. */
const SEED_BYTES = 16 * 1024, BOMB_BYTES = 1000;

// As in fuzz/shim.c.
const PART_MARK = "\n#PART\n";
const MUXER = 2, WORK = 4, FILTER = 17;
const ASK = 128, OWN_MUXER = 255;

const noSteps = new Array(8).fill(0);

/** `extra` and `filter` are described in fuzz/shim.c. */
const control = (bytes: readonly number[], extra = 0, filter = 0, steps = noSteps, memory = 0) => [
  ...bytes,
  extra,
  filter,
  memory & 255,
  memory >> 8,
  ...steps,
];

/** The control bytes at the beginning of an input of fuzz/shim.c: what is done with the file. The muxer's number is filled in. */
const controls: readonly (readonly number[])[] = [
  control([0, 0, 0, 1, 3, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0]),
  control([0, 0, 1, 1 | 4 | 8, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
  control([0, 0, 1, 1 | 8 | 32, 8, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0]),
  control([0, 0, 1, 1 | 8, 16 | 4, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0]), // joined
  control([0, 0, 1, 1 | 4 | 8, 128 | 32 | 4, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0]), // split, with requests to JavaScript
  control([0, 0, 1, 1 | 8, 64, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0], 0, 0, [
    0x18,
    0x42,
    0xf2,
    3,
    4,
    0x06,
    0x1d,
    0x07,
  ]), // in steps
  control([0, 0, OWN_MUXER, 1 | 4 | 8, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 1 | 2), // rewritten with other tags
  control([0, 0, 1, 1 | 4 | 8, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 4 | 8 | 32), // merged with itself
  control([0, 0, 1, 1, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 16 | 64, 1), // limits, a bitstream filter
  control([0, 0, 1, 1 | 8, 128 | 4 | 2, 250, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0], 128), // on a thread
  control([0, 0, 1, 1 | 4 | 8, 128 | 4 | 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 1, 0, noSteps, 4000), // in little memory
];

/** Files that name others: the files of an input, which are named by their numbers. */
function makeSets(samples: readonly Sample[]): Record<string, readonly (string | Uint8Array)[]> {
  const bytesOf = (name: string) => samples.find((sample) => sample.name === name)?.bytes ?? new Uint8Array();
  const [start, rest] = atFirstFragment(bytesOf("fragments.mp4"));
  const [ts, aac, vtt] = [bytesOf("latm.ts"), bytesOf("small.aac"), bytesOf("text.vtt")];
  const list = (lines: string) =>
    `#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:1\n${lines}#EXT-X-ENDLIST\n`;
  const manifest = (segments: string) =>
    '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-live:2011" type="static" mediaPresentationDuration="PT1S">' +
    `<Period><AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1000">${segments}` +
    "</Representation></AdaptationSet></Period></MPD>";
  const live = (first: number, lines: string) =>
    `#EXTM3U\n#EXT-X-TARGETDURATION:0\n#EXT-X-MEDIA-SEQUENCE:${first}\n${lines}`;
  const segments = '<SegmentList timescale="10" duration="6"><Initialization sourceURL="1.mp4"/>' +
    '<SegmentURL media="2.m4s"/></SegmentList>';
  const fragmented = list('#EXT-X-MAP:URI="1.mp4"\n#EXTINF:0.6,\n2.m4s\n');
  return {
    "map.m3u8": [fragmented, start, rest],
    "map-ranges.m3u8": [
      list(
        `#EXT-X-MAP:URI="1.mp4",BYTERANGE="${start.length}@0"\n#EXTINF:0.6,\n` +
          `#EXT-X-BYTERANGE:${rest.length}@${start.length}\n1.mp4\n`,
      ),
      bytesOf("fragments.mp4"),
    ],
    "maps.m3u8": [
      list(
        '#EXT-X-MAP:URI="1.mp4"\n#EXTINF:0.6,\n2.m4s\n#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI="3.mp4"\n#EXTINF:0.6,\n2.m4s\n',
      ),
      start,
      rest,
      start,
    ],
    "ts.m3u8": [list("#EXTINF:0.4,\n1.ts\n#EXTINF:0.4,\n1.ts\n"), ts],
    "aac.m3u8": [list("#EXTINF:0.4,\n1.aac\n#EXTINF:0.4,\n1.aac\n"), aac],
    "key.m3u8": [
      list('#EXT-X-KEY:METHOD=AES-128,URI="2.key"\n#EXTINF:0.4,\n1.ts\n'),
      ts,
      new Uint8Array(16),
    ],
    "sample-key.m3u8": [
      list('#EXT-X-KEY:METHOD=SAMPLE-AES,URI="2.key"\n#EXTINF:0.4,\n1.aac\n'),
      aac,
      new Uint8Array(16),
    ],
    "master.m3u8": [
      '#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="x",LANGUAGE="de",URI="3.m3u8"\n' +
      '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="s",NAME="x",URI="5.m3u8"\n' +
      '#EXT-X-STREAM-INF:BANDWIDTH=1000,AUDIO="a",SUBTITLES="s"\n1.m3u8\n',
      list("#EXTINF:0.4,\n2.ts\n"),
      ts,
      list("#EXTINF:0.4,\n4.aac\n"),
      aac,
      list("#EXTINF:3,\n6.vtt\n"),
      vtt,
    ],
    "live.m3u8": [
      "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1000\nr1.m3u8\n",
      live(0, "#EXTINF:0,\n4.ts\n"),
      live(1, "#EXTINF:0,\n4.ts\n#EXTINF:0,\n4.ts\n"),
      live(3, '#EXT-X-KEY:METHOD=AES-128,URI="0"\n#EXTINF:0,\n4.ts\n#EXT-X-ENDLIST\n'),
      ts,
    ],
    "live-map.m3u8": [
      "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1000\nr1.m3u8\n",
      live(0, '#EXT-X-MAP:URI="4.mp4"\n#EXTINF:0,\n5.m4s\n'),
      live(1, '#EXT-X-MAP:URI="4.mp4"\n#EXTINF:0,\n5.m4s\n#EXTINF:0,\n5.m4s\n'),
      live(2, '#EXT-X-MAP:URI="4.mp4"\n#EXTINF:0,\n5.m4s\n#EXT-X-ENDLIST\n'),
      start,
      rest,
    ],
    "live.mpd": [ // loaded again by its own name, which has no number: the last file
      manifest(segments).replace("static", "dynamic"),
      start,
      rest,
      manifest(segments).replace("static", "dynamic").replace("duration", "startNumber"),
    ],
    "list.mpd": [
      manifest(
        '<SegmentList timescale="10" duration="6"><Initialization sourceURL="1.mp4"/><SegmentURL media="2.m4s"/></SegmentList>',
      ),
      start,
      rest,
    ],
    "base.mpd": [
      manifest(
        `<BaseURL>1.mp4</BaseURL><SegmentBase indexRange="0-${start.length}"><Initialization range="0-${
          start.length - 1
        }"/></SegmentBase>`,
      ),
      bytesOf("fragments.mp4"),
    ],
    "template.mpd": [
      manifest(
        '<SegmentTemplate timescale="10" startNumber="2" duration="6" initialization="1.mp4" media="$Number$"/>',
      ),
      start,
      rest,
    ],
    "list.ffconcat": [
      "ffconcat version 1.0\nfile 1.mp4\nduration 0.5\nfile 2.mp4\n",
      bytesOf("hevc.mp4"),
      bytesOf("hevc.mp4"),
    ],
    "sub.idx": [
      "# VobSub index file, v7\nsize: 720x576\npalette: 000000\nid: en, index: 0\ntimestamp: 00:00:00:100, filepos: 000000000\n",
      bytesOf("small.mpg").subarray(0, 4096),
    ],
  };
}

/** What is before the first `moof` of an mp4, and the rest. */
function atFirstFragment(bytes: Uint8Array): [Uint8Array, Uint8Array] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  while (at + 8 <= bytes.length && view.getUint32(at + 4) !== 0x6d6f6f66) {
    at += Math.max(view.getUint32(at), 8);
  }
  return [bytes.subarray(0, at), bytes.subarray(at)];
}

/**
 * Writes inputs of fuzz/shim.c: every sample and every set of files with each of the controls, and with one muxer after the
 * other.
 */
function writeSeeds(samples: readonly Sample[], folder: string): void {
  Deno.mkdirSync(folder, { recursive: true });
  const files = samples.map(({ name, bytes }) => [name, bytes] as const);
  const sets = Object.entries(makeSets(samples)).map(([name, parts]) =>
    [`set-${name}`, joined(parts)] as const
  );
  [...files, ...sets].forEach(([name, all], nth) =>
    controls.forEach((control, kind) => {
      const bytes = all.subarray(0, (name.startsWith("bomb-") ? BOMB_BYTES : SEED_BYTES) - control.length);
      if (name.startsWith("bomb-") && kind !== nth % controls.length) return; // they take long
      const seed = new Uint8Array(control.length + bytes.length);
      seed.set(control);
      if (name.startsWith("set-")) seed[WORK] = control[WORK]! | ASK;
      if (control[MUXER] === 1) seed[MUXER] = 1 + (nth * 2 + kind) % 160;
      if (control[FILTER]) seed[FILTER] = 1 + nth;
      seed.set(bytes, control.length);
      Deno.writeFileSync(`${folder}/${name}-${kind}`, seed);
    })
  );
}

/** An input of several files. */
function joined(parts: readonly (string | Uint8Array)[]): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder(), mark = encoder.encode(PART_MARK);
  const pieces = parts.flatMap((part, nth) => [
    ...(nth === 0 ? [] : [mark]),
    typeof part === "string" ? encoder.encode(part) : part,
  ]);
  const all = new Uint8Array(pieces.reduce((size, piece) => size + piece.length, 0));
  pieces.reduce((at, piece) => (all.set(piece, at), at + piece.length), 0);
  return all;
}

if (import.meta.main) {
  const [folder, seeds] = Deno.args;
  if (folder === undefined) throw new TypeError("usage: samples.ts FOLDER [SEEDS]");
  const missing = await makeSamples(folder);
  const samples = loadSamples(folder);
  if (seeds !== undefined) writeSeeds(samples, seeds);
  console.log(`samples: ${samples.length}; ${missing} kinds could not be made`);
}
