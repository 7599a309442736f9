// What this device keeps so that it verifies without a network (assets/worker.js puts it there), and how it comes to keep it.

import { parseStrict } from "./jcs.js";
import { readMarkList } from "./mark-list.js";
import { Refusal } from "./refusal.js";
import { FACTS, MARKS, PHOTO, SHELLS } from "./worthy.js";

const WORKER = "/sw.js";

/** Whether this browser can keep anything: it does not in a private window, say. */
export const canKeep = "serviceWorker" in navigator && "caches" in globalThis;

async function keptFiles(wanted) {
  if (!("caches" in globalThis)) return [];
  try {
    if (!(await caches.has(FACTS))) return [];
    const facts = await caches.open(FACTS);
    const paths = (await facts.keys()).map(({ url }) => new URL(url).pathname).filter(wanted);
    return await Promise.all(
      paths.map(async (path) => new Uint8Array(await (await facts.match(path)).arrayBuffer())),
    );
  } catch {
    return [];
  }
}

/** The list of marks that is kept, verified; nothing where none is, or none that the body signed. */
export async function keptMarks(keys, now) {
  const [bytes] = await keptFiles((path) => path === MARKS);
  try {
    return bytes && (await readMarkList(bytes, keys, now));
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}

/** The status lists of certificates that are kept, unverified; what has no reading is left out. */
export async function keptLists() {
  const lists = await keptFiles((path) => path.startsWith("/status/") && path !== MARKS);
  return lists.flatMap((bytes) => {
    try {
      return [parseStrict(bytes)];
    } catch {
      return [];
    }
  });
}

/** The photo that was handed to a page the network did not bring; it is kept no longer. Nothing where there is none. */
export async function photoLeft() {
  if (!canKeep || !(await caches.has(FACTS))) return undefined;
  const facts = await caches.open(FACTS);
  const left = await facts.match(PHOTO);
  if (!left) return undefined;
  await facts.delete(PHOTO);
  return new File([await left.blob()], "photo");
}

/** Whether the pages are kept by which this device verifies. */
export const isKept = async () =>
  canKeep && (await caches.keys()).some((name) => name.startsWith(SHELLS)) && (await caches.has(FACTS));

let policy;

/** The worker of this site that is at work on this device; nothing where none is. */
export const worker = async () => (canKeep ? navigator.serviceWorker.getRegistration("/") : undefined);

/** That its owner removed all of it, and does not want it again by itself. */
const REMOVED = "starmark-removed";

/** Has this device keep what it takes, where it was not removed before. */
export async function keepUnlessRemoved() {
  if (canKeep && localStorage.getItem(REMOVED) === null) await keep();
}

/** Has this device keep what it takes. */
export function keep() {
  localStorage.removeItem(REMOVED);
  policy ??= globalThis.trustedTypes?.createPolicy("worker", {
    createScriptURL(url) {
      if (url !== WORKER) throw new TypeError(url);
      return url;
    },
  });
  return navigator.serviceWorker.register(policy ? policy.createScriptURL(WORKER) : WORKER, { updateViaCache: "none" });
}

/** Has the worker do something, and waits for its answer: whether it could. */
export function ask(active, what) {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => resolve(data === true);
    active.postMessage(what, [port2]);
  });
}

/** Removes all of it from this device. */
export async function forget() {
  localStorage.setItem(REMOVED, "");
  await (await worker())?.unregister();
  // What is being brought up to date just now may be put down once more.
  for (let tries = 0; tries < 2; tries += 1) for (const name of await caches.keys()) await caches.delete(name);
}
