// Bundles: one file with everything that tells how one certificate stands (docs/SPEC-bundle.md).

import { hex, sha256 } from "./bytes.js";
import { read as readCertificate, signatureAndKey } from "./credential.js";
import { readStep } from "./entry.js";
import { at, canonicalBytes, isObject, parseStrict } from "./jcs.js";
import { readKeys } from "./keys.js";
import { formLife, knownUntil, standingAt, statusOfLife } from "./life.js";
import { evidence, isProven, noLog } from "./log.js";
import { Refusal, orNothing } from "./refusal.js";
import { statusOfLists } from "./status.js";
import { isInstant, parseInstant } from "./time.js";
import { draft, failed, validity, verdict } from "./verdict.js";
import { fits, isHost, isListOf, isString } from "./words.js";

export const BUNDLE_TYPE = "starmark-bundle";
const ENTRIES_MAX = 10_000;
const LISTS_MAX = 16;

const isLog = (value) =>
  fits(value, {
    checkpoint: isString,
    entries: (entries) => Array.isArray(entries) && entries.length <= ENTRIES_MAX && entries.every(isProven),
  });

/** Reads a bundle; nothing in it is verified. */
export async function readBundle(bytes) {
  const document = parseStrict(bytes);
  const ours = fits(document, {
    type: (type) => type === BUNDLE_TYPE,
    version: (version) => version === 1,
    host: isString,
    made_at: isInstant,
    certificate: isObject,
    keys: () => true,
    status_lists: (lists) => isListOf(() => true)(lists) && lists.length <= LISTS_MAX,
    "log?": isLog,
  });
  if (!ours)
    throw new Refusal(
      "bundle_unreadable",
      "this is no bundle of version 1: a member is missing, too many, or of another form",
    );
  if (!isHost(document.host)) throw new Refusal("bad_host", "its host cannot be a verification host");
  const keys = await readKeys(document.keys);
  if (keys.host !== document.host)
    throw new Refusal("bundle_unreadable", "this is no bundle of version 1: its keys are another host's");
  return {
    host: document.host,
    madeAt: parseInstant(document.made_at),
    certificate: document.certificate,
    keys,
    lists: document.status_lists,
    log: document.log,
  };
}

/** Verifies a bundle by the keys given; without any, by its own, which proves only that it holds together. */
export async function verifyBundle(bytes, { keys, now, asOf }) {
  let bundle;
  try {
    bundle = await readBundle(bytes);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const check = draft("signature", "record", now).failed(error.code, "这不是一份可以核验的证书包", error.message);
    return { input: "bundle", host: keys?.host ?? null, genuine: null, ...verdict(asOf, null, [check]) };
  }
  return verifyRead(bundle, { keys, now, asOf });
}

/** As `verifyBundle`, of one that is read already. */
export async function verifyRead(bundle, { keys: given, now, asOf }) {
  const keys = given ?? bundle.keys;
  const checks = [whoseKeys(bundle, given, now)];
  const head = { input: "bundle", host: keys.host };
  if (keys.host !== bundle.host) return { ...head, genuine: null, ...verdict(asOf, null, checks) };
  const record = canonicalBytes(bundle.certificate);
  const { life, log } = await lifeOf(bundle, record, keys, now);
  const recordedAt = log.result === "ok" ? life?.steps[0].recordedAt : undefined;
  const { found, checks: own } = await signatureAndKey(record, keys, recordedAt, now);
  checks.push(...own);
  if (found) {
    const { terms } = found;
    const listed = await statusOfLists(terms.status, bundle.lists, { keys, now, asOf });
    const status = life ? byTheLaterWord(listed, life, asOf, now) : listed;
    checks.push(validity(terms.issued_on, terms.valid_until, asOf, now), status);
  }
  checks.push(log);
  const genuine = found && !failed(checks, "key") && !failed(checks, "log") ? { ...found.terms, id: found.id } : null;
  const standing = genuine && life ? standingAt(life, asOf, knownUntil(life, now))?.standing : undefined;
  return { ...head, genuine, life, ...verdict(asOf, standing ?? null, checks) };
}

/**
 * The check `status`: the lists decide, for entries may have been left out. What the log proves against it counts, with its reason,
 * where the lists say no otherwise, or are older; where they leave it open, it is told as what was known then.
 */
function byTheLaterWord(listed, life, asOf, now) {
  const proven = statusOfLife(life, asOf, now);
  if (proven.result !== "failed") return correctedSince(listed, life, asOf);
  const step = standingAt(life, asOf, knownUntil(life, now))?.step;
  // By its dates alone, which no entry changes.
  if (!step || listed.result === "failed") return proven;
  // Lists from after that step know of it, and of what came later.
  if (listed.result === "ok") return parseInstant(listed.known_at) < step.recordedAt ? proven : listed;
  return {
    ...proven,
    result: "undetermined",
    code: "status_told_before",
    message: `${proven.message}, by a log that tells until ${proven.known_at}; ${listed.message}`,
    message_zh: `日志到 ${proven.known_at} 为止说：${proven.message_zh}；${listed.message_zh}`,
  };
}

/** The standings that a list's word means. */
const TOLD_BY = new Map([
  ["status_revoked", ["withdrawn", "cancelled", "superseded"]],
  ["status_suspended", ["suspended"]],
]);

/**
 * What a list says against it, where the log proves that the very step it told of was taken back after the list's day: the list
 * holds for what was known then, and what else it knew of cannot be told from it.
 */
function correctedSince(listed, life, asOf) {
  const then = standingAt(life, asOf, parseInstant(listed.known_at));
  const told = TOLD_BY.get(listed.code)?.includes(then?.step && then.standing);
  if (listed.result !== "failed" || !told) return listed;
  return {
    ...listed,
    result: "undetermined",
    code: "status_corrected_since",
    message: `${listed.message}, by what was known then; the log has a correction of it from later`,
    message_zh: `${listed.message_zh}，这是按当时的登记；日志里有后来的更正`,
  };
}

/** Whose word the keys are. */
function whoseKeys({ host, keys: told }, given, now) {
  const check = draft("trust", "keys", now);
  if (!given) {
    const en = `the keys are those in the file: that they are ${host}'s, it cannot prove itself`;
    return check.unknown("keys_own_word", `密钥是文件自带的：是不是 ${host} 的，文件自己不能证明`, en);
  }
  if (given.host !== host) {
    const en = `it comes from ${host}, and the keys at hand are those of ${given.host}`;
    return check.failed("other_host", `这份文件出自 ${host}，手上的密钥是 ${given.host} 的`, en);
  }
  const leaked = leakedSince(given, told);
  if (leaked) {
    const zh = `文件里说密钥 ${leaked} 已经泄露，手上的密钥清单还不知道：请重新下载清单再核验`;
    const en = `it says that the key ${leaked} was compromised, which the keys at hand do not know: fetch the list anew and verify again`;
    return check.unknown("keys_outdated", zh, en);
  }
  return check.ok("keys_given", `用 ${host} 公布的密钥核验`, `by the keys that ${host} publishes`);
}

/**
 * The first key that the bundle's own list calls compromised earlier than the keys at hand do. Its list is nobody's word, but bad
 * news is cheap to heed.
 */
function leakedSince(given, told) {
  const knows = ({ id, revoked }) => given.keys.some((key) => key.id === id && key.revoked <= revoked);
  const inUse = told.keys.filter((key) => key.purpose === "credential" || key.purpose === "log");
  return inUse.find((key) => key.revoked !== undefined && !knows(key))?.id;
}

/** The life that the log's entries tell, where they are proven and belong to the record; and the check of the log. */
async function lifeOf(bundle, record, keys, now) {
  if (!bundle.log) return { log: noLog(now) };
  const { checkpoint, entries } = bundle.log;
  const log = await evidence(checkpoint, entries, keys, now);
  const issue = await orNothing(() => readCertificate(keys.host, bundle.certificate));
  if (log.result !== "ok" || !issue) return { log };
  const check = draft("log", "log", now);
  const mismatch = (why) => ({
    log: {
      ...check.failed("log_mismatch", "日志里的记录与这份证书不符", `the entries are not its life: ${why}`),
      required: true,
    },
  });
  if (!entries.every(({ entry }) => at(entry, "subject") === "certificate" && at(entry, "id") === issue.id)) {
    return mismatch("one is of something else");
  }
  try {
    const life = formLife(
      issue.terms,
      entries.map(({ entry }) => readStep(entry)),
    );
    const digest = hex(await sha256(record));
    return life.steps[0].record_sha256 === digest
      ? { life, log }
      : mismatch("the issue that was logged is of another record");
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (error.code !== "entry_unreadable") return mismatch(error.message);
    const zh = "日志里有本程序的新版本写的内容，这个版本读不懂";
    return { log: { ...check.unknown("recorded_by_newer_version", zh, error.message), required: true } };
  }
}
