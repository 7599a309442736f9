// Receipts: what the register answered about certificates, signed (docs/SPEC-receipt.md).

import { unbase64url } from "./bytes.js";
import { at, parseStrict, same, without } from "./jcs.js";
import { evidence, isProven, noLog } from "./log.js";
import { RECEIPT_TYPE, verifyIssued } from "./proof.js";
import { Refusal, orNothing } from "./refusal.js";
import { dayAfter, dayStart, floorSecond, isDay, isInstant, parseInstant } from "./time.js";
import { claimed, draft, keyWindow, outcome, unlistedKey, verdict } from "./verdict.js";
import * as words from "./words.js";

export { RECEIPT_TYPE };
const ANSWERS_MAX = 10_000;
export const BYTES_MAX = 32 << 20;
const ASKED_MAX = 400;
const REFERENCE_MAX = 120;
const EXPECTED_MAX = 800;
const MESSAGE_MAX = 2_000;
/** Checks without which no answer is "valid". */
const NEEDED = ["signature", "key", "validity", "status"];
const FIELDS = { holder: (c) => c.holder.name, uscc: (c) => c.holder.uscc, level: (c) => c.level, scope: (c) => c.scope };
const OUTCOMES = new Set(["valid", "invalid", "undetermined"]);
const RESULTS = new Set(["ok", "failed", "undetermined"]);

const { isString, isOneOf, isListOf, fits } = words;
const isTrue = (value) => value === true;
const isBoolean = (value) => typeof value === "boolean";
const isWhole = words.isCount(2 ** 64);

const isCertificate = (value) =>
  fits(value, {
    id: words.isIdentifier,
    number: words.isNumber,
    holder: words.isHolder,
    level: isOneOf(words.LEVELS),
    scope: words.isScope,
    standard: isString,
    issued_on: isDay,
    valid_until: isDay,
    record_sha256: isString,
  });
const isCheck = (value) =>
  fits(value, {
    check: isString,
    result: isOneOf(RESULTS),
    required: isBoolean,
    code: isString,
    message: isString,
    message_zh: isString,
    source: isString,
    known_at: isInstant,
  });
const isComparison = (value) =>
  fits(value, {
    field: (field) => Object.hasOwn(FIELDS, field),
    expected: isString,
    "found?": isString,
    same: isBoolean,
  });
const isAnswer = (value) =>
  fits(value, {
    asked: isString,
    "certificate?": isCertificate,
    verdict: isOneOf(OUTCOMES),
    "standing?": isOneOf(words.STANDINGS),
    "changed_that_day?": isTrue,
    checks: isListOf(isCheck),
    comparison: isListOf(isComparison),
    "log?": (log) => fits(log, { record: isProven, newest: isProven }),
  });

/** Reads what a receipt of that host says; its signature and whether it holds together are questions of their own. */
function read(host, receipt) {
  const version = at(receipt, "version");
  if (typeof version === "number" && version > 1) {
    throw new Refusal("receipt_newer", "the receipt was made by a newer version of this program");
  }
  const content = without(receipt, "proof");
  const ours = fits(content, {
    type: (type) => type === RECEIPT_TYPE,
    version: (version) => version === 1,
    id: isString,
    issuer: isString,
    made_at: isInstant,
    "reference?": isString,
    as_of: isInstant,
    known_at: isInstant,
    differences: isWhole,
    answers: isListOf(isAnswer),
    "log?": (log) => fits(log, { checkpoint: isString }),
  });
  if (!ours) throw notAReceipt("it is not written in the one form a receipt has");
  const address = `https://${host}/r/`;
  const name = content.id.startsWith(address) ? content.id.slice(address.length) : "";
  if (name.length !== 22 || unbase64url(name)?.length !== 16) {
    throw new Refusal("receipt_address_wrong", `its id is not the address of a receipt of ${host}`);
  }
  if (content.issuer !== `did:web:${host}`) throw notAReceipt("its issuer is another");
  mustBeWellFormed(content);
  return content;
}

/** Refuses what is beyond the bounds of a receipt, or reads otherwise than it is written. */
function mustBeWellFormed({ answers, reference }) {
  if (answers.length < 1 || answers.length > ANSWERS_MAX) throw notAReceipt(`it has 1 to ${ANSWERS_MAX} answers`);
  if (reference !== undefined) mustBeSeen(reference, REFERENCE_MAX);
  answers.forEach(mustBeWritten);
}

const notAReceipt = (why) => new Refusal("not_a_receipt", `this is not a receipt: ${why}`);

/** Refuses what no version of this program would sign. */
function mustHoldTogether(receipt, created) {
  const [madeAt, asOf, knownAt] = [receipt.made_at, receipt.as_of, receipt.known_at].map(parseInstant);
  if (floorSecond(madeAt) !== created || knownAt > madeAt) {
    throw new Refusal("receipt_times_wrong", "its times cannot be true together");
  }
  const { answers } = receipt;
  for (const answer of answers) {
    mustFollow(answer, { asOf, knownAt, madeAt });
    mustCompare(answer);
  }
  const differing = answers.flatMap((answer) => answer.comparison).filter((compared) => !compared.same).length;
  if (differing !== receipt.differences) contradictory("differences is not the number of what differs");
}

function contradictory(why) {
  throw new Refusal("receipt_comparison_wrong", why);
}

function mustBeSeen(text, longest) {
  if (!words.isSeen(text) || [...text].length > longest) {
    throw notAReceipt("a text is empty, too long, or holds what cannot be seen");
  }
}

function mustBeWritten({ asked, checks, comparison, certificate }) {
  mustBeSeen(asked, ASKED_MAX);
  for (const { check, code, source, message, message_zh } of checks) {
    for (const text of [check, code, source, message, message_zh]) mustBeSeen(text, MESSAGE_MAX);
    if (![check, code, source].every((name) => /^[a-z0-9_]+$/.test(name))) {
      throw notAReceipt("a check, code or source is not in snake_case");
    }
  }
  for (const { expected } of comparison) mustBeSeen(expected, EXPECTED_MAX);
  if (!certificate) return;
  mustBeSeen(certificate.standard, MESSAGE_MAX);
  if (!words.isDigest(certificate.record_sha256))
    throw notAReceipt("record_sha256 is not 64 lower-case hexadecimal digits");
}

/** The verdict is what the checks make of it, and "valid" rests on all that it needs. */
function mustFollow(answer, { asOf, knownAt, madeAt }) {
  const wrong = (why) => {
    throw new Refusal("receipt_verdict_wrong", why);
  };
  const { checks, certificate } = answer;
  const valid = answer.verdict === "valid";
  if (answer.verdict !== outcome(checks)) wrong("a verdict is not what its checks make of it");
  if (valid !== (answer.standing === "valid")) wrong("a verdict and its standing contradict each other");
  if (checks.some((check) => parseInstant(check.known_at) > madeAt)) {
    throw new Refusal("receipt_times_wrong", "a check knows of a time after the receipt was made");
  }
  if (!valid) return;
  if (!certificate) wrong("what is valid has no certificate");
  const required = (name) => checks.some((check) => check.required && check.check === name);
  if (!NEEDED.every(required)) wrong("a certificate is called valid without a check it needs");
  const within = dayStart(certificate.issued_on) <= asOf && asOf < dayAfter(certificate.valid_until);
  if (!within || asOf > knownAt)
    wrong("a certificate is called valid outside its dates, or at a time of which nothing was known");
}

/** What was found is what the certificate says. Whether two texts are the same is the register's word. */
function mustCompare({ comparison, certificate }) {
  if (new Set(comparison.map((compared) => compared.field)).size !== comparison.length)
    contradictory("a field is compared twice");
  for (const { field, expected, found, same } of comparison) {
    if (found !== (certificate && FIELDS[field](certificate)))
      contradictory("a comparison was not made with the certificate of its answer");
    if ((same && found === undefined) || (found === expected && !same)) {
      contradictory("a comparison is not what its two texts make of it");
    }
  }
}

/** Verifies a receipt with the body's keys and nothing else. */
export async function verifyReceipt(bytes, { keys, now }) {
  const { receipt, checks } = await receiptChecks(bytes, keys, now);
  const answer = verdict(receipt ? parseInstant(receipt.as_of) : now, null, checks);
  return {
    input: "receipt",
    host: keys.host,
    genuine: receipt && answer.verdict !== "invalid" ? receipt : null,
    ...answer,
  };
}

async function receiptChecks(bytes, keys, now) {
  const signature = draft("signature", "record", now);
  let document;
  let evidenceOfProof;
  try {
    document = parseStrict(bytes, BYTES_MAX);
    evidenceOfProof = await verifyIssued("receipt", document, keys);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (error.code === "key_unknown" && (await mayBeOurs(document, keys))) return { checks: [unlistedKey(signature)] };
    return { checks: [signature.failed(error.code, signatureZh(error.code), error.message)] };
  }
  const { id } = evidenceOfProof.key;
  const checks = [
    signature.ok(
      "signature_good",
      `回执由本机构用密钥 ${id} 签名`,
      `the receipt is signed by this body with its key ${id}`,
    ),
  ];
  const content = draft("receipt", "record", now);
  try {
    const receipt = read(keys.host, document);
    checks.push(keyWindow(evidenceOfProof.key, claimed(parseInstant(receipt.made_at)), now));
    mustHoldTogether(receipt, evidenceOfProof.created);
    checks.push(content.ok("receipt_consistent", "回执的内容前后一致", "what the receipt says holds together"));
    checks.push(await logOf(receipt, keys, now));
    return { receipt, checks };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const end = error.code === "receipt_newer" ? content.unknown : content.failed;
    checks.push(end(error.code, "签名正确，但内容读不懂，或者自相矛盾", error.message));
    return { checks };
  }
}

/**
 * What the log's proofs in it come to. That there are none, or that nobody can tell, speaks against nothing: the body's word
 * stands by its own signature.
 */
async function logOf(receipt, keys, now) {
  const leaves = new Set();
  const logged = receipt.answers.filter((answer) => answer.log);
  let proven;
  for (const { log, certificate } of logged) {
    if (!receipt.log) return mismatch(now, "proofs without a checkpoint");
    const both = same(log.record, log.newest) ? [log.record] : [log.record, log.newest];
    const found = await evidence(receipt.log.checkpoint, both, keys, now);
    if (found.result !== "ok") return { ...found, required: found.result === "failed" };
    const isOf = ({ entry }) => entry.subject === "certificate" && entry.id === certificate.id;
    const { entry } = log.record;
    const issue = certificate && entry.change === "issued" && entry.record_sha256 === certificate.record_sha256;
    if (!issue || !both.every(isOf)) return mismatch(now, "the entries are not those of its certificates");
    both.forEach(({ index }) => leaves.add(index));
    proven = found;
  }
  if (!proven) return { ...noLog(now), required: false };
  const [all, some] = [receipt.answers.length, logged.length];
  return {
    ...proven,
    message_zh: `${all} 项回答中 ${some} 项有证明：${leaves.size} 条记录都在公开日志里`,
    message: `${some} of ${all} answers are proven: ${leaves.size} entries are in the public log`,
  };
}

function mismatch(now, why) {
  const en = `the log speaks of something else: ${why}`;
  return { ...draft("log", "log", now).failed("log_mismatch", "日志里的记录与这份回执不符", en), required: true };
}

const signatureZh = (code) =>
  code.startsWith("json_") ? "这不是一份可以核验的回执文件" : "这份回执不是本机构签发的，或者签发后被改动过：签名不对";

/** Whether the document is all that a receipt of this body is but for its signature, under a key newer than the list. */
async function mayBeOurs(document, keys) {
  const key = at(document, "proof", "verificationMethod");
  const readable = await orNothing(() => read(keys.host, document));
  return (
    isString(key) && keys.mayBeNewer(key, "receipt") && at(document, "issuer") === keys.did && readable !== undefined
  );
}
