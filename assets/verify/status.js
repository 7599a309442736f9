// How a certificate stands by status lists at hand (docs/SPEC-status.md; docs/SPEC-verdict.md, "Checks with status lists").

import { unbase64url } from "./bytes.js";
import { LIST_ENTRIES, countOf, statusListUrl } from "./credential.js";
import { gunzip } from "./gunzip.js";
import { at, canonical, without } from "./jcs.js";
import { verifyIssued } from "./proof.js";
import { Refusal } from "./refusal.js";
import { floorSecond, parseInstant, toText } from "./time.js";
import { claimed, draft, inTheFuture, keyWindow } from "./verdict.js";
import { fits, isCount, isOneOf, isString } from "./words.js";

const CONTEXT = "https://www.w3.org/ns/credentials/v2";
const LEAST_BYTES = LIST_ENTRIES / 8;
const MOST_BYTES = 32 * LEAST_BYTES;
const PURPOSES = ["revocation", "suspension"];

/** Unpacks an `encodedList`: entry 0 is the most significant bit of the first byte. */
export async function decodeList(text) {
  if (!text.startsWith("u")) throw new Refusal("status_list_multibase", "the list does not begin with u");
  const packed = unbase64url(text.slice(1));
  if (!packed) throw new Refusal("status_list_base64", "the list is not base64url without padding");
  const bytes = await gunzip(packed, MOST_BYTES);
  if (bytes.length < LEAST_BYTES)
    throw new Refusal("status_list_short", `the list has fewer than ${LIST_ENTRIES} entries`);
  return bytes;
}

/** Whether an entry is set. */
export function entryOf(bytes, index) {
  const byte = bytes[index >> 3];
  if (byte === undefined) throw new Refusal("status_index_out_of_range", `the list has no entry ${index}`);
  return (byte & (0x80 >> (index & 7))) !== 0;
}

function document(host, { purpose, number, from, until, encoded, ttl }) {
  const id = statusListUrl(host, purpose, number);
  return {
    "@context": [CONTEXT],
    id,
    type: ["VerifiableCredential", "BitstringStatusListCredential"],
    issuer: `did:web:${host}`,
    validFrom: toText(from),
    validUntil: toText(until),
    credentialSubject: {
      id: `${id}#list`,
      type: "BitstringStatusList",
      statusPurpose: purpose,
      encodedList: encoded,
      ttl,
    },
  };
}

/** Reads what a list of that host says of itself; the packed list is left packed. */
function read(host, credential) {
  const refuse = () => {
    throw new Refusal("not_a_status_list", `this is not a status list of ${host}`);
  };
  const subject = at(credential, "credentialSubject");
  const ours = fits(subject, {
    id: isString,
    type: isString,
    statusPurpose: isOneOf(new Set(PURPOSES)),
    encodedList: isString,
    ttl: (ttl) => ttl > 0 && isCount(Number.MAX_SAFE_INTEGER)(ttl),
  });
  const number = isString(at(credential, "id")) ? countOf(credential.id.split("/").at(-1), 1, 1_000_000) : undefined;
  const [from, until] = ["validFrom", "validUntil"].map((member) => parseInstant(at(credential, member)));
  if (!ours || number === undefined || from === undefined || until === undefined || from > until) refuse();
  if (floorSecond(from) !== from || floorSecond(until) !== until) refuse();
  const list = { purpose: subject.statusPurpose, number, from, until, encoded: subject.encodedList, ttl: subject.ttl };
  if (canonical(document(host, list)) !== canonical(without(credential, "proof"))) refuse();
  return list;
}

/**
 * The check `status` of a certificate with that place in the lists. Both lists are needed for "not listed"; either is enough for
 * the other answers.
 */
export async function statusOfLists(place, lists, { keys, now, asOf }) {
  const check = draft("status", "status_lists", now);
  if (!place) {
    return check.unknown(
      "status_no_entry",
      "这张证书签发时还没有状态清单，清单里查不到它",
      "the certificate was issued before there were status lists: they do not have it",
    );
  }
  const found = [];
  for (const purpose of PURPOSES) found.push(await latest(place, purpose, lists, { keys, now, asOf }));
  const told = (list) => draft("status", "status_lists", list.from < now ? list.from : now);
  const [revocation, suspension] = found;
  if (revocation.set) {
    const from = toText(revocation.list.from);
    const en = `withdrawn, cancelled or superseded, by the list of ${from}`;
    return told(revocation.list).failed("status_revoked", `${from} 的状态清单里已撤销、注销或换证`, en);
  }
  if (suspension.set) {
    const from = toText(suspension.list.from);
    return told(suspension.list).failed(
      "status_suspended",
      `${from} 的状态清单里已暂停`,
      `suspended, by the list of ${from}`,
    );
  }
  const open = found.find((one) => one.open);
  if (open) return open.open;
  if (asOf > now) return inTheFuture(check);
  const older = revocation.list.from < suspension.list.from ? revocation.list : suspension.list;
  const from = toText(older.from);
  return told(older).ok(
    "status_not_listed",
    `${from} 的状态清单里没有暂停、撤销、注销或换证`,
    `not suspended, withdrawn, cancelled or superseded, by the lists of ${from}`,
  );
}

/**
 * The check `status` by lists that a device keeps: what they told when they were made. Nothing where they tell nothing of it, or the
 * question is about a time before them.
 */
export async function statusThen(place, lists, { keys, now, asOf }) {
  if (!place) return undefined;
  const ofPurpose = PURPOSES.map((purpose) => statusListUrl(keys.host, purpose, place.list));
  const made = ofPurpose.map((address) => lists.find((list) => at(list, "id") === address));
  const [one, other] = made.map((list) => parseInstant(at(list, "validFrom")));
  if (one === undefined || other === undefined) return undefined;
  // The later of the two: both cover it, for each is of a day.
  const then = one > other ? one : other;
  if (asOf < then && asOf !== now) return undefined;
  const told = await statusOfLists(place, lists, { keys, now, asOf: then });
  if (told.result !== "ok") return told.result === "failed" ? told : undefined;
  const of = toText(then);
  const open = draft("status", "status_lists", then < now ? then : now).unknown(
    "status_not_listed_then",
    `${of} 没有暂停、撤销、注销或换证；后来有没有，不能排除`,
    `not suspended, withdrawn, cancelled or superseded at ${of}; that it has been since cannot be ruled out`,
  );
  return { ...open, required: asOf > now };
}

/** What the latest list of that purpose says that covers the instant: `list` and `set`, or the check that stays `open`. */
async function latest(place, purpose, lists, context) {
  const address = statusListUrl(context.keys.host, purpose, place.list);
  const read = [];
  for (const credential of lists.filter((list) => at(list, "id") === address))
    read.push(await ask(place, credential, context));
  const useful = read.filter((one) => one.list);
  if (useful.length > 0) return useful.reduce((best, one) => (best.list.from < one.list.from ? one : best));
  return read[0] ?? { open: missing(address, lists, context.now) };
}

function missing(address, lists, now) {
  const check = draft("status", "nothing", now);
  if (lists.includes(null)) {
    const en = `a list that was given cannot be read, and there is no other ${address}`;
    return check.unknown("status_list_unreadable", `给出的清单里有读不懂的，没有可用的 ${address}`, en);
  }
  if (lists.length === 0) {
    return check.unknown(
      "status_list_missing",
      `没有给出状态清单 ${address}`,
      `the status list ${address} was not given`,
    );
  }
  const en = `the lists that were given are others than ${address}`;
  return check.unknown("status_list_other", `给出的是别的清单，不是 ${address}`, en);
}

/** One list of the right address: signed by this body, under a key that counts, for a time that holds the instant. */
async function ask(place, credential, { keys, now, asOf }) {
  const check = draft("status", "status_lists", now);
  try {
    const evidence = await verifyIssued("credential", credential, keys);
    const window = keyWindow(evidence.key, claimed(evidence.created), now);
    if (window.result !== "ok") return { open: check.unknown("status_list_key", window.message_zh, window.message) };
    const list = read(keys.host, credential);
    if (asOf < list.from || asOf > list.until) {
      const [from, until, instant] = [list.from, list.until, asOf].map(toText);
      const en = `the status list is of ${from} to ${until}, and the question is about ${instant}`;
      return {
        open: check.unknown("status_list_out_of_window", `状态清单只说 ${from} 至 ${until}，问的是 ${instant}`, en),
      };
    }
    return { list, set: entryOf(await decodeList(list.encoded), place.index) };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const en = `the status list cannot be used: ${error.message}`;
    return { open: check.unknown("status_list_unreadable", `状态清单不能用：${error.message}`, en) };
  }
}
