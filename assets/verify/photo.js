// A picture of a mark: its QR codes, and which of them is the mark's (docs/SPEC-verdict.md, "A photograph gives the answer of the
// mark in it"). Reading codes takes a browser (`codes.js`); choosing among them does not.

import { readAddress, readDigits, verifyMark } from "./mark.js";
import { Refusal } from "./refusal.js";
import { draft, verdict } from "./verdict.js";

const FILE_MAX = 16 << 20;
const SIDE_MAX = 12_000;
const PIXELS_MAX = 50_000_000;
/** Whether bytes begin as a WebP file does (RFC 9649, section 2.4). */
export function isWebp(bytes) {
  const at = (start) => String.fromCharCode(...bytes.subarray(start, start + 4));
  return at(0) === "RIFF" && at(8) === "WEBP";
}

/** Width and height of a WebP file, by its first chunk (RFC 9649, sections 2.5 to 2.7). */
function sizeOfWebp(view) {
  if (view.byteLength < 30) return undefined;
  const three = (at) => view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
  switch (view.getUint32(12)) {
    case 0x56503858: // VP8X
      return { width: three(24) + 1, height: three(27) + 1 };
    case 0x5650384c: { // VP8L: 14 bits each
      const bits = view.getUint32(21, true);
      return { width: (bits & 0x3fff) + 1, height: ((bits >> 14) & 0x3fff) + 1 };
    }
    case 0x56503820: // VP8, after its start code
      return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
    default:
      return undefined;
  }
}

/** Width and height of a PNG, JPEG or WebP file, before it is unpacked; nothing for another file. */
export function sizeOf(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length >= 24 && view.getUint32(0) === 0x89504e47)
    return { width: view.getUint32(16), height: view.getUint32(20) };
  if (isWebp(bytes)) return sizeOfWebp(view);
  if (bytes.length < 4 || view.getUint16(0) !== 0xffd8) return undefined;
  for (let at = 2; at + 9 <= bytes.length && bytes[at] === 0xff; at += 2 + view.getUint16(at + 2)) {
    const marker = bytes[at + 1];
    // A frame header, of whatever coding (ITU-T T.81, table B.1).
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      return { width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
    }
  }
  return undefined;
}

/** Refuses what is no picture of a size that is read; nothing of it is unpacked. */
export function mustBeReadable(bytes) {
  if (bytes.length > FILE_MAX)
    throw new Refusal("photo_too_large", `the picture has ${bytes.length} bytes; at most ${FILE_MAX} are read`);
  const size = sizeOf(bytes);
  if (!size) throw new Refusal("photo_unreadable", "the file is no picture that is read here; take a PNG, a JPEG or a WebP");
  const { width, height } = size;
  if (width > SIDE_MAX || height > SIDE_MAX || width * height > PIXELS_MAX) {
    throw new Refusal(
      "photo_too_large",
      `the picture is ${width} x ${height} pixels; at most ${PIXELS_MAX / 1e6} million are read`,
    );
  }
}

/** An address with /m/ in whatever spelling, or digits as long as a mark's: whatever a phone might take for a mark counts. */
function isLikeAMark(text) {
  const folded = text.normalize("NFKC").toLowerCase();
  return folded.includes("/m/") || /^\d{16,}$/.test(folded);
}

const orNull = (read) => {
  try {
    return read();
  } catch (error) {
    if (error instanceof Refusal) return null;
    throw error;
  }
};

/** The one text to verify among those of a picture; else how many different marks there are. */
export function oneMark(texts) {
  const like = texts.filter(isLikeAMark);
  if (like.length <= 1) return like.length === 1 ? { text: like[0] } : { marks: 0 };
  // Where the long and the short code of one mark stand side by side: the long one, for it can be verified.
  const read = like.map((text) => {
    const address = orNull(() => readAddress(text));
    const code = address && orNull(() => readDigits(address.digits));
    return (
      code && { text, name: `${address.host} ${code.link ?? code.token.claims.mark}`, signed: code.token !== undefined }
    );
  });
  const signed = read.filter((one) => one?.signed);
  const one = !read.includes(null) && new Set(read.map(({ name }) => name)).size === 1 && signed.length === 1;
  return one ? { text: signed[0].text } : { marks: like.length };
}

const NO_ANSWER = {
  photo_too_large: "这张图片太大",
  photo_unreadable: "看不清这张图片",
  photo_crowded: "图片里的二维码太多：请只拍这一个标志",
  photo_not_searched: "图片太大，这台设备没能在限时内找遍：请把标志剪出来，或者从近处只拍这一个标志",
};

/** Verifies the mark in a picture. `read` gives the texts of its codes. */
export async function verifyPhoto(bytes, context, read) {
  const { keys, now, asOf } = context;
  const mark = draft("mark", "nothing", now);
  const end = (check, codes = []) => ({
    input: "photo",
    host: keys.host,
    genuine: null,
    codes,
    ...verdict(asOf, null, [check]),
  });
  let codes;
  try {
    codes = await read(bytes);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return end(mark.unknown(error.code, NO_ANSWER[error.code], error.message));
  }
  const { text, marks } = oneMark(codes);
  if (text !== undefined) return { ...(await verifyMark(text, context)), input: "photo", codes };
  if (marks === 0) {
    const en =
      "no code of a mark could be read in the picture: take it from nearer, in more light, with the whole mark in it";
    return end(mark.unknown("no_code", "图片里没有读到标志的二维码：请靠近一些、光线亮一些、拍下整个标志", en), codes);
  }
  const en = `the picture holds codes of ${marks} different marks: take a picture of the one that is meant`;
  return end(mark.unknown("several_marks", "图片里有不止一个标志，无法判断问的是哪一个：请只拍一个", en), codes);
}
