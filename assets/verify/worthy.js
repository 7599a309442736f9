// What a device keeps and under which names, and whether keys and a list of marks may take the place of those it has: for its pages, and
// for assets/worker.js, in which this stands.

import { at, parseStrict } from "./jcs.js";
import { readKeys } from "./keys.js";
import { readMarkList } from "./mark-list.js";
import { verifyIssued } from "./proof.js";
import { Refusal } from "./refusal.js";
import { fromMilliseconds } from "./time.js";

/** Names in the browser's cache: of keys and lists; of the pages and scripts, each version's by itself. */
export const FACTS = "starmark-facts";
export const SHELLS = "starmark-shell-";
export const KEYS = "/.well-known/did.json";
export const MARKS = "/status/marks";
/** Where a photo lies that was handed to a page the network did not bring, until that page has read it. */
export const PHOTO = "/offline/photo";

/** The keys in those bytes. */
export const keysIn = (bytes) => readKeys(parseStrict(bytes));

/** The moment of the list of marks in those bytes, which whoever has those keys signed. */
export async function momentOf(bytes, keys) {
  return (await readMarkList(bytes, keys, fromMilliseconds(Date.now()))).asOf;
}

/** Holds the bytes of a status list at that path against those keys; one that is none, or that somebody else signed, is refused. */
export async function mustBeList(bytes, path, keys) {
  const list = parseStrict(bytes);
  await verifyIssued("credential", list, keys);
  if (at(list, "id") !== `https://${keys.host}${path}`) throw new Refusal("not_a_status_list", `this is not ${path}`);
}
