// Data Integrity proofs, cryptosuite eddsa-jcs-2022 (docs/SPEC-certificate.md, "The proof").

import { concat, unbase58 } from "./bytes.js";
import { at, canonicalDigest, isObject, same, without } from "./jcs.js";
import { verifies } from "./keys.js";
import { Refusal } from "./refusal.js";
import { floorSecond, parseInstant } from "./time.js";

const MEMBERS = new Set([
  "@context",
  "type",
  "cryptosuite",
  "created",
  "verificationMethod",
  "proofPurpose",
  "proofValue",
]);
const SIGNATURE_TEXT_MAX = 88;
export const RECEIPT_TYPE = "starmark-receipt";

/** Verifies a document's one proof: what was signed under which key, and when its signer says so. */
export async function verifyDocument(purpose, document, resolve) {
  const { proof, key, url, created, signature } = readProof(purpose, document, resolve);
  const message = await signedBytes(document, proof);
  if (!(await verifies(key.public, message, signature)))
    refuse("signature_bad", "the signature does not match the document");
  return { key, url, created };
}

/** As `verifyDocument`; and the document's issuer is whose key it is. */
export async function verifyIssued(purpose, document, keys) {
  const evidence = await verifyDocument(purpose, document, (url) => keys.resolve(url));
  const issuer = typeof document.issuer === "string" ? document.issuer : at(document, "issuer", "id");
  if (issuer !== evidence.url.split("#")[0]) refuse("issuer_mismatch", "the issuer is not the controller of the key");
  return evidence;
}

/** What is signed: the digest of the proof without its value, then that of the document without its proof. */
export async function signedBytes(document, proof) {
  try {
    return concat(
      await canonicalDigest(without(proof, "proofValue")),
      await canonicalDigest(without(document, "proof")),
    );
  } catch (error) {
    if (error instanceof Refusal) refuse("document_uncanonical", "the document has no canonical form");
    throw error;
  }
}

function refuse(code, message) {
  throw new Refusal(code, message);
}

/** Everything of a proof but the signature, in the order of SPEC-certificate. */
function readProof(purpose, document, resolve) {
  if (!isObject(document)) refuse("document_not_object", "the document is not a JSON object");
  if ((at(document, "type") === RECEIPT_TYPE) !== (purpose === "receipt")) {
    refuse("document_kind_wrong", "the document is of another kind");
  }
  const proof = at(document, "proof");
  if (proof === undefined) refuse("proof_missing", "the document has no proof");
  if (Array.isArray(proof)) refuse("proof_several", "the document has several proofs; exactly one is accepted");
  if (!isObject(proof)) malformed("form");
  if (textOf(proof, "type") !== "DataIntegrityProof")
    refuse("proof_type_unsupported", "the proof is not a DataIntegrityProof");
  if (textOf(proof, "cryptosuite") !== "eddsa-jcs-2022")
    refuse("cryptosuite_unsupported", "the proof's cryptosuite is not eddsa-jcs-2022");
  if (!Object.keys(proof).every((name) => MEMBERS.has(name))) {
    refuse("proof_option_unsupported", "the proof has an option that is not accepted");
  }
  if (textOf(proof, "proofPurpose") !== "assertionMethod")
    refuse("proof_purpose_wrong", "the proof's purpose is not assertionMethod");
  const contexts = [proof, document].map((object) => at(object, "@context"));
  const noContext = contexts.every((context) => context === undefined);
  if (!noContext && !same(...contexts)) refuse("context_mismatch", "the proof's @context is not the document's");
  const created = parseInstant(textOf(proof, "created"));
  if (created === undefined || floorSecond(created) !== created) malformed("created");
  const signature = signatureOf(textOf(proof, "proofValue"));
  const url = textOf(proof, "verificationMethod");
  const key = resolve(url);
  if (!key) refuse("key_unknown", "the key the proof names is not known");
  if (key.purpose !== purpose) refuse("key_purpose_wrong", "the key the proof names is not for documents of this kind");
  return { proof, key, url, created, signature };
}

function malformed(member) {
  refuse("proof_malformed", `the proof's ${member} is missing or malformed`);
}

function textOf(proof, member) {
  const text = at(proof, member);
  if (typeof text !== "string") malformed(member);
  return text;
}

function signatureOf(text) {
  const bytes = text.startsWith("z") && text.length <= SIGNATURE_TEXT_MAX + 1 ? unbase58(text.slice(1)) : undefined;
  if (bytes?.length !== 64) malformed("proofValue");
  return bytes;
}
