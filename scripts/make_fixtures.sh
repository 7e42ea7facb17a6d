#!/usr/bin/env bash
#
# Makes the files in fixtures/: FFmpeg's test picture and a tone, encoded small. They are committed, so this is run only
# to change them. The same ffmpeg gives the same bytes (bit-exact flags, one thread); another version may give others,
# which does not matter: the tests compare with what ffprobe reports about the present files.
#
# Needs the ffmpeg command with libx264, libvpx, libopus, libvorbis and libmp3lame.
#
#   scripts/make_fixtures.sh [FOLDER]      default: fixtures/

set -euo pipefail

folder=${1:-$(dirname "${BASH_SOURCE[0]}")/../fixtures}
mkdir -p "$folder"
cd "$folder"

# ff ARGUMENT...: ffmpeg, quiet and reproducible; the last argument is the output.
ff() {
  local arguments=("${@:1:$#-1}") output=${!#}
  ffmpeg -nostdin -hide_banner -loglevel error -y "${arguments[@]}" \
    -threads 1 -fflags +bitexact -flags +bitexact -sws_flags bitexact "$output"
}

# ---------------------------------------------------------------- sources and codecs

picture=(-f lavfi -i "testsrc=size=320x180:rate=25:duration=3")
small_picture=(-f lavfi -i "testsrc=size=160x90:rate=25:duration=3")
tone=(-f lavfi -i "sine=frequency=440:sample_rate=44100:duration=3")
stereo=(-ac 2)

# One key frame per second, with B-frames.
h264=(-c:v libx264 -preset veryfast -crf 30 -pix_fmt yuv420p -g 25 -keyint_min 25 -sc_threshold 0 -bf 2)
aac=(-c:a aac -b:a 48k)

# ---------------------------------------------------------------- H.264 and AAC: one encoding, many containers

ff "${picture[@]}" "${tone[@]}" "${stereo[@]}" "${h264[@]}" "${aac[@]}" -shortest -metadata title="avio test" video.mp4
ff -i video.mp4 -c copy -movflags +faststart faststart.mp4
ff -i video.mp4 -c copy -movflags +frag_keyframe+empty_moov fragmented.mp4
ff -i video.mp4 -c copy video.mkv
ff -i video.mp4 -c copy video.ts
ff -i video.mp4 -c copy video.flv

# The index of video.mp4 is at the end, so its first half has none: "moov atom not found".
head -c $(($(wc -c <video.mp4) / 2)) video.mp4 >cut.mp4

# ---------------------------------------------------------------- other codecs

ff "${small_picture[@]}" "${tone[@]}" "${stereo[@]}" -c:v mpeg4 -q:v 20 -g 25 -c:a libmp3lame -b:a 64k -shortest \
  -metadata title="avio test" video.avi
ff "${small_picture[@]}" "${tone[@]}" "${stereo[@]}" -c:v libvpx-vp9 -pix_fmt yuv420p -b:v 60k -deadline realtime -cpu-used 8 \
  -row-mt 0 -g 25 -c:a libopus -b:a 32k -shortest -metadata title="avio test" video.webm
# Pixels that are not square; only the container has their aspect ratio.
ff -t 1 "${small_picture[@]}" -vf setsar=4/3 -c:v libvpx-vp9 -pix_fmt yuv420p -b:v 20k -deadline realtime -cpu-used 8 \
  -row-mt 0 anamorphic.webm
ff "${tone[@]}" "${stereo[@]}" -c:a libvorbis -q:a 1 -metadata title="avio test" audio.ogg
ff "${tone[@]}" "${stereo[@]}" -c:a libmp3lame -b:a 64k -metadata title="avio test" audio.mp3
ff -t 1.5 "${tone[@]}" -ac 1 -ar 22050 -c:a pcm_s16le -metadata title="avio test" audio.wav
ff "${tone[@]}" "${stereo[@]}" -ar 22050 -c:a flac -metadata title="avio test" audio.flac

# ---------------------------------------------------------------- pictures

ff -f lavfi -i "testsrc=size=160x90:rate=1:duration=1" -frames:v 1 -c:v mjpeg -pix_fmt yuvj420p -q:v 8 \
  -update 1 -f image2 image.jpeg
ff -f lavfi -i "testsrc=size=160x90:rate=1:duration=1" -frames:v 1 -c:v png -update 1 -f image2 image.png

# ---------------------------------------------------------------- subtitles, chapters, an attachment, a cover

parts=$(mktemp -d)
trap 'rm -rf "$parts"' EXIT
cat >"$parts/words.srt" <<'WORDS'
1
00:00:00,500 --> 00:00:01,500
First words

2
00:00:02,000 --> 00:00:02,800
Last <i>words</i>
WORDS
cat >"$parts/chapters.txt" <<'CHAPTERS'
;FFMETADATA1
title=avio test
artist=nobody
[CHAPTER]
TIMEBASE=1/1000
START=0
END=1200
title=One
[CHAPTER]
TIMEBASE=1/1000
START=1200
END=3000
title=Two
CHAPTERS
printf 'Not a font.\n' >"$parts/note.txt"
ff -i video.mp4 -i "$parts/words.srt" -i "$parts/chapters.txt" -map 0 -map 1 -map_metadata 2 -map_chapters 2 \
  -c copy -c:s subrip -metadata:s:a language=deu -metadata:s:s language=eng -disposition:s +forced \
  -attach "$parts/note.txt" -metadata:s:t mimetype=text/plain -metadata:s:t filename=note.txt subtitles.mkv
ff -i audio.mp3 -i image.jpeg -map 0 -map 1 -c copy -disposition:v attached_pic cover.mp3

du -cb -- *.* | sort -n
