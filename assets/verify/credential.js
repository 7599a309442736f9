// A certificate as a Verifiable Credential: its one document for one set of terms, and what its file alone tells
// (docs/SPEC-certificate.md; docs/SPEC-verdict.md, "Offline checks of a certificate").

import { at, canonical, isObject, parseStrict, without } from "./jcs.js";
import { verifyIssued } from "./proof.js";
import { Refusal, orNothing } from "./refusal.js";
import { dayEnd, dayStart, isDay, toText } from "./time.js";
import {
  claimed,
  draft,
  failed,
  keyWindow,
  recorded,
  statusNotAsked,
  unlistedKey,
  validity,
  verdict,
} from "./verdict.js";
import * as words from "./words.js";

const CONTEXT = "https://www.w3.org/ns/credentials/v2";
const DIGEST = "sha256:";
const LIST_MAX = 1_000_000;
export const LIST_ENTRIES = 131_072;
const { isString } = words;

export const certificateUrl = (host, id) => `https://${host}/c/${id}`;
export const statusListUrl = (host, purpose, list) => `https://${host}/status/${purpose}/${list}`;

/** The unsigned document of a certificate. The same terms always give the same document. */
export function document(host, id, terms) {
  const { body } = terms;
  const subject = {
    certificateNumber: terms.number,
    holder: terms.holder,
    level: terms.level,
    scheme: terms.scheme,
    standard: terms.standard,
    scope: terms.scope,
    sites: terms.sites,
    certificationBody: { name: body.name, address: body.address, approvalNumber: body.approval_number },
    issuedOn: terms.issued_on,
    validUntilDay: terms.valid_until,
    firstIssuedOn: terms.first_issued_on,
    surveillanceDueOn: terms.surveillance_due_on,
    recertification: terms.recertification,
  };
  if (terms.supersedes) subject.supersedes = certificateUrl(host, terms.supersedes);
  if (terms.score_sheet_sha256 !== undefined) subject.scoreSheetDigest = DIGEST + terms.score_sheet_sha256;
  const whole = {
    "@context": [CONTEXT, `https://${host}/ns/v1`],
    id: certificateUrl(host, id),
    type: ["VerifiableCredential", "AfterSalesServiceCertificate"],
    issuer: `did:web:${host}`,
    validFrom: toText(dayStart(terms.issued_on)),
    validUntil: toText(dayEnd(terms.valid_until)),
    credentialSubject: subject,
  };
  if (terms.status)
    whole.credentialStatus = ["revocation", "suspension"].map((purpose) => statusEntry(host, purpose, terms.status));
  return whole;
}

function statusEntry(host, purpose, { list, index }) {
  const address = statusListUrl(host, purpose, list);
  return {
    id: `${address}#${index}`,
    type: "BitstringStatusListEntry",
    statusPurpose: purpose,
    statusListIndex: String(index),
    statusListCredential: address,
  };
}

/** A whole number from its decimal text in its one form; nothing for another text. */
export function countOf(text, least, most) {
  const number = isString(text) && /^(?:0|[1-9]\d{0,9})$/.test(text) ? Number(text) : -1;
  return number >= least && number <= most ? number : undefined;
}

/** Reads what a certificate of that host says: its identifier and its terms, named as in docs/SPEC-events.md. */
export function read(host, credential) {
  const refuse = (why) => {
    throw new Refusal("not_a_certificate", `this is not a certificate of ${host}: ${why}`);
  };
  const id = certificateOf(host, at(credential, "id"));
  if (!id) refuse("its id is not ours");
  const terms = termsOf(host, at(credential, "credentialSubject"));
  if (!terms) refuse("its credentialSubject is not one of a certificate");
  if (Object.hasOwn(credential, "credentialStatus")) {
    terms.status = statusOf(credential.credentialStatus);
    if (!terms.status) refuse("its credentialStatus names no place in our lists");
  }
  if (canonical(document(host, id, terms)) !== canonical(without(credential, "proof"))) {
    refuse("it says more, less or other than a certificate says");
  }
  return { id, terms };
}

function certificateOf(host, url) {
  const id = isString(url) ? url.split("/").at(-1) : "";
  return words.isIdentifier(id) && url === certificateUrl(host, id) ? id : undefined;
}

/** The place that the first entry names; that the rest says the same is for the comparison of the whole document. */
function statusOf(entries) {
  const entry = Array.isArray(entries) ? entries[0] : undefined;
  const address = at(entry, "statusListCredential");
  const list = countOf(isString(address) ? address.split("/").at(-1) : "", 1, LIST_MAX);
  const index = countOf(at(entry, "statusListIndex"), 0, LIST_ENTRIES - 1);
  return list === undefined || index === undefined ? undefined : { list, index };
}

const isBody = (value) =>
  words.fits(value, { name: words.isName, address: words.isAddress, approvalNumber: words.isName });

function termsOf(host, subject) {
  const ours = words.fits(subject, {
    certificateNumber: words.isNumber,
    holder: words.isHolder,
    level: words.isOneOf(words.LEVELS),
    scheme: isString,
    standard: isString,
    scope: words.isScope,
    sites: words.isListOf(words.isSite),
    certificationBody: isBody,
    issuedOn: isDay,
    validUntilDay: isDay,
    firstIssuedOn: isDay,
    surveillanceDueOn: isDay,
    recertification: words.isCount(2 ** 32 - 1),
    "supersedes?": (url) => certificateOf(host, url) !== undefined,
    "scoreSheetDigest?": (text) => isString(text) && text.startsWith(DIGEST),
  });
  if (!ours) return undefined;
  const { certificationBody: body } = subject;
  const terms = {
    number: subject.certificateNumber,
    holder: subject.holder,
    level: subject.level,
    scheme: subject.scheme,
    standard: subject.standard,
    scope: subject.scope,
    sites: subject.sites,
    body: { name: body.name, address: body.address, approval_number: body.approvalNumber },
    issued_on: subject.issuedOn,
    valid_until: subject.validUntilDay,
    first_issued_on: subject.firstIssuedOn,
    surveillance_due_on: subject.surveillanceDueOn,
    recertification: subject.recertification,
  };
  if (subject.supersedes !== undefined) terms.supersedes = certificateOf(host, subject.supersedes);
  if (subject.scoreSheetDigest !== undefined) terms.score_sheet_sha256 = subject.scoreSheetDigest.slice(DIGEST.length);
  return terms;
}

/**
 * The checks `signature` and `key`, and what the record says where its signature holds. `recordedAt` is when it was put on
 * record, where somebody vouches for that.
 */
export async function signatureAndKey(bytes, keys, recordedAt, now) {
  const signature = draft("signature", "record", now);
  let credential;
  try {
    credential = parseStrict(bytes);
    const evidence = await verifyIssued("credential", credential, keys);
    const found = read(keys.host, credential);
    const { id } = evidence.key;
    const good = signature.ok(
      "signature_good",
      `证书由本机构用密钥 ${id} 签名`,
      `the certificate is signed by this body with its key ${id}`,
    );
    const signed = recordedAt === undefined ? claimed(evidence.created) : recorded(recordedAt);
    return { found, checks: [good, keyWindow(evidence.key, signed, now)] };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const newer = error.code === "key_unknown" && (await mayBeOurs(credential, keys));
    if (newer) return { checks: [unlistedKey(signature)] };
    return { checks: [signature.failed(error.code, reasonZh(error.code), error.message)] };
  }
}

function reasonZh(code) {
  const unreadable = code.startsWith("json_") || code === "not_a_certificate";
  return unreadable ? "这不是一份可以核验的证书文件" : "这份文件不是本机构签发的，或者签发后被改动过：签名不对";
}

/** Whether the document is all that a certificate of this body is but for its signature, under a key newer than the list. */
async function mayBeOurs(credential, keys) {
  const key = at(credential, "proof", "verificationMethod");
  const issuer = isObject(credential.issuer) ? at(credential.issuer, "id") : credential.issuer;
  const readable = await orNothing(() => read(keys.host, credential));
  return isString(key) && keys.mayBeNewer(key, "credential") && issuer === keys.did && readable !== undefined;
}

/** Verifies a certificate's file with the body's keys, and the check `status` that `statusByLists` gives of its place in the lists. */
export async function verifyCertificate(bytes, { keys, now, asOf, statusByLists }) {
  const { found, checks } = await signatureAndKey(bytes, keys, undefined, now);
  if (found) {
    const { issued_on, valid_until, status } = found.terms;
    const told = await statusByLists?.(status, { keys, now, asOf });
    checks.push(validity(issued_on, valid_until, asOf, now), told ?? statusNotAsked(asOf, now));
  }
  const genuine = found && !failed(checks, "key") ? { ...found.terms, id: found.id } : null;
  return { input: "certificate", host: keys.host, genuine, ...verdict(asOf, null, checks) };
}
