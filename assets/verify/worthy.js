// Whether keys and a list of marks may take the place of those that a device keeps: for assets/worker.js, in which this stands.

import { parseStrict } from "./jcs.js";
import { readKeys } from "./keys.js";
import { readMarkList } from "./mark-list.js";
import { fromMilliseconds } from "./time.js";

/** The keys in those bytes. */
export const keysIn = (bytes) => readKeys(parseStrict(bytes));

/** The moment of the list of marks in those bytes, which whoever has those keys signed. */
export async function momentOf(bytes, keys) {
  return (await readMarkList(bytes, keys, fromMilliseconds(Date.now()))).asOf;
}
