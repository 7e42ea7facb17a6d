/**
 * Files that belong to an output, such as fonts: what is said of one, and the stream that it is.
 */
import { copyBytes } from "../ffi/byte_views.ts";
import { checkBytes, checkNames, checkObject, checkString, type Names } from "../io/arguments.ts";
import type { CodecParameters, StreamInit } from "./stream.ts";

/** A file that belongs to another one: a font, a text. Matroska has them. */
export interface AttachmentInit {
  /** What is in it. */
  data: Uint8Array;
  /** What it is called. */
  fileName: string;
  /** What it is: "font/ttf", ... */
  mimeType: string;
  /** Words beside it. */
  description?: string;
}

const attachmentNames: Names<AttachmentInit> = {
  data: true,
  fileName: true,
  mimeType: true,
  description: true,
};

/** The stream that a file is, which is checked. */
export interface AttachmentStream {
  parameters: Partial<CodecParameters> & { type: "attachment"; codec: string };
  init: StreamInit;
}

/** An attachment, checked, as the stream that it is. */
export function attachmentStream(attachment: AttachmentInit, name: string): AttachmentStream {
  const fields = checkNames(checkObject(attachment, name), attachmentNames, name, "field");
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
