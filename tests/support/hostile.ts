/**
 * Inputs and outputs that make libavformat open files, folders and sockets by itself: playlists, manifests, scripts, options,
 * formats. Each has the expected outcome if the caller allows nothing.
 */
import { type DemuxerOptions, inputFormats, type MuxerOptions } from "@avio/avio";
import { fixtureBytes } from "./fixtures.ts";

/** What they try to open: files that must not be read or changed, a folder that must get no new ones, ports without connections. */
export interface Canary {
  folder: string;
  tcp: number;
  udp: number;
}

/** The expected outcome. */
export interface Expected {
  /** The error names this URL as refused, and `onopen` is called with it. */
  refused?: string;
  /** There is an error with this message. */
  says?: RegExp;
  /** It opens, and the refusal is the error at the end of the packets. */
  opens?: true;
  /** It works (if there is something to remux), and `onopen` is called with these URLs only. */
  asks?: string[];
}

/** One case. */
export interface Hostile {
  name: string;
  read?: { source: Uint8Array<ArrayBuffer> | string; options?: DemuxerOptions };
  write?: { media?: "video" | "picture"; options: MuxerOptions & { format: string; url?: string } };
  expected: Expected;
  /** With the system build, if that differs. */
  system?: Expected;
}

const encoder = new TextEncoder();

/** Text as a source. */
export function text(...lines: string[]): Uint8Array<ArrayBuffer> {
  return encoder.encode(lines.join("\n") + "\n");
}

/** A media playlist of one segment, with `lines` before it. */
export function playlist(url: string, ...lines: string[]): Uint8Array<ArrayBuffer> {
  const end = ["#EXTINF:2,", url, "#EXT-X-ENDLIST"];
  return text("#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-TARGETDURATION:2", ...lines, ...end);
}

// ------------------------------------------------------------------------------------------- playlists

const NOTHING_TO_READ =
  /Invalid data found|unable to open|refused to open|Invalid argument|Protocol not found/;

/** URLs that FFmpeg's protocols would open; its playlists accept only the first few schemes. */
function schemes({ folder, tcp, udp }: Canary): { known: string[]; unknown: string[] } {
  const secret = `${folder}/secret.ts`;
  const server = `127.0.0.1:${tcp}`;
  return {
    known: [secret, `file://${secret}`, `file:${secret}`, `http://${server}/a.ts`, `https://${server}/a.ts`],
    unknown: [
      `subfile,,start,0,end,0,,:${secret}`,
      `concat:${secret}|${secret}`,
      `concatf:${folder}/list.txt`,
      `cache:${secret}`,
      `async:${secret}`,
      `crypto:${secret}`,
      `md5:${folder}/new.md5`,
      `tee:${folder}/new.ts`,
      "pipe:0",
      "fd:0",
      `unix:${folder}/socket`,
      `tcp://${server}`,
      `tls://${server}`,
      `udp://127.0.0.1:${udp}`,
      `udplite://127.0.0.1:${udp}`,
      `rtp://127.0.0.1:${udp}`,
      `srtp://127.0.0.1:${udp}`,
      `rtsp://${server}/a`,
      `rtmp://${server}/a`,
      `rtmpt://${server}/a`,
      `ftp://${server}/a.ts`,
      `gopher://${server}/1a`,
      `mmsh://${server}/a`,
      `mmst://${server}/a`,
      `icecast://${server}/a`,
      `sctp://${server}`,
      `prompeg:udp://127.0.0.1:${udp}`,
      `hls+file://${folder}/old.m3u8`,
      `ipfs://a`,
      `sftp://${server}/a.ts`,
      `smb://${server}/a.ts`,
      `srt://127.0.0.1:${udp}`,
    ],
  };
}

/** The scheme of a URL as the playlist demuxer sees it. */
function scheme(url: string): string {
  return /^[a-z+\d]+/.exec(url)?.[0] ?? "a path";
}

function ofPlaylists(canary: Canary): Hostile[] {
  const variant = `http://127.0.0.1:${canary.tcp}/b.m3u8`;
  const { known, unknown } = schemes(canary);
  const secret = `file://${canary.folder}/secret.ts`;
  const read = (source: Uint8Array<ArrayBuffer>, options?: DemuxerOptions) => ({
    read: options ? { source, options } : { source },
  });
  const variants = (...lines: string[]) => text("#EXTM3U", "#EXT-X-VERSION:4", ...lines);
  const key =
    `#EXT-X-KEY:METHOD=AES-128,URI="file://${canary.folder}/key",IV=0x00000000000000000000000000000001`;
  const rendition = (type: string) =>
    `#EXT-X-MEDIA:TYPE=${type},GROUP-ID="a",NAME="a",DEFAULT=YES,AUTOSELECT=YES,URI="file://${canary.folder}/old.m3u8"`;
  const data = `data:video/mp2t;base64,${fixtureBytes("video.ts").subarray(0, 1880).toBase64()}`;
  return [
    ...known.map((url) => ({
      name: `hls: segment, ${scheme(url)} ${url.includes("://") ? "URL" : ""}`.trim(),
      ...read(playlist(url)),
      expected: { refused: url },
    })),
    ...unknown.map((url) => ({
      name: `hls: segment, ${scheme(url)}`,
      ...read(playlist(url)),
      expected: { says: NOTHING_TO_READ },
    })),
    { name: "hls: segment, data", ...read(playlist(data)), expected: { asks: [] } },
    {
      name: "hls: segment, file, as a format of the caller's",
      ...read(playlist(secret), { format: "hls" }),
      expected: { refused: secret },
    },
    {
      name: "hls: segment, relative to the caller's url",
      ...read(playlist("secret.ts"), { url: `${canary.folder}/index.m3u8` }),
      expected: { refused: `${canary.folder}/secret.ts` },
    },
    {
      name: "hls: key",
      ...read(playlist(secret, key)),
      expected: { refused: `file://${canary.folder}/key` },
    },
    {
      name: "hls: key of SAMPLE-AES",
      ...read(playlist(secret, key.replace("AES-128", "SAMPLE-AES"))),
      expected: { refused: `file://${canary.folder}/key` },
    },
    {
      name: "hls: map",
      ...read(playlist(secret, `#EXT-X-MAP:URI="file://${canary.folder}/init.mp4"`)),
      expected: { refused: `file://${canary.folder}/init.mp4` },
    },
    {
      name: "hls: variants",
      ...read(variants("#EXT-X-STREAM-INF:BANDWIDTH=1", `file://${canary.folder}/old.m3u8`)),
      expected: { refused: `file://${canary.folder}/old.m3u8` },
    },
    {
      name: "hls: rendition, subtitles",
      ...read(
        variants(
          rendition("SUBTITLES"),
          '#EXT-X-STREAM-INF:BANDWIDTH=1,SUBTITLES="a"',
          variant,
        ),
      ),
      // FFmpeg 9.0 reads the subtitles first.
      expected: { says: new RegExp(`refused to open '(file://${canary.folder}/old\\.m3u8|${variant})`) },
      system: { refused: variant },
    },
    ...["AUDIO", "VIDEO"].map((type) => ({
      name: `hls: rendition, ${type.toLowerCase()}`,
      ...read(
        variants(
          rendition(type),
          `#EXT-X-STREAM-INF:BANDWIDTH=1,${type}="a"`,
          `http://127.0.0.1:${canary.tcp}/b.m3u8`,
        ),
      ),
      expected: { refused: `file://${canary.folder}/old.m3u8` },
    })),
    {
      name: "hls: seg_format_options",
      ...read(playlist(secret), { options: { seg_format_options: "protocol_whitelist=file" } }),
      expected: { says: /seg_format_options: must not be set: onopen decides what may be opened/ },
    },
    {
      name: "hls: seg_format_options, escaped",
      ...read(playlist(secret), { options: { seg_format_options: "protocol\\_white'list'=file" } }),
      expected: { says: /seg_format_options: must not be set: onopen decides what may be opened/ },
    },
    ...["protocol_whitelist", "protocol_blacklist", "Protocol_Whitelist"].map((name) => ({
      name: `hls: ${name}`,
      ...read(playlist(secret), { options: { [name]: "file,http" } }),
      expected: { says: /must not be set: onopen decides what may be opened/ },
    })),
    {
      name: "hls: http_persistent and http_multiple",
      ...read(playlist(known[3]!), { options: { http_persistent: 1, http_multiple: 1 } }),
      expected: { says: /can only be 0 here/ },
    },
  ];
}

// ------------------------------------------------------------------------------------------- manifests and scripts

function mpd(url: string, inner = ""): Uint8Array<ArrayBuffer> {
  return text(
    '<?xml version="1.0"?>',
    '<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT2S" minBufferTime="PT1S"' +
      ' profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period><AdaptationSet mimeType="video/mp4">',
    `<Representation id="1" bandwidth="1"><BaseURL>${url}</BaseURL>${inner}</Representation>`,
    "</AdaptationSet></Period></MPD>",
  );
}

/** The expected outcome if the build has libxml2. */
function withXml(refused: string): Expected {
  return inputFormats().some(({ name }) => name === "dash") ? { refused } : NO_XML;
}

/** The system build reads no manifests, before FFmpeg 9.0: they could make it divide by zero. */
const NO_MANIFESTS = { says: /Invalid argument/ };

/** Without libxml2 an embedded build reads no manifests. */
const NO_XML = { says: /Invalid data found/ };

function ofManifests({ folder, tcp }: Canary): Hostile[] {
  const template = '<SegmentTemplate media="$Number$.mp4" initialization="init.mp4" duration="2"/>';
  const cpl = text(
    '<?xml version="1.0"?><CompositionPlaylist xmlns="http://www.smpte-ra.org/schemas/2067-3/2016">',
    "<Id>urn:uuid:0fe2a3f8-9f4e-4a9f-9bd9-6d0b4f7f3b11</Id><ContentTitle>a</ContentTitle><EditRate>24 1</EditRate>",
    "<SegmentList></SegmentList></CompositionPlaylist>",
  );
  return [
    {
      name: "dash: base URL, file",
      read: { source: mpd(`file://${folder}/secret.mp4`) },
      expected: withXml(`file://${folder}/secret.mp4`),
      system: NO_MANIFESTS,
    },
    {
      name: "dash: base URL, http",
      read: { source: mpd(`http://127.0.0.1:${tcp}/a.mp4`) },
      expected: withXml(`http://127.0.0.1:${tcp}/a.mp4`),
      system: NO_MANIFESTS,
    },
    {
      name: "dash: template",
      read: { source: mpd(`file://${folder}/`, template) },
      expected: withXml(`file://${folder}/init.mp4`),
      system: NO_MANIFESTS,
    },
    {
      name: "dash: base URL, tcp",
      read: { source: mpd(`tcp://127.0.0.1:${tcp}/`) },
      expected: NO_XML,
      system: { says: NOTHING_TO_READ },
    },
    {
      name: "imf: asset map",
      read: { source: cpl, options: { url: `${folder}/cpl.xml` } },
      expected: withXml(`${folder}/ASSETMAP.xml`),
      system: { says: /Invalid data found|refused to open/ },
    },
  ];
}

function ofScripts({ folder, tcp, udp }: Canary): Hostile[] {
  const script = (url: string, ...lines: string[]) => text("ffconcat version 1.0", `file '${url}'`, ...lines);
  const secret = `${folder}/secret.ts`;
  const isScript = { says: /concat scripts can't be contained with this libavformat|Unsafe file name/ };
  const sdp = text(
    "v=0",
    "o=- 0 0 IN IP4 127.0.0.1",
    "s=a",
    "c=IN IP4 127.0.0.1",
    "t=0 0",
    `m=video ${udp} RTP/AVP 96`,
    "a=rtpmap:96 H264/90000",
  );
  const read = (source: Uint8Array<ArrayBuffer>, options?: DemuxerOptions) => ({
    read: options ? { source, options } : { source },
  });
  return [
    {
      name: "concat: absolute path",
      ...read(script(secret)),
      expected: { says: /[Uu]nsafe file name/ },
      system: isScript,
    },
    {
      name: "concat: relative path",
      ...read(script("secret.ts"), { url: `${folder}/list.txt` }),
      expected: { refused: `${folder}/secret.ts` },
      system: isScript,
    },
    ...[0, false, "false", "none", "-1"].map((safe) => ({
      name: `concat: safe = ${Deno.inspect(safe)}`,
      ...read(script(secret), { options: { safe } }),
      expected: { says: /refused to open|option safe|out of range|safe/ },
      system: isScript,
    })),
    {
      name: "concat: script that sets protocol_whitelist",
      ...read(script(secret, "option protocol_whitelist file,http,tcp"), { options: { safe: 0 } }),
      expected: { refused: secret },
      system: isScript,
    },
    {
      name: "concat: script that sets protocol_whitelist, for http",
      ...read(script(`http://127.0.0.1:${tcp}/a.ts`, "option protocol_whitelist file,http,tcp"), {
        options: { safe: 0 },
      }),
      expected: { refused: `http://127.0.0.1:${tcp}/a.ts` },
      system: isScript,
    },
    {
      name: "concat: script that sets protocol_whitelist, safe",
      ...read(script("secret.ts", "option protocol_whitelist file"), { url: `${folder}/list.txt` }),
      expected: { says: /./ },
    },
    {
      name: "concat: hls in it",
      ...read(script("old.m3u8"), { url: `${folder}/list.txt` }),
      expected: { refused: `${folder}/old.m3u8` },
      system: isScript,
    },
    { name: "sdp: rtp", ...read(sdp), expected: { says: /Invalid data/ }, system: { says: /./ } },
    {
      name: "sdp: rtp, as a format of the caller's",
      ...read(sdp, { format: "sdp" }),
      expected: { says: /no input format is called 'sdp'/ },
      system: { says: /./ },
    },
    ...["rtsp", "rtp", "sap", "rdt", "avisynth", "vapoursynth", "dvdvideo"].map((format) => ({
      name: `${format}: as a format of the caller's`,
      ...read(text("a"), { format, url: `${format}://127.0.0.1:${tcp}/a` }),
      expected: { says: /opens files or sockets by itself|no input format is called/ },
    })),
    ...["avisynth", "wav,vapoursynth", "rtsp"].map((format_whitelist) => ({
      name: `${format_whitelist}: in a format_whitelist`,
      ...read(text("a"), { url: `${folder}/a.avs`, options: { format_whitelist } }),
      expected: { says: /opens files or sockets by itself/ },
    })),
    {
      name: "avisynth: a script by its name",
      ...read(text('Import("/etc/passwd")'), { url: `${folder}/a.avs` }),
      expected: { says: /Invalid data|Invalid argument/ },
    },
    ...["rtsp", "rtp", "sap", "udp", "tcp", "unix"].map((name) => ({
      name: `${name}: as the source's url`,
      ...read(sdp, { url: `${name}://127.0.0.1:${tcp}/a` }),
      expected: { says: /./ },
    })),
  ];
}

// ------------------------------------------------------------------------------------------- files beside the source

function box(type: string, ...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const size = 8 + parts.reduce((sum, part) => sum + part.length, 0);
  const bytes = new Uint8Array(size);
  new DataView(bytes.buffer).setUint32(0, size);
  bytes.set(encoder.encode(type), 4);
  let at = 8;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** An alias to a file, as in a `dref` box. */
function alias(path: string): Uint8Array<ArrayBuffer> {
  const name = encoder.encode(path);
  const bytes = new Uint8Array(4 + 10 + 28 + 12 + 64 + 16 + 4 + 16 + 4 + name.length + (name.length & 1) + 4);
  const view = new DataView(bytes.buffer);
  bytes[14] = 0; // the volume's name is empty
  bytes[54] = 1;
  bytes[55] = 0x61;
  const levels = 4 + 10 + 28 + 12 + 64 + 16;
  view.setUint16(levels, 0);
  const record = levels + 4 + 16;
  view.setUint16(record, 2);
  view.setUint16(record + 2, name.length);
  bytes.set(name, record + 4);
  view.setUint16(record + 4 + name.length + (name.length & 1), 0xffff);
  return box("alis", bytes);
}

/** The boxes of a file, with every `dref` in them replaced. */
function withReference(bytes: Uint8Array<ArrayBuffer>, reference: Uint8Array): Uint8Array<ArrayBuffer> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts: Uint8Array[] = [];
  for (let at = 0; at + 8 <= bytes.length;) {
    const size = view.getUint32(at);
    const type = new TextDecoder("latin1").decode(bytes.subarray(at + 4, at + 8));
    const whole = bytes.slice(at, at + size);
    const isParent = ["moov", "trak", "mdia", "minf", "dinf"].includes(type);
    if (type === "dref") parts.push(box("dref", new Uint8Array([0, 0, 0, 0, 0, 0, 0, 1]), reference));
    else if (isParent) parts.push(box(type, withReference(whole.slice(8), reference)));
    else parts.push(whole);
    at += size;
  }
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

/** The header of a Magic Lantern video, which continues in other files. */
function magicLantern(): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(52 + 16);
  const view = new DataView(bytes.buffer);
  bytes.set(encoder.encode("MLVI"), 0);
  view.setUint32(4, 52, true);
  bytes.set(encoder.encode("v2.0"), 8);
  view.setUint16(26, 2, true);
  view.setUint16(32, 1, true); // pictures
  view.setUint32(44, 25, true);
  view.setUint32(48, 1, true);
  bytes.set(encoder.encode("NULL"), 52);
  view.setUint32(56, 16, true);
  return bytes;
}

function ofNeighbours({ folder, tcp }: Canary): Hostile[] {
  const pictures = `${folder}/%04d.png`;
  const noSequence = { says: /image sequences can't be contained/ };
  const moov = withReference(fixtureBytes("video.mp4"), alias(`${folder}/secret.mp4`));
  const read = (source: Uint8Array<ArrayBuffer> | string, options?: DemuxerOptions) => ({
    read: options ? { source, options } : { source },
  });
  return [
    {
      name: "mov: data reference",
      ...read(moov, { options: { enable_drefs: 1, use_absolute_path: 1 } }),
      expected: { refused: `${folder}/secret.mp4`, opens: true },
    },
    {
      name: "mov: data reference, not enabled",
      ...read(moov),
      expected: { asks: [] },
    },
    {
      name: "vobsub: the file of the pictures",
      ...read(text("# VobSub index file, v7", "size: 720x576", "id: en, index: 0"), {
        url: `${folder}/old.idx`,
      }),
      expected: { refused: `${folder}/old.sub` },
      system: { says: /./ },
    },
    {
      name: "vobsub: sub_name",
      ...read(text("# VobSub index file, v7", "id: en, index: 0"), {
        format: "vobsub",
        options: { sub_name: `http://127.0.0.1:${tcp}/a.sub` },
      }),
      expected: { refused: `http://127.0.0.1:${tcp}/a.sub` },
      system: { says: /./ },
    },
    {
      name: "mlv: the second file",
      ...read(magicLantern(), { url: `${folder}/old.MLV` }),
      expected: { asks: [`${folder}/old.M00`] },
    },
    {
      name: "image2: sequence",
      ...read(pictures, { format: "image2" }),
      expected: { says: /Could find no file (or sequence )?with path/ },
      system: noSequence,
    },
    {
      name: "image2: sequence over http",
      ...read(`http://127.0.0.1:${tcp}/%04d.png`, { format: "image2" }),
      expected: { says: /Could find no file (or sequence )?with path/ },
      system: noSequence,
    },
    ...["glob", "glob_sequence", "sequence"].map((pattern_type) => ({
      name: `image2: pattern_type ${pattern_type}, bytes`,
      ...read(fixtureBytes("image.png"), {
        format: "image2",
        url: `${folder}/*.png`,
        options: { pattern_type },
      }),
      expected: { says: /option pattern_type: can only be none here/ },
    })),
    {
      name: "image2: pattern_type glob, sequence",
      ...read(pictures, { format: "image2", options: { pattern_type: "glob" } }),
      expected: { says: /option pattern_type: can only be sequence here/ },
      system: noSequence,
    },
    {
      name: "image2: ts_from_file",
      ...read(pictures, { format: "image2", options: { ts_from_file: 1 } }),
      expected: { says: /option ts_from_file: can only be 0 here/ },
      system: noSequence,
    },
    {
      name: "image2: ts_from_file, bytes",
      ...read(fixtureBytes("image.png"), {
        format: "image2",
        url: `${folder}/0001.png`,
        options: { ts_from_file: "sec" },
      }),
      expected: { says: /option ts_from_file: can only be 0 here/ },
    },
  ];
}

// ------------------------------------------------------------------------------------------- outputs

function ofRefusedOutputs({ folder, tcp, udp }: Canary): Hostile[] {
  const places: Record<string, string> = {
    rtsp: `rtsp://127.0.0.1:${tcp}/a`,
    sap: `sap://127.0.0.1:${udp}`,
    whip: `http://127.0.0.1:${tcp}/a`,
    hds: `${folder}/new`,
    smoothstreaming: `${folder}/new`,
    fifo: `${folder}/new.ts`,
    fifo_test: `${folder}/new.ts`,
  };
  const slaves = [
    `${folder}/new.ts`,
    `[f=hds]${folder}/new`,
    `[f=smoothstreaming]${folder}/new`,
    `[f=rtsp]rtsp://127.0.0.1:${tcp}/a`,
    `[f=sap]sap://127.0.0.1:${udp}`,
    `[f=mpegts]udp://127.0.0.1:${udp}`,
  ];
  const says = /opens files or sockets by itself|no output format is called/;
  return [
    ...Object.entries(places).map(([format, url]) => ({
      name: `${format}: refused`,
      write: { options: { format, url } },
      expected: { says },
    })),
    ...slaves.map((url) => ({
      name: `tee: refused, ${/\[f=(\w+)\]/.exec(url)?.[1] ?? "file"}`,
      write: { options: { format: "tee", url } },
      expected: { says },
    })),
    ...["hds", "smoothstreaming", "rtsp", "sap"].map((fifo_format) => ({
      name: `fifo: refused, ${fifo_format}`,
      write: {
        options: { format: "fifo", url: places[fifo_format]!, options: { fifo_format } },
      },
      expected: { says },
    })),
    ...["hls", "dash", "image2", "hds", "smoothstreaming", "rtsp", "sap", "tee", "fifo"].map((
      segment_format,
    ) => ({
      name: `segment: segment_format ${segment_format}`,
      write: { options: { format: "segment", url: `${folder}/new%03d`, options: { segment_format } } },
      expected: { says: /opens files or sockets by itself|not supported|Muxer not found/ },
    })),
  ];
}

function ofOutputs({ folder, tcp }: Canary): Hostile[] {
  const hls = (options: Record<string, string | number>, url = `${folder}/old.m3u8`) => ({
    write: { options: { format: "hls", url, options } },
  });
  const dash = (options: Record<string, string | number>, url = `${folder}/old.mpd`) => ({
    write: { options: { format: "dash", url, options } },
  });
  const first = { refused: `${folder}/old0.ts` };
  return [
    { name: "hls output: segments", ...hls({}), expected: first },
    {
      name: "hls output: over http",
      ...hls({ method: "PUT" }, `http://127.0.0.1:${tcp}/a.m3u8`),
      expected: { refused: `http://127.0.0.1:${tcp}/a0.ts` },
    },
    { name: "hls output: temporary files", ...hls({ hls_flags: "temp_file" }), expected: first },
    {
      name: "hls output: old segments deleted",
      ...hls({ hls_flags: "delete_segments", hls_list_size: 1, hls_delete_threshold: 1, hls_time: 0 }),
      expected: first,
    },
    {
      name: "hls output: old segments deleted, of the old playlist",
      ...hls({ hls_flags: "delete_segments+append_list", hls_list_size: 1, hls_delete_threshold: 1 }),
      expected: { says: /refused to open/ },
    },
    {
      name: "hls output: append_list",
      ...hls({ hls_flags: "append_list" }),
      expected: { says: /refused to open/ },
    },
    {
      name: "hls output: folders of variants",
      ...hls({ var_stream_map: "v:0,a:0" }, `${folder}/new/%v/index.m3u8`),
      expected: { refused: `${folder}/new/0/index0.ts` },
    },
    {
      name: "hls output: folders of variants, of segments",
      ...hls(
        { var_stream_map: "v:0,a:0", hls_segment_filename: `${folder}/new/%v/a%d.ts` },
        `${folder}/%v.m3u8`,
      ),
      expected: { says: /refused to open|%v/ },
    },
    {
      name: "hls output: master playlist",
      ...hls({ var_stream_map: "v:0,a:0", master_pl_name: "old.m3u8" }, `${folder}/%v.m3u8`),
      expected: { says: /refused to open/ },
    },
    {
      name: "hls output: strftime_mkdir",
      ...hls({ strftime: 1, strftime_mkdir: 1, hls_segment_filename: `${folder}/new/%Y/a.ts` }),
      expected: { says: /option strftime_mkdir: can only be 0 here/ },
    },
    {
      name: "hls output: strftime",
      ...hls({ strftime: 1, hls_segment_filename: `${folder}/new/%%/a.ts` }),
      expected: { says: /refused to open/ },
    },
    {
      name: "hls output: hls_key_info_file",
      ...hls({ hls_key_info_file: `${folder}/key.info` }),
      expected: { says: /option hls_key_info_file: outputs can't be encrypted here/ },
    },
    {
      name: "hls output: hls_enc",
      ...hls({ hls_enc: 1, hls_enc_key: "0123456789abcdef" }),
      expected: { says: /option hls_enc: can only be 0 here/ },
    },
    {
      name: "hls output: fmp4",
      ...hls({ hls_segment_type: "fmp4" }),
      expected: { says: /refused to open/ },
    },
    {
      name: "hls output: single_file",
      ...hls({ hls_flags: "single_file" }),
      expected: { says: /refused to open/ },
    },
    {
      name: "hls output: ignore_io_errors",
      ...hls({ ignore_io_errors: 1 }),
      expected: { says: /option ignore_io_errors: can only be 0 here/ },
    },
    {
      name: "hls output: http_persistent",
      ...hls({ http_persistent: 1 }, `http://127.0.0.1:${tcp}/a.m3u8`),
      expected: { says: /option http_persistent: can only be 0 here/ },
    },
    { name: "dash output: segments", ...dash({}), expected: { refused: `${folder}/init-stream0.m4s` } },
    {
      name: "dash output: over http",
      ...dash({ method: "PUT" }, `http://127.0.0.1:${tcp}/a.mpd`),
      expected: { refused: `http://127.0.0.1:${tcp}/init-stream0.m4s` },
    },
    {
      name: "dash output: single_file",
      ...dash({ single_file: 1 }),
      expected: { says: /refused to open/ },
      system: { says: /option single_file|refused to open/ },
    },
    {
      name: "dash output: single_file_name",
      ...dash({ single_file_name: "new.mp4" }),
      expected: { says: /refused to open/ },
      system: { says: /./ },
    },
    {
      name: "dash output: old segments deleted",
      ...dash({ window_size: 1, extra_window_size: 0, remove_at_exit: 1, seg_duration: "0.04" }),
      expected: { says: /refused to open/ },
    },
    {
      name: "dash output: hls playlists",
      ...dash({ hls_playlist: 1 }),
      expected: { says: /refused to open/ },
    },
    {
      name: "segment output: list",
      write: {
        options: {
          format: "segment",
          url: `${folder}/new%03d.ts`,
          options: { segment_list: `${folder}/old.m3u8`, segment_list_size: 1, segment_time: "0.04" },
        },
      },
      expected: { says: /refused to open/ },
    },
    {
      name: "segment output: header file",
      write: {
        options: {
          format: "segment",
          url: `${folder}/new%03d.ts`,
          options: { segment_header_filename: `${folder}/new.head` },
        },
      },
      expected: { says: /refused to open|Invalid argument/ },
    },
    {
      name: "image2 output: pictures",
      write: { media: "picture", options: { format: "image2", url: `${folder}/%04d.png` } },
      expected: { refused: `${folder}/0001.png` },
    },
    {
      name: "image2 output: atomic_writing",
      write: {
        media: "picture",
        options: { format: "image2", url: `${folder}/%04d.png`, options: { atomic_writing: 1 } },
      },
      expected: { says: /option atomic_writing: can only be 0 here/ },
    },
    {
      name: "image2 output: strftime",
      write: {
        media: "picture",
        options: { format: "image2", url: `${folder}/new%Y.png`, options: { strftime: 1 } },
      },
      expected: { says: /refused to open/ },
    },
    {
      name: "mp4 output: faststart",
      write: { options: { format: "mp4", url: `${folder}/new.mp4`, options: { movflags: "faststart" } } },
      expected: { asks: [] },
    },
    {
      name: "mpegts output: called by the name of a file",
      write: { options: { format: "mpegts", url: `${folder}/secret.ts` } },
      expected: { asks: [] },
    },
  ];
}

/** All cases. */
export function hostile(canary: Canary): Hostile[] {
  return [
    ...ofPlaylists(canary),
    ...ofManifests(canary),
    ...ofScripts(canary),
    ...ofNeighbours(canary),
    ...ofRefusedOutputs(canary),
    ...ofOutputs(canary),
  ];
}
