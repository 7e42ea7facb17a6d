# shellcheck shell=bash
#
# Lean libraries: --formats=LIST leaves out all demuxers and muxers except those in the list.

# The formats that people upload, as in uploadFormats (format/upload_formats.ts), by their names in FFmpeg's configure; and the
# formats to which they can be remuxed. No playlists, no scripts, nothing that opens other files.
UPLOAD_DEMUXERS='aac ac3 aiff amr ape asf ass av1 avi caf dts eac3 flac flv gif h264 hevc image_jpeg_pipe image_png_pipe
image_webp_pipe ivf m4v matroska mov mp3 mpegps mpegts mpegvideo mxf obu ogg rm srt tta w64 wav webvtt wv'
UPLOAD_MUXERS='adts flac gif ipod matroska matroska_audio mov mp3 mp4 mpegts null oga ogg opus srt wav webm webvtt'

# Sets $demuxers and $muxers, lists of words: both empty for everything.
choose_formats() {
  demuxers='' muxers=''
  case $formats in
    '') ;;
    upload) demuxers=$UPLOAD_DEMUXERS muxers=$UPLOAD_MUXERS ;;
    *) demuxers=${formats//,/ } muxers=$demuxers ;;
  esac
}

# Manifests are XML.
need_libxml2() { case " $demuxers " in *' dash '* | *' imf '* | '  ') ;; *) false ;; esac; }

# The options of FFmpeg's configure for them.
format_options() {
  local name
  [ -n "$demuxers" ] || return 0
  echo "--disable-demuxers" "--disable-muxers"
  for name in $demuxers; do echo "--enable-demuxer=$name"; done
  for name in $muxers; do echo "--enable-muxer=$name"; done
}

# A name that FFmpeg does not have is an error. (Many names are only a demuxer, or only a muxer.)
check_formats() {
  local name
  for name in $demuxers $muxers; do
    grep -Eq "ff_${name}_(de)?muxer;" "$source_folder/libavformat/allformats.c" ||
      die "FFmpeg $version has no format $name" "Names are those of its libavformat/allformats.c: mov, matroska, mpegts, ..."
  done
}
