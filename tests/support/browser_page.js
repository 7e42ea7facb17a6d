// The functions of browser_test.ts in the page: they play, decode, record, and return what was seen. Plain JavaScript, as it is
// served without changes.

/** Resolves with an event, or rejects with an error event. */
function once(target, name) {
  return new Promise((resolve, reject) => {
    target.addEventListener(name, resolve, { once: true });
    target.addEventListener("error", () => reject(new Error(target.error?.message ?? "error")), {
      once: true,
    });
  });
}

/** The promise, or an error if it takes too long. */
function inTime(work) {
  return (...args) =>
    Promise.race([
      work(...args),
      new Promise((_, reject) =>
        setTimeout(() => reject(new Error(`${work.name} did not end: ${args}`)), 30_000)
      ),
    ]);
}

/** The brightness of a picture, 0 to 255, and the variation of its pixels. */
function look(picture, width, height) {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d");
  context.drawImage(picture, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  const values = data.filter((_, at) => at % 4 !== 3);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const spread = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
  return { mean, spread };
}

/** Plays until a time, and returns what was seen. */
async function watch(video, until) {
  video.muted = true;
  await video.play();
  const first = video.currentTime;
  while (video.currentTime < until && !video.ended) await once(video, "timeupdate");
  video.pause();
  return {
    first,
    time: video.currentTime,
    frames: video.getVideoPlaybackQuality().totalVideoFrames,
    picture: video.videoWidth > 0 ? look(video, video.videoWidth, video.videoHeight) : null,
    width: video.videoWidth,
    duration: video.duration,
    audio: video.webkitAudioDecodedByteCount,
  };
}

function makeVideo() {
  const video = document.createElement("video");
  document.body.replaceChildren(video);
  return video;
}

/** Plays a URL in a video element. */
async function play(url, until) {
  const video = makeVideo();
  video.src = url;
  await once(video, "loadeddata");
  return watch(video, until);
}

/** Plays an HLS playlist by hls.js, from a time on. */
async function playHls(url, until, from = 0) {
  const { Hls } = globalThis;
  const video = makeVideo();
  const hls = new Hls({ startPosition: from });
  let failed = null;
  hls.on(Hls.Events.ERROR, (_, data) => data.fatal && (failed = data.details));
  hls.loadSource(url);
  hls.attachMedia(video);
  await once(video, "loadeddata");
  const seen = await watch(video, until);
  const buffered = Array.from({ length: video.buffered.length }, (_, index) => video.buffered.start(index));
  hls.destroy();
  return { ...seen, failed, buffered };
}

/** Plays by Media Source Extensions: with the type that the server sends, appending bytes as they arrive, from a time on. */
async function playMse(url, until, from = 0) {
  const video = makeVideo();
  const source = new MediaSource();
  video.src = URL.createObjectURL(source);
  await once(source, "sourceopen");
  const response = await fetch(url);
  const type = response.headers.get("content-type");
  const buffer = source.addSourceBuffer(type);
  for await (const chunk of response.body) {
    buffer.appendBuffer(chunk);
    await once(buffer, "updateend");
  }
  source.endOfStream();
  const buffered = [buffer.buffered.start(0), buffer.buffered.end(0)];
  video.currentTime = from;
  return { ...await watch(video, until), type, buffered };
}

/** Decodes avio's packets by WebCodecs. */
async function decode(url) {
  const { config, chunks } = await (await fetch(url)).json();
  if (config.description) config.description = Uint8Array.fromBase64(config.description);
  const isVideo = "codedWidth" in config;
  const seen = {
    codec: config.codec,
    chunks: chunks.length,
    frames: 0,
    samples: 0,
    times: [],
    picture: null,
    peak: 0,
  };
  const output = (frame) => {
    seen.frames++;
    seen.times.push(frame.timestamp);
    if (!isVideo) {
      seen.samples += frame.numberOfFrames;
      const samples = new Float32Array(frame.numberOfFrames);
      frame.copyTo(samples, { planeIndex: 0, format: "f32-planar" });
      seen.peak = Math.max(seen.peak, ...samples);
    } else if (!seen.picture) seen.picture = look(frame, frame.displayWidth, frame.displayHeight);
    frame.close();
  };
  let failed = null;
  const error = (reason) => failed = reason;
  const [Decoder, Chunk] = isVideo ? [VideoDecoder, EncodedVideoChunk] : [AudioDecoder, EncodedAudioChunk];
  const { supported } = await Decoder.isConfigSupported(config);
  if (!supported) return { ...seen, supported };
  const decoder = new Decoder({ output, error });
  decoder.configure(config);
  for (const { data, ...init } of chunks) {
    decoder.decode(new Chunk({ ...init, data: Uint8Array.fromBase64(data) }));
  }
  await decoder.flush().catch((reason) => failed ??= reason);
  return { ...seen, supported, failed: failed && String(failed) };
}

/** Records moving pictures and a tone by WebCodecs; sends configurations and chunks over a WebSocket. */
async function record(url, codec, seconds, meanwhile) {
  const socket = new WebSocket(url);
  await once(socket, "open");
  const answers = [];
  socket.onmessage = ({ data }) => answers.push(data);
  let failed = null;
  const error = (reason) => failed = reason;
  const send = (kind) => (chunk, metadata) => {
    const config = metadata?.decoderConfig;
    if (config) {
      const description = config.description && new Uint8Array(config.description).toBase64();
      socket.send(JSON.stringify({ kind, config: { ...config, description } }));
    }
    const { type, timestamp, duration, byteLength } = chunk;
    const data = new Uint8Array(byteLength);
    chunk.copyTo(data);
    socket.send(JSON.stringify({ kind, chunk: { type, timestamp, duration, data: data.toBase64() } }));
  };
  const [width, height, rate, RATE] = [320, 180, 25, 48000];
  const video = new VideoEncoder({ output: send("video"), error });
  video.configure({ codec, width, height, framerate: rate, bitrate: 500_000, latencyMode: "realtime" });
  const audio = new AudioEncoder({ output: send("audio"), error });
  audio.configure({ codec: "opus", sampleRate: RATE, numberOfChannels: 1 });
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d");
  let played = null;
  for (let frame = 0; frame < seconds * rate; frame++) {
    context.fillStyle = `hsl(${frame * 5} 80% 60%)`;
    context.fillRect(0, 0, width, height);
    context.fillStyle = "white";
    context.fillRect(frame * 3 % width, 40, 60, 90);
    const timestamp = Math.round(frame * 1e6 / rate);
    const picture = new VideoFrame(canvas, { timestamp, duration: 1e6 / rate });
    video.encode(picture, { keyFrame: frame % rate === 0 });
    picture.close();
    const samples = Float32Array.from(
      { length: RATE / rate },
      (_, at) => Math.sin((frame * RATE / rate + at) / 17) / 3,
    );
    const sound = new AudioData({
      format: "f32-planar",
      sampleRate: RATE,
      numberOfChannels: 1,
      numberOfFrames: samples.length,
      timestamp,
      data: samples,
    });
    audio.encode(sound);
    sound.close();
    // Plays what was recorded so far, before the rest is recorded.
    if (frame === (seconds - 1) * rate && meanwhile) {
      while (!answers.includes("ready")) await once(socket, "message");
      played = await playHls(meanwhile, 1);
    }
  }
  await Promise.all([video.flush(), audio.flush()]);
  socket.send(JSON.stringify({ kind: "end" }));
  while (!answers.includes("done")) await once(socket, "message");
  socket.close();
  return { failed: failed && String(failed), played };
}

const works = { play, playHls, playMse, decode, record };
globalThis.avio = Object.fromEntries(Object.entries(works).map(([name, work]) => [name, inTime(work)]));
globalThis.canPlay = (type) => document.createElement("video").canPlayType(type);
