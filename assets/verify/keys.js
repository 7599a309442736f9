// A body's public keys: its did.json, and Ed25519 by WebCrypto (docs/SPEC-keys.md).

import { concat, equal, hex, sha256, subtle, unbase58, utf8 } from "./bytes.js";
import { isPublicKey, isSignature } from "./curve.js";
import { at } from "./jcs.js";
import { Refusal, Unable } from "./refusal.js";
import { parseInstant } from "./time.js";
import { isHost, isName } from "./words.js";

const PURPOSES = ["credential", "mark", "log", "receipt"];
const DID_WEB = "did:web:";
const KEY_ID = /^(credential|mark|log|receipt)-([1-9]\d{0,3})$/;
const MULTICODEC = Uint8Array.of(0xed, 0x01);
const MULTIKEY_LENGTH = 48;
const MAX_KEYS = 256;

const bad = (why) => new Refusal("bad_key_document", `the key document is not usable: ${why}`);

/** The 32 bytes of a Multikey. */
export function fromMultikey(text) {
  const bytes = text.length === MULTIKEY_LENGTH && text.startsWith("z") ? unbase58(text.slice(1)) : undefined;
  const ours = bytes?.length === 34 && equal(bytes.subarray(0, 2), MULTICODEC);
  if (!ours) throw new Refusal("bad_public_key", "a key is no Ed25519 Multikey");
  const key = bytes.subarray(2);
  if (!isPublicKey(key)) throw new Refusal("bad_public_key", "a key is no point of the prime-order group of Ed25519");
  return key;
}

/** The keys of one body. */
export class KeyDocument {
  /** Made by `readKeys`. */
  constructor(host, name, keys) {
    this.host = host;
    this.name = name;
    this.keys = keys;
  }

  get did() {
    return DID_WEB + this.host;
  }

  /** The key id that a verification method's URL names; nothing where it is not of this body's form. */
  #idOf(url) {
    const id = url.startsWith(`${this.did}#`) ? url.slice(this.did.length + 1) : "";
    return KEY_ID.test(id) ? id : undefined;
  }

  /** The key that a verification method's URL names. */
  resolve(url) {
    const id = this.#idOf(url);
    return this.keys.find((key) => key.id === id);
  }

  /** Whether that URL could name a newer key of this body: numbered above all that are listed for the purpose. */
  mayBeNewer(url, purpose) {
    const [, named, number] = KEY_ID.exec(this.#idOf(url) ?? "") ?? [];
    const listed = this.keys.filter((key) => key.purpose === purpose).map((key) => key.number);
    return named === purpose && Number(number) > Math.max(0, ...listed);
  }

  of(purpose) {
    return this.keys.filter((key) => key.purpose === purpose);
  }
}

/** Reads a did.json that was read strictly. What is not ours in it is passed over; what is ours must be right in every part. */
export async function readKeys(document) {
  const did = textOf(document, "id");
  const host = did.startsWith(DID_WEB) ? did.slice(DID_WEB.length) : "";
  if (!isHost(host)) throw bad("its id is not did:web:HOST");
  const keys = [];
  for (const method of listOf(document, "verificationMethod")) {
    if (at(method, "type") === "Multikey" && PURPOSES.includes(at(method, "purpose")))
      keys.push(await record(method, did));
  }
  const name = at(document, "name");
  if (typeof name === "string" && !isName(name)) throw bad("its name is not written as one");
  if (keys.length > MAX_KEYS) throw new Refusal("too_many_keys", `a body lists at most ${MAX_KEYS} keys`);
  const distinct = (member) => new Set(keys.map((key) => String(key[member]))).size === keys.length;
  if (!distinct("id") || !distinct("public")) throw new Refusal("key_duplicate", "a key is listed twice");
  const read = new KeyDocument(host, typeof name === "string" ? name : undefined, keys);
  checkAssertions(read, listOf(document, "assertionMethod"));
  return read;
}

function textOf(object, member) {
  const text = at(object, member);
  if (typeof text !== "string") throw bad(`${member} is missing, or not a text`);
  return text;
}

function listOf(object, member) {
  const list = at(object, member);
  if (!Array.isArray(list)) throw bad(`${member} is missing, or not a list`);
  return list;
}

async function record(method, did) {
  if (at(method, "controller") !== did) throw bad("a key's controller is not the document's id");
  const publicKey = fromMultikey(textOf(method, "publicKeyMultibase"));
  const url = textOf(method, "id");
  const [id, idPurpose, number] = KEY_ID.exec(url.startsWith(`${did}#`) ? url.slice(did.length + 1) : "") ?? [];
  if (!id) throw bad("a key's id is not the document's id, # and a key id");
  const { purpose } = method;
  const [validFrom, retiredAt, revoked] = ["validFrom", "retiredAt", "revoked"].map((member) =>
    instantOf(method, member),
  );
  if (validFrom === undefined) throw bad("the member validFrom is missing");
  if (purpose !== idPurpose) throw new Refusal("bad_key_purpose", `the key ${id} cannot have the purpose ${purpose}`);
  if (retiredAt !== undefined && retiredAt < validFrom) {
    throw new Refusal("bad_key_window", `the key ${id} is retired before its start`);
  }
  const hint = hex((await sha256(publicKey)).subarray(0, 4));
  return { id, purpose, number: Number(number), public: publicKey, hint, validFrom, retiredAt, revoked };
}

function instantOf(method, member) {
  if (!Object.hasOwn(method, member)) return undefined;
  const instant = parseInstant(method[member]);
  if (instant === undefined) throw bad(`${member} is not an RFC 3339 instant in UTC`);
  return instant;
}

/** `assertionMethod` lists every credential key that is not compromised, and no other of ours. */
function checkAssertions(document, listed) {
  const mayAssert = (key) => key.purpose === "credential" && key.revoked === undefined;
  for (const url of listed) {
    if (typeof url !== "string") throw bad("an entry of assertionMethod is not a key's URL");
    const key = document.resolve(url);
    if (key && !mayAssert(key))
      throw bad("assertionMethod lists a key that is not for certificates, or is compromised");
  }
  const all = document.keys.filter(mayAssert).every((key) => listed.includes(`${document.did}#${key.id}`));
  if (!all) throw bad("assertionMethod lacks a key for certificates");
}

/** Whether an Ed25519 signature is by that key over these bytes, strictly (docs/SPEC-keys.md). */
export async function verifies(publicKey, message, signature) {
  if (!isSignature(signature)) return false;
  try {
    const key = await subtle().importKey("raw", publicKey, "Ed25519", false, ["verify"]);
    return await subtle().verify("Ed25519", key, signature, message);
  } catch (error) {
    if (error instanceof Unable) throw error;
    throw new Unable("This browser does not verify Ed25519 signatures.", "这个浏览器不会核验 Ed25519 签名。");
  }
}

/** Test 2 of RFC 8032, section 7.1. */
const KNOWN = {
  key: "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
  message: "72",
  signature:
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
};

/** Makes sure that this browser tells a good signature from a bad one, before anything is concluded from its word. */
export async function mustVerify() {
  const bytes = (text) => Uint8Array.from(text.match(/../g), (pair) => parseInt(pair, 16));
  const [key, message, signature] = [KNOWN.key, KNOWN.message, KNOWN.signature].map(bytes);
  const good = await verifies(key, message, signature);
  const bad = await verifies(key, concat(message, message), signature);
  if (!good || bad)
    throw new Unable("This browser does not tell good signatures from bad ones.", "这个浏览器分不清真假签名。");
}

/** What people compare: SHA-256 over host and keys, by which two lists of the same keys are told to be so. */
export async function fingerprint(document) {
  const lines = document.keys.map((key) => `${key.id} ${hex(key.public)}\n`).sort();
  return hex(await sha256(utf8(`${document.host}\n${lines.join("")}`)));
}
