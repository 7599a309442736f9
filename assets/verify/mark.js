// Printed marks: the text of their code, and the 90-byte token in 217 digits (docs/SPEC-mark.md; docs/SPEC-verdict.md, "Offline
// checks of a mark").

import { concat, fromBigInt, hex, toBigInt, utf8 } from "./bytes.js";
import { verifies } from "./keys.js";
import { statusInList } from "./mark-list.js";
import { Refusal } from "./refusal.js";
import { addDays } from "./time.js";
import { draft, failed, keyWindow, onDay, statusNotAsked, unlistedKey, validity, verdict } from "./verdict.js";
import { ID_DIGITS, identifierOf, isIdentifier, levelOfStars, trimmed, usccOf } from "./words.js";

const TOKEN_DIGITS = 217;
const TOKEN_BYTES = 90;
const BODY_BYTES = 26;
const EPOCH = "2020-01-01";
const CONTEXT = "after-sales-mark/v1\0";
/** Hosts that can only be this machine: a code that leads there misleads nobody. */
const LOOPBACK = ["127.0.0.1", "localhost"];
const HOST_MAX = 253 + ":65535".length;
const PORT = /^\d{0,5}$/;

const DIGITS = /^[0-9]*$/;
export const isDigits = (text) => DIGITS.test(text);

/** The parts of an address in the form of a mark's: its host as written and what stands after /m/, neither judged. */
export function readAddress(text) {
  const refuse = (why) => {
    throw new Refusal("not_a_mark_url", `this is not the address of a mark: ${why}`);
  };
  const scheme =
    ["https://", "http://"].find((start) => text.startsWith(start)) ?? refuse("it does not begin with https://");
  const rest = text.slice(scheme.length);
  const slash = rest.indexOf("/");
  if (slash < 0) refuse("it has no path");
  const [host, path] = [rest.slice(0, slash), rest.slice(slash + 1)];
  const [, name, port] =
    /^([A-Za-z0-9.-]+)(?::(.*))?$/s.exec(host) ??
    refuse("its host is not written in plain letters, digits, hyphens and dots");
  if (host.length > HOST_MAX) refuse("its host is longer than DNS allows");
  if (port !== undefined && !(port !== "" && PORT.test(port) && Number(port) <= 65535))
    refuse("its port is no number up to 65535");
  if (!path.startsWith("m/")) refuse("its path does not begin with /m/");
  const digits = path.slice(2);
  if (/[/?#]/.test(digits)) refuse("after /m/ stand digits and nothing else, no query and no fragment");
  return { scheme, host, name, digits };
}

/** Reads the digits after /m/: `{ link }`, which names a mark, or `{ token }`, which is signed. */
export function readDigits(digits) {
  const incomplete = (why) => new Refusal("incomplete_code", `this is not a mark's whole code: ${why}`);
  if (!isDigits(digits)) throw incomplete("it holds something else than digits");
  if (digits.length === TOKEN_DIGITS) return { token: readToken(digits) };
  if (digits.length !== ID_DIGITS)
    throw incomplete(`it has ${digits.length} digits, a mark has ${ID_DIGITS} or ${TOKEN_DIGITS}`);
  if (!isIdentifier(digits)) throw incomplete("its last digit does not check the others");
  return { link: digits };
}

/** Reads a signed token; its signature is not looked at. */
function readToken(digits) {
  const refuse = (why) => {
    throw new Refusal("bad_mark_token", `this is not a mark of this scheme: ${why}`);
  };
  const significant = fromBigInt(BigInt(digits));
  if (significant.length > TOKEN_BYTES) refuse("its number is beyond 90 bytes");
  const bytes = concat(new Uint8Array(TOKEN_BYTES - significant.length), significant);
  const field = (at, length) => bytes.subarray(at, at + length);
  if (bytes[0] >> 4 !== 1) refuse(`its version is ${bytes[0] >> 4}, known is 1`);
  const level = levelOfStars((bytes[0] >> 1) & 7) ?? refuse("there is no such level");
  const [issued, expires] = [11, 13].map((at) => Number(toBigInt(field(at, 2))));
  if (expires < issued) refuse("it expires before its day of issue");
  const number = toBigInt(field(15, 11));
  const holder = number === 0n ? null : (usccOf(number) ?? refuse("its holder's code is beyond 17 characters"));
  return {
    bytes,
    hint: hex(field(1, 4)),
    claims: {
      mark: identifierOf(toBigInt(field(5, 6))),
      level,
      holder_uscc: holder,
      issued_on: addDays(EPOCH, issued),
      valid_until: addDays(EPOCH, expires),
      test: (bytes[0] & 1) === 1,
    },
  };
}

/** The bytes a mark key signs. */
export const signingInput = (host, token) =>
  concat(utf8(CONTEXT), utf8(`${host}\0`), token.bytes.subarray(0, BODY_BYTES));

/** Verifies the text of a mark's code, or its bare digits, with the body's keys, a list of marks where one was kept, and nothing else. */
export async function verifyMark(text, { keys, now, asOf, marks }) {
  const listed = (id) => marks && statusInList(marks, id, asOf, now);
  const end = (checks, claims = null) => ({
    input: "mark",
    host: keys.host,
    genuine: claims,
    ...verdict(asOf, null, checks),
  });
  const mark = draft("mark", "record", now);
  const { digits, end: refused } = digitsOf(trimmed(text), keys.host, mark);
  if (refused) return end([refused]);
  let read;
  try {
    read = readDigits(digits);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return end([unread(digits, error, mark)]);
  }
  if (read.link) {
    const told = listed(read.link);
    if (told?.required) return end([told]);
    const en = `this is the short code ${read.link}: it carries no signature, so it can be checked online only`;
    return end([mark.unknown("link_mark", `这是短码 ${read.link}，没有签名，离线无法判断；请联网查询`, en)]);
  }
  const { signed, checks: own } = await tokenChecks(read.token, keys, now, asOf);
  const status = signed && listed(read.token.claims.mark);
  const checks = status ? [...own.filter(({ check }) => check !== "status"), status] : own;
  // Under a key that was not the body's own at that time anybody may have signed.
  return end(checks, signed && !failed(checks, "key") ? read.token.claims : null);
}

function digitsOf(text, host, mark) {
  if (text !== "" && isDigits(text)) return { digits: text };
  try {
    const address = readAddress(text);
    const ours = address.scheme === "https://" && address.host === host;
    if (ours || LOOPBACK.includes(address.name)) return { digits: address.digits };
    const en = `this code leads to ${address.host}, not to this body's https://${host}`;
    return { end: mark.failed("foreign_host", `这个码指向 ${address.host}，不是本机构的 https://${host}`, en) };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { end: mark.failed(error.code, "这不是标志的网址", error.message) };
  }
}

/** Digits that were cut short or mistyped speak against no mark. */
function unread(digits, refusal, mark) {
  if (refusal.code !== "incomplete_code") return mark.failed(refusal.code, "这不是本机构标志的编码", refusal.message);
  const count = [...digits].length;
  if (!isDigits(digits))
    return mark.unknown(refusal.code, "这个码里有不是数字的字符", "this code holds something else than digits");
  if (count === ID_DIGITS) {
    return mark.unknown(
      refusal.code,
      `这 ${ID_DIGITS} 位数字里至少有一位不对`,
      `at least one of these ${ID_DIGITS} digits is wrong`,
    );
  }
  return mark.unknown(
    refusal.code,
    `标志的码有 ${ID_DIGITS} 位或 ${TOKEN_DIGITS} 位数字，这里是 ${count} 位`,
    `a mark's code has ${ID_DIGITS} or ${TOKEN_DIGITS} digits, this one has ${count}`,
  );
}

async function tokenChecks(token, keys, now, asOf) {
  const signature = draft("signature", "record", now);
  const hinted = keys.of("mark").filter((key) => key.hint === token.hint);
  if (hinted.length === 0) return { checks: [unlistedKey(signature)] };
  let key;
  for (const one of hinted) {
    key ??= (await verifies(one.public, signingInput(keys.host, token), token.bytes.subarray(BODY_BYTES)))
      ? one
      : undefined;
  }
  if (!key) {
    return {
      checks: [
        signature.failed("mark_signature_bad", "不是用本机构的标志密钥签的", "not signed with a mark key of this body"),
      ],
    };
  }
  const { issued_on: from, valid_until: until, test } = token.claims;
  const checks = [
    signature.ok(
      "signature_good",
      `标志的码由本机构用密钥 ${key.id} 签名`,
      `the mark's code is signed by this body with its key ${key.id}`,
    ),
    keyWindow(key, onDay(from), now),
    validity(from, until, asOf, now),
  ];
  const specimen = draft("mark", "record", now);
  if (test)
    checks.push(specimen.failed("test_mark", "这是样标，不代表任何许可", "this is a specimen: it licenses nothing"));
  checks.push(statusNotAsked(asOf, now));
  return { signed: true, checks };
}

/**
 * The answer about an address of this body's pages that is not exactly what stands in a code, as people copy it from a browser:
 * it proves nothing, nor does it speak against anything. Nothing for any other text.
 */
export function ownPage(text, { keys, now, asOf }) {
  const prefix = `https://${keys.host}/m/`;
  if (text.startsWith(prefix) && /^[A-Za-z0-9]*$/.test(text.slice(prefix.length))) return undefined;
  const [, scheme, authority, rest] = /^([a-z]+):\/\/([^/?#]*)(.*)$/is.exec(text) ?? [];
  if (authority === undefined) return undefined;
  const port = scheme.toLowerCase() === "https" ? /:443$/ : /:80$/;
  if (authority.replace(port, "").toLowerCase() !== keys.host) return undefined;
  const path = rest.split(/[?#]/)[0].replace(/\/+$/, "");
  const check = draft("signature", "nothing", now);
  const end = (...words) => ({
    input: "page",
    host: keys.host,
    genuine: null,
    ...verdict(asOf, null, [check.unknown(...words)]),
  });
  const digits = path.startsWith("/m/") ? path.slice(3) : undefined;
  if (digits !== undefined && isDigits(digits)) {
    const en = `this is the address of a mark's page: give the text of its code alone, ${prefix}${digits}`;
    return end("mark_page", `这是标志查询页的网址；请只给出码里的内容 ${prefix}${digits}`, en);
  }
  if (digits === undefined && isIdentifier(path.split("/").at(-1))) {
    const en = "this is the address of a certificate's page: save its signed file from there and verify that";
    return end("certificate_link", "这是证书查询页的网址，本身没有签名；请下载证书文件再核验", en);
  }
  const en = `this is an address of https://${keys.host} that is neither a mark's nor a certificate's`;
  return end("page_address", `这是 https://${keys.host} 的网址，但不是标志也不是证书的`, en);
}
