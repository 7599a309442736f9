// A verdict and its checks, and the checks that every offline answer has (docs/SPEC-verdict.md).

import { chinaDay, clock, dayAfter, dayEnd, dayStart, floorSecond, nextSecond, toText } from "./time.js";

/** Nanoseconds that a signer's clock may be ahead of a verifier's. */
const CLOCKS_DIFFER = 300_000_000_000n;
/** Checks the verdict does not depend on unless it is said of one. */
const OPTIONAL = new Set(["surveillance", "log"]);

/** Makes checks of one name from one source, known until that instant: `.ok`, `.failed` and `.unknown`. */
export function draft(check, source, knownAt) {
  const end = (result) => (code, message_zh, message) => {
    return {
      check,
      result,
      required: !OPTIONAL.has(check),
      code,
      message,
      message_zh,
      source,
      known_at: toText(knownAt),
    };
  };
  return { ok: end("ok"), failed: end("failed"), unknown: end("undetermined") };
}

/** The answer in one word: no required checks settle nothing. */
export function outcome(checks) {
  const required = checks.filter((check) => check.required);
  if (required.some((check) => check.result === "failed")) return "invalid";
  return required.length > 0 && required.every((check) => check.result === "ok") ? "valid" : "undetermined";
}

/** The verdict about an instant, and its standing: only where that is the verdict's, and none of what cannot be told. */
export function verdict(asOf, standing, checks) {
  const word = outcome(checks);
  const told = word === (standing === "valid" ? "valid" : "invalid");
  return { verdict: word, standing: (told && standing) || null, as_of: toText(asOf), checks };
}

export const failed = (checks, name) => checks.some((check) => check.check === name && check.result === "failed");

/** The first required check that does not hold, a failed one before an open one; nothing where all hold. */
export const obstacle = (checks) =>
  checks.find((check) => check.required && check.result === "failed") ??
  checks.find((check) => check.required && check.result !== "ok");

/** When something was signed: recorded then, by somebody's word; or as it claims itself, to the second; or on that day. */
export const recorded = (instant) => ({ day: chinaDay(instant), first: instant, last: instant, vouched: true });
export const claimed = (instant) => ({
  day: chinaDay(instant),
  first: floorSecond(instant),
  last: nextSecond(instant),
});
export const onDay = (day) => ({ day, first: dayStart(day), last: dayEnd(day) });

/** The check `key`: in its window when it signed, and not in other hands. */
export function keyWindow(key, signed, now) {
  const check = draft("key", "keys", now);
  const { id } = key;
  const { day, first, last, vouched } = signed;
  if (first - now > CLOCKS_DIFFER) {
    const shows = clock(now);
    return check.unknown(
      "signed_in_the_future",
      `自称签于 ${day}，按核验用的时间 ${shows}（北京时间）还没有到：请核对时钟`,
      `it claims to be signed on ${day}, still to come by the time of verifying, ${shows} China time: is that clock right?`,
    );
  }
  if (key.revoked !== undefined && key.revoked <= first) {
    return check.failed(
      "key_compromised",
      `密钥 ${id} 在签名之前已经泄露`,
      `the key ${id} was compromised before this was signed`,
    );
  }
  if (key.revoked !== undefined && !vouched) {
    return check.unknown(
      "key_compromised_later",
      `密钥 ${id} 后来泄露，单凭签名不能证明它签于泄露之前`,
      `the key ${id} was compromised later; the signature alone cannot prove that it was made before`,
    );
  }
  if (last < key.validFrom || (key.retiredAt !== undefined && key.retiredAt <= first)) {
    return check.failed(
      "key_out_of_window",
      `密钥 ${id} 在 ${day} 不在使用期内`,
      `the key ${id} was not in use on ${day}`,
    );
  }
  return check.ok("key_in_window", `密钥 ${id} 在 ${day} 使用中`, `the key ${id} was in use on ${day}`);
}

/** A signature under a key that the list does not have, which may be older than the key. */
export const unlistedKey = (check) =>
  check.unknown(
    "key_unknown",
    "签名的密钥不在这份密钥清单里：清单可能比密钥旧",
    "signed with a key that is not in this list of keys, which may be older than the key",
  );

/** The check `validity`: the instant lies within two days, both included. */
export function validity(from, until, asOf, now) {
  const check = draft("validity", "record", now);
  if (asOf < dayStart(from)) return check.failed("not_yet_valid", `${from} 起生效`, `valid from ${from}`);
  if (asOf >= dayAfter(until)) return check.failed("expired", `${until} 到期`, `valid until ${until}`);
  return check.ok("within_dates", `${from} 至 ${until}`, `${from} to ${until}`);
}

/** The check `status` where nobody was asked; required only about a time to come. */
export function statusNotAsked(asOf, now) {
  const check = draft("status", "nothing", now).unknown(
    "status_not_asked",
    "没有查状态：不能排除已被暂停或撤销",
    "the register was not asked: that it is suspended or withdrawn cannot be ruled out",
  );
  return { ...check, required: asOf > now };
}

export const inTheFuture = (check) =>
  check.unknown(
    "in_the_future",
    "问的是将来：到时是否有效，现在还不能知道",
    "the question is about the future: whether it will hold then cannot be known now",
  );
