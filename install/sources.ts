// deno-fmt-ignore-file
/**
 * The sources that the shared library is built from, as text inside the modules: they come with the package, checked
 * as all of it is. Written by scripts/list_sources.ts.
 */
import check_sh from "../scripts/build/check.sh" with { type: "text" };
import ffmpeg_sh from "../scripts/build/ffmpeg.sh" with { type: "text" };
import ffmpeg_source_sh from "../scripts/build/ffmpeg_source.sh" with { type: "text" };
import formats_sh from "../scripts/build/formats.sh" with { type: "text" };
import imports_sh from "../scripts/build/imports.sh" with { type: "text" };
import libxml2_sh from "../scripts/build/libxml2.sh" with { type: "text" };
import seal_sh from "../scripts/build/seal.sh" with { type: "text" };
import shim_sh from "../scripts/build/shim.sh" with { type: "text" };
import tarballs_sh from "../scripts/build/tarballs.sh" with { type: "text" };
import target_sh from "../scripts/build/target.sh" with { type: "text" };
import tools_sh from "../scripts/build/tools.sh" with { type: "text" };
import zlib_sh from "../scripts/build/zlib.sh" with { type: "text" };
import build_shim_sh from "../scripts/build_shim.sh" with { type: "text" };
import account_c from "../shim/account.c" with { type: "text" };
import account_h from "../shim/account.h" with { type: "text" };
import ahead_c from "../shim/ahead.c" with { type: "text" };
import ahead_h from "../shim/ahead.h" with { type: "text" };
import avs_h from "../shim/avs.h" with { type: "text" };
import behind_c from "../shim/behind.c" with { type: "text" };
import behind_h from "../shim/behind.h" with { type: "text" };
import channel_c from "../shim/channel.c" with { type: "text" };
import channel_h from "../shim/channel.h" with { type: "text" };
import client_c from "../shim/client.c" with { type: "text" };
import client_h from "../shim/client.h" with { type: "text" };
import compat_h from "../shim/compat.h" with { type: "text" };
import contain_c from "../shim/contain.c" with { type: "text" };
import contain_h from "../shim/contain.h" with { type: "text" };
import data_url_c from "../shim/data_url.c" with { type: "text" };
import data_url_h from "../shim/data_url.h" with { type: "text" };
import decipher_c from "../shim/decipher.c" with { type: "text" };
import decipher_h from "../shim/decipher.h" with { type: "text" };
import describe_c from "../shim/describe.c" with { type: "text" };
import dvb_text_c from "../shim/dvb_text.c" with { type: "text" };
import dvb_text_h from "../shim/dvb_text.h" with { type: "text" };
import endpoint_c from "../shim/endpoint.c" with { type: "text" };
import endpoint_h from "../shim/endpoint.h" with { type: "text" };
import escape_c from "../shim/escape.c" with { type: "text" };
import escape_h from "../shim/escape.h" with { type: "text" };
import aac_adts_long_patch from "../shim/ffmpeg/aac-adts-long.patch" with { type: "text" };
import afgs1_points_patch from "../shim/ffmpeg/afgs1-points.patch" with { type: "text" };
import av1_frame_merge_limit_7_patch from "../shim/ffmpeg/av1-frame-merge-limit-7.patch" with { type: "text" };
import av1_frame_merge_limit_9_patch from "../shim/ffmpeg/av1-frame-merge-limit-9.patch" with { type: "text" };
import dash_attribute_patch from "../shim/ffmpeg/dash-attribute.patch" with { type: "text" };
import dash_baseurl_room_patch from "../shim/ffmpeg/dash-baseurl-room.patch" with { type: "text" };
import dash_range_7_patch from "../shim/ffmpeg/dash-range-7.patch" with { type: "text" };
import dash_refresh_7_patch from "../shim/ffmpeg/dash-refresh-7.patch" with { type: "text" };
import dash_repeat_7_patch from "../shim/ffmpeg/dash-repeat-7.patch" with { type: "text" };
import dash_repeat_9_patch from "../shim/ffmpeg/dash-repeat-9.patch" with { type: "text" };
import dash_segment_length_7_patch from "../shim/ffmpeg/dash-segment-length-7.patch" with { type: "text" };
import dash_segment_list_patch from "../shim/ffmpeg/dash-segment-list.patch" with { type: "text" };
import dash_timescale_patch from "../shim/ffmpeg/dash-timescale.patch" with { type: "text" };
import dovi_framerate_7_patch from "../shim/ffmpeg/dovi-framerate-7.patch" with { type: "text" };
import dovi_framerate_9_patch from "../shim/ffmpeg/dovi-framerate-9.patch" with { type: "text" };
import dovi_null_patch from "../shim/ffmpeg/dovi-null.patch" with { type: "text" };
import dts2pts_two_fields_patch from "../shim/ffmpeg/dts2pts-two-fields.patch" with { type: "text" };
import dvbsub_size_7_patch from "../shim/ffmpeg/dvbsub-size-7.patch" with { type: "text" };
import eval_steps_7_patch from "../shim/ffmpeg/eval-steps-7.patch" with { type: "text" };
import eval_steps_9_patch from "../shim/ffmpeg/eval-steps-9.patch" with { type: "text" };
import exif_budget_7_patch from "../shim/ffmpeg/exif-budget-7.patch" with { type: "text" };
import exif_budget_9_patch from "../shim/ffmpeg/exif-budget-9.patch" with { type: "text" };
import flac_recursion_patch from "../shim/ffmpeg/flac-recursion.patch" with { type: "text" };
import frame_duration_range_patch from "../shim/ffmpeg/frame-duration-range.patch" with { type: "text" };
import get_bits_empty_7_patch from "../shim/ffmpeg/get-bits-empty-7.patch" with { type: "text" };
import get_bits_empty_9_patch from "../shim/ffmpeg/get-bits-empty-9.patch" with { type: "text" };
import h264_headers_patch from "../shim/ffmpeg/h264-headers.patch" with { type: "text" };
import hdrplus_zero_patch from "../shim/ffmpeg/hdrplus-zero.patch" with { type: "text" };
import hevc_pps_dlt_patch from "../shim/ffmpeg/hevc-pps-dlt.patch" with { type: "text" };
import hls_abandoned_patch from "../shim/ffmpeg/hls-abandoned.patch" with { type: "text" };
import hls_master_tags_7_patch from "../shim/ffmpeg/hls-master-tags-7.patch" with { type: "text" };
import hls_read_lines_7_patch from "../shim/ffmpeg/hls-read-lines-7.patch" with { type: "text" };
import hls_read_lines_9_patch from "../shim/ffmpeg/hls-read-lines-9.patch" with { type: "text" };
import hvcc_count_7_patch from "../shim/ffmpeg/hvcc-count-7.patch" with { type: "text" };
import iamf_labels_7_patch from "../shim/ffmpeg/iamf-labels-7.patch" with { type: "text" };
import index_buffers_patch from "../shim/ffmpeg/index-buffers.patch" with { type: "text" };
import index_order_patch from "../shim/ffmpeg/index-order.patch" with { type: "text" };
import init_info_free_patch from "../shim/ffmpeg/init-info-free.patch" with { type: "text" };
import jpegxl_toc_patch from "../shim/ffmpeg/jpegxl-toc.patch" with { type: "text" };
import lcevc_position_patch from "../shim/ffmpeg/lcevc-position.patch" with { type: "text" };
import metadata_limits_7_patch from "../shim/ffmpeg/metadata-limits-7.patch" with { type: "text" };
import metadata_limits_9_patch from "../shim/ffmpeg/metadata-limits-9.patch" with { type: "text" };
import mov_chapter_tracks_patch from "../shim/ffmpeg/mov-chapter-tracks.patch" with { type: "text" };
import mov_edit_steps_patch from "../shim/ffmpeg/mov-edit-steps.patch" with { type: "text" };
import mov_far_times_patch from "../shim/ffmpeg/mov-far-times.patch" with { type: "text" };
import mov_fragment_search_patch from "../shim/ffmpeg/mov-fragment-search.patch" with { type: "text" };
import mov_heif_tile_size_patch from "../shim/ffmpeg/mov-heif-tile-size.patch" with { type: "text" };
import mov_isml_hint_patch from "../shim/ffmpeg/mov-isml-hint.patch" with { type: "text" };
import mov_no_track_9_patch from "../shim/ffmpeg/mov-no-track-9.patch" with { type: "text" };
import mov_pssh_append_patch from "../shim/ffmpeg/mov-pssh-append.patch" with { type: "text" };
import mov_seek_steps_patch from "../shim/ffmpeg/mov-seek-steps.patch" with { type: "text" };
import mpeg_streams_7_patch from "../shim/ffmpeg/mpeg-streams-7.patch" with { type: "text" };
import mpegts_text_patch from "../shim/ffmpeg/mpegts-text.patch" with { type: "text" };
import mxf_index_segments_patch from "../shim/ffmpeg/mxf-index-segments.patch" with { type: "text" };
import mxf_references_patch from "../shim/ffmpeg/mxf-references.patch" with { type: "text" };
import opus_parser_rate_7_patch from "../shim/ffmpeg/opus-parser-rate-7.patch" with { type: "text" };
import pcm_rechunk_overflow_patch from "../shim/ffmpeg/pcm-rechunk-overflow.patch" with { type: "text" };
import protocol_list_c from "../shim/ffmpeg/protocol_list.c" with { type: "text" };
import sbg_expansion_patch from "../shim/ffmpeg/sbg-expansion.patch" with { type: "text" };
import sei_delete_patch from "../shim/ffmpeg/sei-delete.patch" with { type: "text" };
import spdif_core_7_patch from "../shim/ffmpeg/spdif-core-7.patch" with { type: "text" };
import strireplace_empty_patch from "../shim/ffmpeg/strireplace-empty.patch" with { type: "text" };
import ty_size_7_patch from "../shim/ffmpeg/ty-size-7.patch" with { type: "text" };
import unfilled_memory_patch from "../shim/ffmpeg/unfilled-memory.patch" with { type: "text" };
import vobsub_streams_7_patch from "../shim/ffmpeg/vobsub-streams-7.patch" with { type: "text" };
import vorbis_parser_once_7_patch from "../shim/ffmpeg/vorbis-parser-once-7.patch" with { type: "text" };
import vorbis_parser_once_9_patch from "../shim/ffmpeg/vorbis-parser-once-9.patch" with { type: "text" };
import vqf_tag_leak_7_patch from "../shim/ffmpeg/vqf-tag-leak-7.patch" with { type: "text" };
import vvcc_count_patch from "../shim/ffmpeg/vvcc-count.patch" with { type: "text" };
import wtv_nesting_patch from "../shim/ffmpeg/wtv-nesting.patch" with { type: "text" };
import wtv_pairs_patch from "../shim/ffmpeg/wtv-pairs.patch" with { type: "text" };
import xml_patch from "../shim/ffmpeg/xml.patch" with { type: "text" };
import fields_c from "../shim/fields.c" with { type: "text" };
import fields_h from "../shim/fields.h" with { type: "text" };
import formats_c from "../shim/formats.c" with { type: "text" };
import formats_h from "../shim/formats.h" with { type: "text" };
import handles_c from "../shim/handles.c" with { type: "text" };
import handles_h from "../shim/handles.h" with { type: "text" };
import headers_audio_c from "../shim/headers/audio.c" with { type: "text" };
import headers_bits_c from "../shim/headers/bits.c" with { type: "text" };
import headers_bits_h from "../shim/headers/bits.h" with { type: "text" };
import headers_dolby_c from "../shim/headers/dolby.c" with { type: "text" };
import headers_dts_c from "../shim/headers/dts.c" with { type: "text" };
import headers_ffv1_c from "../shim/headers/ffv1.c" with { type: "text" };
import headers_h264_c from "../shim/headers/h264.c" with { type: "text" };
import headers_headers_c from "../shim/headers/headers.c" with { type: "text" };
import headers_headers_h from "../shim/headers/headers.h" with { type: "text" };
import headers_images_c from "../shim/headers/images.c" with { type: "text" };
import headers_readers_h from "../shim/headers/readers.h" with { type: "text" };
import headers_subtitles_c from "../shim/headers/subtitles.c" with { type: "text" };
import headers_video_c from "../shim/headers/video.c" with { type: "text" };
import headers_vvc_c from "../shim/headers/vvc.c" with { type: "text" };
import input_backlog_c from "../shim/input/backlog.c" with { type: "text" };
import input_backlog_h from "../shim/input/backlog.h" with { type: "text" };
import input_batch_c from "../shim/input/batch.c" with { type: "text" };
import input_batch_h from "../shim/input/batch.h" with { type: "text" };
import input_early_c from "../shim/input/early.c" with { type: "text" };
import input_early_h from "../shim/input/early.h" with { type: "text" };
import input_ended_c from "../shim/input/ended.c" with { type: "text" };
import input_ended_h from "../shim/input/ended.h" with { type: "text" };
import input_guess_c from "../shim/input/guess.c" with { type: "text" };
import input_guess_h from "../shim/input/guess.h" with { type: "text" };
import input_hidden_c from "../shim/input/hidden.c" with { type: "text" };
import input_hidden_h from "../shim/input/hidden.h" with { type: "text" };
import input_input_c from "../shim/input/input.c" with { type: "text" };
import input_input_h from "../shim/input/input.h" with { type: "text" };
import input_landing_c from "../shim/input/landing.c" with { type: "text" };
import input_landing_h from "../shim/input/landing.h" with { type: "text" };
import input_open_c from "../shim/input/open.c" with { type: "text" };
import input_open_h from "../shim/input/open.h" with { type: "text" };
import input_parameters_c from "../shim/input/parameters.c" with { type: "text" };
import input_parameters_h from "../shim/input/parameters.h" with { type: "text" };
import input_places_c from "../shim/input/places.c" with { type: "text" };
import input_places_h from "../shim/input/places.h" with { type: "text" };
import input_seek_c from "../shim/input/seek.c" with { type: "text" };
import input_seek_h from "../shim/input/seek.h" with { type: "text" };
import input_shown_c from "../shim/input/shown.c" with { type: "text" };
import input_shown_h from "../shim/input/shown.h" with { type: "text" };
import input_whole_c from "../shim/input/whole.c" with { type: "text" };
import input_whole_h from "../shim/input/whole.h" with { type: "text" };
import input_window_c from "../shim/input/window.c" with { type: "text" };
import input_window_h from "../shim/input/window.h" with { type: "text" };
import io_c from "../shim/io.c" with { type: "text" };
import io_h from "../shim/io.h" with { type: "text" };
import isolate_c from "../shim/isolate.c" with { type: "text" };
import isolate_h from "../shim/isolate.h" with { type: "text" };
import location_c from "../shim/location.c" with { type: "text" };
import location_h from "../shim/location.h" with { type: "text" };
import log_c from "../shim/log.c" with { type: "text" };
import log_h from "../shim/log.h" with { type: "text" };
import memory_c from "../shim/memory.c" with { type: "text" };
import memory_h from "../shim/memory.h" with { type: "text" };
import nested_c from "../shim/nested.c" with { type: "text" };
import nested_h from "../shim/nested.h" with { type: "text" };
import node_api_c from "../shim/node_api.c" with { type: "text" };
import numbers_h from "../shim/numbers.h" with { type: "text" };
import operations_c from "../shim/operations.c" with { type: "text" };
import options_c from "../shim/options.c" with { type: "text" };
import output_cover_c from "../shim/output/cover.c" with { type: "text" };
import output_cover_h from "../shim/output/cover.h" with { type: "text" };
import output_filter_c from "../shim/output/filter.c" with { type: "text" };
import output_filter_h from "../shim/output/filter.h" with { type: "text" };
import output_framing_c from "../shim/output/framing.c" with { type: "text" };
import output_framing_h from "../shim/output/framing.h" with { type: "text" };
import output_header_c from "../shim/output/header.c" with { type: "text" };
import output_header_h from "../shim/output/header.h" with { type: "text" };
import output_latm_c from "../shim/output/latm.c" with { type: "text" };
import output_latm_h from "../shim/output/latm.h" with { type: "text" };
import output_output_c from "../shim/output/output.c" with { type: "text" };
import output_output_h from "../shim/output/output.h" with { type: "text" };
import output_packets_c from "../shim/output/packets.c" with { type: "text" };
import output_packets_h from "../shim/output/packets.h" with { type: "text" };
import output_quirks_c from "../shim/output/quirks.c" with { type: "text" };
import output_quirks_h from "../shim/output/quirks.h" with { type: "text" };
import output_segments_c from "../shim/output/segments.c" with { type: "text" };
import output_segments_h from "../shim/output/segments.h" with { type: "text" };
import output_write_c from "../shim/output/write.c" with { type: "text" };
import output_write_h from "../shim/output/write.h" with { type: "text" };
import packet_c from "../shim/packet.c" with { type: "text" };
import packet_h from "../shim/packet.h" with { type: "text" };
import plain_c from "../shim/plain.c" with { type: "text" };
import plain_h from "../shim/plain.h" with { type: "text" };
import platform_c from "../shim/platform.c" with { type: "text" };
import platform_h from "../shim/platform.h" with { type: "text" };
import platform_windows_c from "../shim/platform_windows.c" with { type: "text" };
import remux_carries_c from "../shim/remux/carries.c" with { type: "text" };
import remux_carries_h from "../shim/remux/carries.h" with { type: "text" };
import remux_clock_c from "../shim/remux/clock.c" with { type: "text" };
import remux_clock_h from "../shim/remux/clock.h" with { type: "text" };
import remux_cut_c from "../shim/remux/cut.c" with { type: "text" };
import remux_cut_h from "../shim/remux/cut.h" with { type: "text" };
import remux_fit_c from "../shim/remux/fit.c" with { type: "text" };
import remux_fit_h from "../shim/remux/fit.h" with { type: "text" };
import remux_leading_c from "../shim/remux/leading.c" with { type: "text" };
import remux_leading_h from "../shim/remux/leading.h" with { type: "text" };
import remux_merge_c from "../shim/remux/merge.c" with { type: "text" };
import remux_merge_h from "../shim/remux/merge.h" with { type: "text" };
import remux_order_c from "../shim/remux/order.c" with { type: "text" };
import remux_order_h from "../shim/remux/order.h" with { type: "text" };
import remux_remux_c from "../shim/remux/remux.c" with { type: "text" };
import remux_remux_h from "../shim/remux/remux.h" with { type: "text" };
import remux_result_c from "../shim/remux/result.c" with { type: "text" };
import remux_result_h from "../shim/remux/result.h" with { type: "text" };
import remux_times_c from "../shim/remux/times.c" with { type: "text" };
import remux_times_h from "../shim/remux/times.h" with { type: "text" };
import request_c from "../shim/request.c" with { type: "text" };
import request_h from "../shim/request.h" with { type: "text" };
import sealed_c from "../shim/sealed.c" with { type: "text" };
import session_c from "../shim/session.c" with { type: "text" };
import session_h from "../shim/session.h" with { type: "text" };
import set_c from "../shim/set.c" with { type: "text" };
import structures_c from "../shim/structures.c" with { type: "text" };
import structures_h from "../shim/structures.h" with { type: "text" };
import tags_c from "../shim/tags.c" with { type: "text" };
import tags_h from "../shim/tags.h" with { type: "text" };
import text_c from "../shim/text.c" with { type: "text" };
import text_h from "../shim/text.h" with { type: "text" };
import unsound_c from "../shim/unsound.c" with { type: "text" };
import unsound_h from "../shim/unsound.h" with { type: "text" };
import warnings_c from "../shim/warnings.c" with { type: "text" };
import warnings_h from "../shim/warnings.h" with { type: "text" };
import worker_c from "../shim/worker.c" with { type: "text" };
import worker_h from "../shim/worker.h" with { type: "text" };
import xml_c from "../shim/xml.c" with { type: "text" };
import xml_h from "../shim/xml.h" with { type: "text" };

/** Texts of the files by their paths. */
export const sources: Readonly<Record<string, string>> = {
  "scripts/build/check.sh": check_sh,
  "scripts/build/ffmpeg.sh": ffmpeg_sh,
  "scripts/build/ffmpeg_source.sh": ffmpeg_source_sh,
  "scripts/build/formats.sh": formats_sh,
  "scripts/build/imports.sh": imports_sh,
  "scripts/build/libxml2.sh": libxml2_sh,
  "scripts/build/seal.sh": seal_sh,
  "scripts/build/shim.sh": shim_sh,
  "scripts/build/tarballs.sh": tarballs_sh,
  "scripts/build/target.sh": target_sh,
  "scripts/build/tools.sh": tools_sh,
  "scripts/build/zlib.sh": zlib_sh,
  "scripts/build_shim.sh": build_shim_sh,
  "shim/account.c": account_c,
  "shim/account.h": account_h,
  "shim/ahead.c": ahead_c,
  "shim/ahead.h": ahead_h,
  "shim/avs.h": avs_h,
  "shim/behind.c": behind_c,
  "shim/behind.h": behind_h,
  "shim/channel.c": channel_c,
  "shim/channel.h": channel_h,
  "shim/client.c": client_c,
  "shim/client.h": client_h,
  "shim/compat.h": compat_h,
  "shim/contain.c": contain_c,
  "shim/contain.h": contain_h,
  "shim/data_url.c": data_url_c,
  "shim/data_url.h": data_url_h,
  "shim/decipher.c": decipher_c,
  "shim/decipher.h": decipher_h,
  "shim/describe.c": describe_c,
  "shim/dvb_text.c": dvb_text_c,
  "shim/dvb_text.h": dvb_text_h,
  "shim/endpoint.c": endpoint_c,
  "shim/endpoint.h": endpoint_h,
  "shim/escape.c": escape_c,
  "shim/escape.h": escape_h,
  "shim/ffmpeg/aac-adts-long.patch": aac_adts_long_patch,
  "shim/ffmpeg/afgs1-points.patch": afgs1_points_patch,
  "shim/ffmpeg/av1-frame-merge-limit-7.patch": av1_frame_merge_limit_7_patch,
  "shim/ffmpeg/av1-frame-merge-limit-9.patch": av1_frame_merge_limit_9_patch,
  "shim/ffmpeg/dash-attribute.patch": dash_attribute_patch,
  "shim/ffmpeg/dash-baseurl-room.patch": dash_baseurl_room_patch,
  "shim/ffmpeg/dash-range-7.patch": dash_range_7_patch,
  "shim/ffmpeg/dash-refresh-7.patch": dash_refresh_7_patch,
  "shim/ffmpeg/dash-repeat-7.patch": dash_repeat_7_patch,
  "shim/ffmpeg/dash-repeat-9.patch": dash_repeat_9_patch,
  "shim/ffmpeg/dash-segment-length-7.patch": dash_segment_length_7_patch,
  "shim/ffmpeg/dash-segment-list.patch": dash_segment_list_patch,
  "shim/ffmpeg/dash-timescale.patch": dash_timescale_patch,
  "shim/ffmpeg/dovi-framerate-7.patch": dovi_framerate_7_patch,
  "shim/ffmpeg/dovi-framerate-9.patch": dovi_framerate_9_patch,
  "shim/ffmpeg/dovi-null.patch": dovi_null_patch,
  "shim/ffmpeg/dts2pts-two-fields.patch": dts2pts_two_fields_patch,
  "shim/ffmpeg/dvbsub-size-7.patch": dvbsub_size_7_patch,
  "shim/ffmpeg/eval-steps-7.patch": eval_steps_7_patch,
  "shim/ffmpeg/eval-steps-9.patch": eval_steps_9_patch,
  "shim/ffmpeg/exif-budget-7.patch": exif_budget_7_patch,
  "shim/ffmpeg/exif-budget-9.patch": exif_budget_9_patch,
  "shim/ffmpeg/flac-recursion.patch": flac_recursion_patch,
  "shim/ffmpeg/frame-duration-range.patch": frame_duration_range_patch,
  "shim/ffmpeg/get-bits-empty-7.patch": get_bits_empty_7_patch,
  "shim/ffmpeg/get-bits-empty-9.patch": get_bits_empty_9_patch,
  "shim/ffmpeg/h264-headers.patch": h264_headers_patch,
  "shim/ffmpeg/hdrplus-zero.patch": hdrplus_zero_patch,
  "shim/ffmpeg/hevc-pps-dlt.patch": hevc_pps_dlt_patch,
  "shim/ffmpeg/hls-abandoned.patch": hls_abandoned_patch,
  "shim/ffmpeg/hls-master-tags-7.patch": hls_master_tags_7_patch,
  "shim/ffmpeg/hls-read-lines-7.patch": hls_read_lines_7_patch,
  "shim/ffmpeg/hls-read-lines-9.patch": hls_read_lines_9_patch,
  "shim/ffmpeg/hvcc-count-7.patch": hvcc_count_7_patch,
  "shim/ffmpeg/iamf-labels-7.patch": iamf_labels_7_patch,
  "shim/ffmpeg/index-buffers.patch": index_buffers_patch,
  "shim/ffmpeg/index-order.patch": index_order_patch,
  "shim/ffmpeg/init-info-free.patch": init_info_free_patch,
  "shim/ffmpeg/jpegxl-toc.patch": jpegxl_toc_patch,
  "shim/ffmpeg/lcevc-position.patch": lcevc_position_patch,
  "shim/ffmpeg/metadata-limits-7.patch": metadata_limits_7_patch,
  "shim/ffmpeg/metadata-limits-9.patch": metadata_limits_9_patch,
  "shim/ffmpeg/mov-chapter-tracks.patch": mov_chapter_tracks_patch,
  "shim/ffmpeg/mov-edit-steps.patch": mov_edit_steps_patch,
  "shim/ffmpeg/mov-far-times.patch": mov_far_times_patch,
  "shim/ffmpeg/mov-fragment-search.patch": mov_fragment_search_patch,
  "shim/ffmpeg/mov-heif-tile-size.patch": mov_heif_tile_size_patch,
  "shim/ffmpeg/mov-isml-hint.patch": mov_isml_hint_patch,
  "shim/ffmpeg/mov-no-track-9.patch": mov_no_track_9_patch,
  "shim/ffmpeg/mov-pssh-append.patch": mov_pssh_append_patch,
  "shim/ffmpeg/mov-seek-steps.patch": mov_seek_steps_patch,
  "shim/ffmpeg/mpeg-streams-7.patch": mpeg_streams_7_patch,
  "shim/ffmpeg/mpegts-text.patch": mpegts_text_patch,
  "shim/ffmpeg/mxf-index-segments.patch": mxf_index_segments_patch,
  "shim/ffmpeg/mxf-references.patch": mxf_references_patch,
  "shim/ffmpeg/opus-parser-rate-7.patch": opus_parser_rate_7_patch,
  "shim/ffmpeg/pcm-rechunk-overflow.patch": pcm_rechunk_overflow_patch,
  "shim/ffmpeg/protocol_list.c": protocol_list_c,
  "shim/ffmpeg/sbg-expansion.patch": sbg_expansion_patch,
  "shim/ffmpeg/sei-delete.patch": sei_delete_patch,
  "shim/ffmpeg/spdif-core-7.patch": spdif_core_7_patch,
  "shim/ffmpeg/strireplace-empty.patch": strireplace_empty_patch,
  "shim/ffmpeg/ty-size-7.patch": ty_size_7_patch,
  "shim/ffmpeg/unfilled-memory.patch": unfilled_memory_patch,
  "shim/ffmpeg/vobsub-streams-7.patch": vobsub_streams_7_patch,
  "shim/ffmpeg/vorbis-parser-once-7.patch": vorbis_parser_once_7_patch,
  "shim/ffmpeg/vorbis-parser-once-9.patch": vorbis_parser_once_9_patch,
  "shim/ffmpeg/vqf-tag-leak-7.patch": vqf_tag_leak_7_patch,
  "shim/ffmpeg/vvcc-count.patch": vvcc_count_patch,
  "shim/ffmpeg/wtv-nesting.patch": wtv_nesting_patch,
  "shim/ffmpeg/wtv-pairs.patch": wtv_pairs_patch,
  "shim/ffmpeg/xml.patch": xml_patch,
  "shim/fields.c": fields_c,
  "shim/fields.h": fields_h,
  "shim/formats.c": formats_c,
  "shim/formats.h": formats_h,
  "shim/handles.c": handles_c,
  "shim/handles.h": handles_h,
  "shim/headers/audio.c": headers_audio_c,
  "shim/headers/bits.c": headers_bits_c,
  "shim/headers/bits.h": headers_bits_h,
  "shim/headers/dolby.c": headers_dolby_c,
  "shim/headers/dts.c": headers_dts_c,
  "shim/headers/ffv1.c": headers_ffv1_c,
  "shim/headers/h264.c": headers_h264_c,
  "shim/headers/headers.c": headers_headers_c,
  "shim/headers/headers.h": headers_headers_h,
  "shim/headers/images.c": headers_images_c,
  "shim/headers/readers.h": headers_readers_h,
  "shim/headers/subtitles.c": headers_subtitles_c,
  "shim/headers/video.c": headers_video_c,
  "shim/headers/vvc.c": headers_vvc_c,
  "shim/input/backlog.c": input_backlog_c,
  "shim/input/backlog.h": input_backlog_h,
  "shim/input/batch.c": input_batch_c,
  "shim/input/batch.h": input_batch_h,
  "shim/input/early.c": input_early_c,
  "shim/input/early.h": input_early_h,
  "shim/input/ended.c": input_ended_c,
  "shim/input/ended.h": input_ended_h,
  "shim/input/guess.c": input_guess_c,
  "shim/input/guess.h": input_guess_h,
  "shim/input/hidden.c": input_hidden_c,
  "shim/input/hidden.h": input_hidden_h,
  "shim/input/input.c": input_input_c,
  "shim/input/input.h": input_input_h,
  "shim/input/landing.c": input_landing_c,
  "shim/input/landing.h": input_landing_h,
  "shim/input/open.c": input_open_c,
  "shim/input/open.h": input_open_h,
  "shim/input/parameters.c": input_parameters_c,
  "shim/input/parameters.h": input_parameters_h,
  "shim/input/places.c": input_places_c,
  "shim/input/places.h": input_places_h,
  "shim/input/seek.c": input_seek_c,
  "shim/input/seek.h": input_seek_h,
  "shim/input/shown.c": input_shown_c,
  "shim/input/shown.h": input_shown_h,
  "shim/input/whole.c": input_whole_c,
  "shim/input/whole.h": input_whole_h,
  "shim/input/window.c": input_window_c,
  "shim/input/window.h": input_window_h,
  "shim/io.c": io_c,
  "shim/io.h": io_h,
  "shim/isolate.c": isolate_c,
  "shim/isolate.h": isolate_h,
  "shim/location.c": location_c,
  "shim/location.h": location_h,
  "shim/log.c": log_c,
  "shim/log.h": log_h,
  "shim/memory.c": memory_c,
  "shim/memory.h": memory_h,
  "shim/nested.c": nested_c,
  "shim/nested.h": nested_h,
  "shim/node_api.c": node_api_c,
  "shim/numbers.h": numbers_h,
  "shim/operations.c": operations_c,
  "shim/options.c": options_c,
  "shim/output/cover.c": output_cover_c,
  "shim/output/cover.h": output_cover_h,
  "shim/output/filter.c": output_filter_c,
  "shim/output/filter.h": output_filter_h,
  "shim/output/framing.c": output_framing_c,
  "shim/output/framing.h": output_framing_h,
  "shim/output/header.c": output_header_c,
  "shim/output/header.h": output_header_h,
  "shim/output/latm.c": output_latm_c,
  "shim/output/latm.h": output_latm_h,
  "shim/output/output.c": output_output_c,
  "shim/output/output.h": output_output_h,
  "shim/output/packets.c": output_packets_c,
  "shim/output/packets.h": output_packets_h,
  "shim/output/quirks.c": output_quirks_c,
  "shim/output/quirks.h": output_quirks_h,
  "shim/output/segments.c": output_segments_c,
  "shim/output/segments.h": output_segments_h,
  "shim/output/write.c": output_write_c,
  "shim/output/write.h": output_write_h,
  "shim/packet.c": packet_c,
  "shim/packet.h": packet_h,
  "shim/plain.c": plain_c,
  "shim/plain.h": plain_h,
  "shim/platform.c": platform_c,
  "shim/platform.h": platform_h,
  "shim/platform_windows.c": platform_windows_c,
  "shim/remux/carries.c": remux_carries_c,
  "shim/remux/carries.h": remux_carries_h,
  "shim/remux/clock.c": remux_clock_c,
  "shim/remux/clock.h": remux_clock_h,
  "shim/remux/cut.c": remux_cut_c,
  "shim/remux/cut.h": remux_cut_h,
  "shim/remux/fit.c": remux_fit_c,
  "shim/remux/fit.h": remux_fit_h,
  "shim/remux/leading.c": remux_leading_c,
  "shim/remux/leading.h": remux_leading_h,
  "shim/remux/merge.c": remux_merge_c,
  "shim/remux/merge.h": remux_merge_h,
  "shim/remux/order.c": remux_order_c,
  "shim/remux/order.h": remux_order_h,
  "shim/remux/remux.c": remux_remux_c,
  "shim/remux/remux.h": remux_remux_h,
  "shim/remux/result.c": remux_result_c,
  "shim/remux/result.h": remux_result_h,
  "shim/remux/times.c": remux_times_c,
  "shim/remux/times.h": remux_times_h,
  "shim/request.c": request_c,
  "shim/request.h": request_h,
  "shim/sealed.c": sealed_c,
  "shim/session.c": session_c,
  "shim/session.h": session_h,
  "shim/set.c": set_c,
  "shim/structures.c": structures_c,
  "shim/structures.h": structures_h,
  "shim/tags.c": tags_c,
  "shim/tags.h": tags_h,
  "shim/text.c": text_c,
  "shim/text.h": text_h,
  "shim/unsound.c": unsound_c,
  "shim/unsound.h": unsound_h,
  "shim/warnings.c": warnings_c,
  "shim/warnings.h": warnings_h,
  "shim/worker.c": worker_c,
  "shim/worker.h": worker_h,
  "shim/xml.c": xml_c,
  "shim/xml.h": xml_h,
};
