/**
 * Names of FFmpeg's enumerations, so that editors can complete them. A newer FFmpeg may have others, so every type also
 * accepts any string.
 */

/** Disposition of a stream: its purpose (AV_DISPOSITION_*). */
export type Disposition =
  | "default"
  | "dub"
  | "original"
  | "comment"
  | "lyrics"
  | "karaoke"
  | "forced"
  | "hearing_impaired"
  | "visual_impaired"
  | "clean_effects"
  | "attached_pic"
  | "timed_thumbnails"
  | "non_diegetic"
  | "captions"
  | "descriptions"
  | "metadata"
  | "dependent"
  | "still_image"
  | "multilayer"
  | (string & Record<never, never>);

/** Types of side data (av_packet_side_data_name). */
export type SideDataType =
  | "Palette"
  | "New Extradata"
  | "Param Change"
  | "H263 MB Info"
  | "Replay Gain"
  | "Display Matrix"
  | "Stereo 3D"
  | "Audio Service Type"
  | "Quality stats"
  | "Fallback track"
  | "CPB properties"
  | "Skip Samples"
  | "JP Dual Mono"
  | "Strings Metadata"
  | "Subtitle Position"
  | "Matroska BlockAdditional"
  | "WebVTT ID"
  | "WebVTT Settings"
  | "Metadata Update"
  | "MPEGTS Stream ID"
  | "Mastering display metadata"
  | "Content light level metadata"
  | "Spherical Mapping"
  | "A53 Closed Captions"
  | "Encryption initialization data"
  | "Encryption info"
  | "Active Format Description data"
  | "Producer Reference Time"
  | "ICC Profile"
  | "DOVI configuration record"
  | "SMPTE ST 12-1:2014 timecode"
  | "HDR10+ Dynamic Metadata (SMPTE 2094-40)"
  | "HDR Dynamic Metadata (SMPTE 2094-50)"
  | "Ambient viewing environment"
  | "IAMF Mix Gain Parameter Data"
  | "IAMF Demixing Info Parameter Data"
  | "IAMF Recon Gain Info Parameter Data"
  | "Frame Cropping"
  | "LCEVC NAL data"
  | "3D Reference Displays Info"
  | "RTCP Sender Report"
  | "EXIF metadata"
  | "HEVC enhancement-layer decoder configuration"
  | (string & Record<never, never>);

/** Range of sample values: "tv" is limited (black is 16), "pc" is full (black is 0). */
export type ColorRange = "tv" | "pc" | (string & Record<never, never>);

/** Whether video is progressive, or which field is coded and shown first. */
export type FieldOrder = "progressive" | "tt" | "bb" | "tb" | "bt" | (string & Record<never, never>);
