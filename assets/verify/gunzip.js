// One gzip member (RFC 1952) unpacked, with nothing before or behind it. The platform unpacks; since platforms differ in what
// they say of bytes behind a member, frame and end are looked at here.

import { Refusal } from "./refusal.js";

const TRAILER = 8;
const [HEADER_CRC, EXTRA, NAME, COMMENT, RESERVED] = [2, 4, 8, 16, 0xe0];
const FIXED = 10;

const bad = () => new Refusal("status_list_gzip", "the packed list is not a whole gzip member");
const trailing = () => new Refusal("status_list_trailing", "something stands behind the packed list");

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

function crc32(bytes) {
  let value = 0xffffffff;
  for (const byte of bytes) value = CRC_TABLE[(value ^ byte) & 0xff] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

/** Bytes before the packed ones. */
function headerLength(bytes) {
  const [one, two, method, flags] = bytes;
  if (one !== 0x1f || two !== 0x8b || method !== 8 || flags & RESERVED) throw bad();
  const word = (at) => bytes[at] | (bytes[at + 1] << 8);
  let at = FIXED;
  if (flags & EXTRA) at += 2 + word(at);
  for (const _ of [NAME, COMMENT].filter((flag) => flags & flag)) {
    const end = bytes.indexOf(0, at);
    if (end < 0) throw bad();
    at = end + 1;
  }
  if (flags & HEADER_CRC) {
    if (word(at) !== (crc32(bytes.subarray(0, at)) & 0xffff)) throw bad();
    at += 2;
  }
  return at;
}

/** Unpacks a stream of at most that many bytes: bare (RFC 1951), or as `deflate` in a frame (RFC 1950). */
export async function inflate(bytes, most, format = "deflate-raw") {
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream(format)).getReader();
  const out = new Uint8Array(most);
  let length = 0;
  for (;;) {
    let next;
    try {
      next = await reader.read();
    } catch {
      throw bad();
    }
    if (next.done) return out.subarray(0, length);
    if (length + next.value.length > most) {
      await reader.cancel().catch(() => {});
      throw new Refusal("status_list_too_large", `the packed list has more than ${most} bytes`);
    }
    out.set(next.value, length);
    length += next.value.length;
  }
}

/** Whether less of the stream would do as well: then it ended before its last byte. */
async function endsEarly(packed, most) {
  try {
    await inflate(packed.subarray(0, -1), most);
    return true;
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
}

/** The bytes of one gzip member. Refuses what unpacks to more than `most` bytes before more is unpacked. */
export async function gunzip(bytes, most) {
  const packed = bytes.subarray(headerLength(bytes), -TRAILER);
  const unpacked = await inflate(packed, most);
  if (await endsEarly(packed, most)) throw trailing();
  const trailer = new DataView(bytes.buffer, bytes.byteOffset + bytes.length - TRAILER, TRAILER);
  if (trailer.getUint32(0, true) !== crc32(unpacked) || trailer.getUint32(4, true) !== unpacked.length) throw bad();
  return unpacked;
}
