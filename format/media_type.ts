/**
 * Kinds of streams and codecs.
 */
import { checkOneOf } from "../io/arguments.ts";

/** Kinds of streams (AVMediaType). */
export type MediaType = "video" | "audio" | "subtitle" | "data" | "attachment" | "unknown";

const mediaTypes: readonly MediaType[] = ["video", "audio", "subtitle", "data", "attachment", "unknown"];

/** One of the media types. */
export function checkMediaType(type: MediaType, name: string): MediaType {
  return checkOneOf(type, mediaTypes, name);
}
