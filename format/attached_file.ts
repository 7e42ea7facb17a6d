/**
 * Attachments of an output, such as fonts: their description, and the streams that hold them.
 */
import { copyBytes } from "../ffi/byte_views.ts";
import { checkBytes, checkString, type Names, readFields } from "../io/arguments.ts";
import type { CodecParameters, StreamInit } from "./stream.ts";

/** A file attached to the output, such as a font. Only Matroska supports them. */
export interface AttachmentInit {
  /** The file's bytes. */
  data: Uint8Array;
  /** The file's name. */
  fileName: string;
  /** MIME type: "font/ttf", ... */
  mimeType: string;
  /** Description. */
  description?: string;
}

const attachmentNames: Names<AttachmentInit> = {
  data: true,
  fileName: true,
  mimeType: true,
  description: true,
};

/** The stream for an attachment, which has been checked. */
export interface AttachmentStream {
  parameters: Partial<CodecParameters> & { type: "attachment"; codec: string };
  init: StreamInit;
}

/** Checks an attachment; returns the stream that holds it. */
export function attachmentStream(attachment: AttachmentInit, name: string): AttachmentStream {
  const fields = readFields(attachment, attachmentNames, name, "field");
  const { data, fileName, mimeType, description } = fields;
  const metadata = {
    filename: checkString(fileName, `${name}.fileName`),
    mimetype: checkString(mimeType, `${name}.mimeType`),
    ...(description === undefined ? {} : { title: checkString(description, `${name}.description`) }),
  };
  checkBytes(data, `${name}.data`);
  return {
    parameters: { type: "attachment", codec: "none", extradata: copyBytes(data) },
    init: { metadata },
  };
}
