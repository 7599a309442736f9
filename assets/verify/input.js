// What was handed in, told by what it looks like as `starmark verify` does, and verified as that (docs/SPEC-verdict.md).

import { BUNDLE_TYPE, verifyBundle } from "./bundle.js";
import { fromUtf8 } from "./bytes.js";
import { verifyCertificate } from "./credential.js";
import { isDigits, ownPage, verifyMark } from "./mark.js";
import { RECEIPT_TYPE, verifyReceipt } from "./receipt.js";

const MAX_BYTES = 1 << 20;
const begins = (bytes, ...start) => start.every((byte, i) => bytes[i] === byte);
const letters = (text) => Array.from(text, (character) => character.charCodeAt(0));

export const isPicture = (bytes) => begins(bytes, 0x89, ...letters("PNG")) || begins(bytes, 0xff, 0xd8, 0xff);

/** Whether it is a file of a well-known other kind: WebP, GIF, TIFF, BMP, HEIC, PDF, or text with a byte order mark. */
function isOther(bytes) {
  const starts = [
    ..."RIFF GIF8 II*\0 MM\0* BM %PDF".split(" ").map(letters),
    [0xef, 0xbb, 0xbf],
    [0xff, 0xfe],
    [0xfe, 0xff],
  ];
  return (
    bytes.length === 0 ||
    begins(bytes.subarray(4), ...letters("ftyp")) ||
    starts.some((start) => begins(bytes, ...start))
  );
}

/** Why a file that is no picture is none that is read here; nothing where it is. */
export function unreadable(bytes) {
  if (isOther(bytes)) {
    return {
      zh: "这里读不了这种文件：照片请存成 PNG 或 JPEG，其他文件请用原样下载的 JSON。",
      en: "This kind of file is not read here: save a photo as PNG or JPEG, and take other files as they were downloaded (JSON).",
    };
  }
  if (bytes.find((byte) => ![0x20, 0x09, 0x0a, 0x0d, 0x0c].includes(byte)) === 0x3c) {
    return {
      zh: "这是图形文件或网页：请用标志的 PNG、照片，或者码里的网址。",
      en: "This is a drawing or a web page: take the mark's PNG, a photo of it, or its address.",
    };
  }
  if (bytes.length > MAX_BYTES) {
    return {
      zh: "这个文件太大：证书、证书包和回执都不超过 1 MiB。",
      en: "This file is too large: certificates, bundles and receipts have at most 1 MiB.",
    };
  }
  return undefined;
}

/** What the JSON in a file calls itself; then it is judged as that, good or bad. */
function typeOf(bytes) {
  try {
    return JSON.parse(fromUtf8(bytes) ?? "")?.type;
  } catch {
    return undefined;
  }
}

/** Verifies a file that is neither a picture nor `unreadable`. */
export function verifyFile(bytes, context) {
  switch (typeOf(bytes)) {
    case BUNDLE_TYPE:
      return verifyBundle(bytes, context);
    case RECEIPT_TYPE:
      return verifyReceipt(bytes, context);
    default:
      return verifyCertificate(bytes, context);
  }
}

/** Whether a text is read as a mark: digits, or an address. */
export const isMarkText = (text) => (text !== "" && isDigits(text)) || /^https?:\/\//i.test(text);

/** Verifies a mark's address or digits as they were typed or pasted. */
export const verifyText = async (text, context) => ownPage(text, context) ?? verifyMark(text, context);
