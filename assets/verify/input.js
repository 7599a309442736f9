// What was handed in, told by what it looks like as `starmark verify` does, and verified as that (docs/SPEC-verdict.md).

import { BUNDLE_TYPE, verifyBundle } from "./bundle.js";
import { fromUtf8 } from "./bytes.js";
import { verifyCertificate } from "./credential.js";
import { isObject } from "./jcs.js";
import { isDigits, ownPage, verifyMark } from "./mark.js";
import { isPdf } from "./pdf.js";
import { isWebp } from "./photo.js";
import { BYTES_MAX, RECEIPT_TYPE, verifyReceipt } from "./receipt.js";
import { isString } from "./words.js";

const MAX_BYTES = 1 << 20;
const CODE = /^[a-z][a-z0-9_]{0,59}$/;
const begins = (bytes, ...start) => start.every((byte, i) => bytes[i] === byte);
const letters = (text) => Array.from(text, (character) => character.charCodeAt(0));

export const isPicture = (bytes) =>
  begins(bytes, 0x89, ...letters("PNG")) || begins(bytes, 0xff, 0xd8, 0xff) || isWebp(bytes);

/** Whether it is a file of a well-known other kind: sound, GIF, TIFF, BMP, HEIC, or text with a byte order mark. */
function isOther(bytes) {
  const starts = [
    ..."RIFF GIF8 II*\0 MM\0* BM".split(" ").map(letters),
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
  if (isPdf(bytes)) {
    return {
      zh: "这个 PDF 里没有找到签名文件。证书和回执的 PDF 原件都附有签名文件（JSON）；扫描件、另存的 PDF 没有。请用下载的原件，或者证书、回执的 JSON。",
      en: "No signed file was found in this PDF. A certificate or receipt as it was downloaded carries one (JSON); a scan or a reprint carries none. Take the original PDF, or the JSON of the certificate or receipt.",
    };
  }
  if (isOther(bytes)) {
    return {
      zh: "这里读不了这种文件：照片请存成 PNG、JPEG 或 WebP，其他文件请用原样下载的 JSON。",
      en: "This kind of file is not read here: save a photo as PNG, JPEG or WebP, and take other files as they were downloaded (JSON).",
    };
  }
  if (bytes.find((byte) => ![0x20, 0x09, 0x0a, 0x0d, 0x0c].includes(byte)) === 0x3c) {
    return {
      zh: "这是图形文件或网页：请用标志的 PNG、照片，或者码里的网址。",
      en: "This is a drawing or a web page: take the mark's PNG, a photo of it, or its address.",
    };
  }
  if (bytes.length > BYTES_MAX || (bytes.length > MAX_BYTES && typeOf(bytes) !== RECEIPT_TYPE)) {
    return {
      zh: "这个文件太大：证书和证书包不超过 1 MiB，回执不超过 32 MiB。",
      en: "This file is too large: certificates and bundles have at most 1 MiB, receipts at most 32 MiB.",
    };
  }
  return undefined;
}

/** What a saved answer of a server that something went wrong (RFC 9457) is told as; nothing where the file is none. */
export function problemIn(bytes) {
  let document;
  try {
    document = JSON.parse(fromUtf8(bytes) ?? "");
  } catch {
    return undefined;
  }
  const { type, title, status, code, proof } = isObject(document) ? document : {};
  const isProblem = [type, title].every(isString) && Number.isInteger(status) && CODE.test(code) && proof === undefined;
  if (!isProblem) return undefined;
  return {
    zh: `这不是证书，也不是回执，是一次没有成功的下载：服务器当时没有给出文件（${status} ${code}）。请重新下载。`,
    en: `This is neither a certificate nor a receipt but a download that failed: the server gave no file then (${status} ${code}). Download it again.`,
  };
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
