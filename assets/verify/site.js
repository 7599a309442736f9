// What is asked of the site the page comes from, and how it is told by whose keys something was verified.

import { parseStrict } from "./jcs.js";
import { fingerprint, readKeys } from "./keys.js";
import { Unable } from "./refusal.js";
import { clock } from "./time.js";
import { element, facts, grouped, main } from "./view.js";

const KEYS = "/.well-known/did.json";

/** A file of this site; nothing but its path is told to it. */
export async function fetched(path) {
  let answer;
  try {
    answer = await fetch(new URL(path, location.origin), { cache: "no-store", credentials: "omit" });
  } catch {
    throw new Unable("The network is down: the files to verify were not had.", "网络不通，没有取到核验用的文件。");
  }
  if (!answer.ok) {
    const { status } = answer;
    throw new Unable(`The files to verify were not given out (${status}).`, `没有取到核验用的文件（${status}）。`);
  }
  return new Uint8Array(await answer.arrayBuffer());
}

/** The keys that this site publishes. */
export const keysOfSite = async () => readKeys(parseStrict(await fetched(KEYS)));

/** By whose keys something was verified, and when; `clocks` says by which clock. */
export async function byWhom(keys, now, clocks) {
  return facts([
    [{ zh: "谁的密钥", en: "Whose keys" }, element("b", { class: "mono" }, keys.host)],
    [{ zh: "密钥指纹", en: "Fingerprint" }, element("span", { class: "mono" }, grouped(await fingerprint(keys)))],
    [{ zh: "核验时间", en: "Verified at" }, [element("span", { class: "date" }, clock(now)), main(clocks)]],
  ]);
}
