// Bytes and their texts. Every reader here takes one writing only: no white space, no missing or extra padding, no bits left over.

import { Unable } from "./refusal.js";

const BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$/;
const BASE64URL = /^(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-][AQgw]|[A-Za-z0-9_-]{2}[AEIMQUYcgkosw048])?$/;

export const utf8 = (text) => new TextEncoder().encode(text);

/** The text of UTF-8 bytes, a byte order mark kept; nothing where they are not UTF-8. */
export function fromUtf8(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

export function concat(...parts) {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

export const equal = (a, b) => a.length === b.length && a.every((byte, i) => byte === b[i]);

export const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** The bytes of text in the alphabet `atob` takes, which has been checked. */
const decoded = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

/** Bytes of base64 with padding (RFC 4648, section 4); nothing for another text. */
export const unbase64 = (text) => (BASE64.test(text) ? decoded(text) : undefined);

/** Bytes of base64url without padding (RFC 4648, section 5); nothing for another text. */
export function unbase64url(text) {
  return BASE64URL.test(text) ? decoded(text.replaceAll("-", "+").replaceAll("_", "/")) : undefined;
}

/** Bytes of base58btc; nothing for another text. Its work grows with the square of the length: bound it first. */
export function unbase58(text) {
  let number = 0n;
  for (const character of text) {
    const value = BASE58.indexOf(character);
    if (value < 0) return undefined;
    number = number * 58n + BigInt(value);
  }
  const zeros = text.length - text.replace(/^1+/, "").length;
  return concat(new Uint8Array(zeros), fromBigInt(number));
}

/** The bytes of a number, most significant first, without zeros before it; of 0 none. */
export function fromBigInt(number) {
  const digits = number === 0n ? "" : number.toString(16);
  const even = digits.padStart(digits.length + (digits.length % 2), "0");
  return Uint8Array.from({ length: even.length / 2 }, (_, i) => parseInt(even.slice(2 * i, 2 * i + 2), 16));
}

/** The number these bytes are, most significant first. */
export const toBigInt = (bytes) => (bytes.length === 0 ? 0n : BigInt(`0x${hex(bytes)}`));

/** WebCrypto, which browsers give to pages that came over https only. */
export function subtle() {
  const found = globalThis.crypto?.subtle;
  if (!found)
    throw new Unable(
      "This browser gives no cryptography to this page: it needs https.",
      "浏览器没有给本页核验的功能：网址要以 https 开头。",
    );
  return found;
}

export const sha256 = async (bytes) => new Uint8Array(await subtle().digest("SHA-256", bytes));
