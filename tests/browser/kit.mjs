// What the tests of the browser's verifier share: reading vectors, and telling how something was refused.

import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { Refusal } from "../../assets/verify/refusal.js";

export const root = fileURLToPath(new URL("../../", import.meta.url));
const vectors = join(root, "tests/vectors");

export const bytes = (...path) => new Uint8Array(readFileSync(join(vectors, ...path)));
export const text = (...path) => readFileSync(join(vectors, ...path), "utf8").trimEnd();
export const json = (...path) => JSON.parse(text(...path));

/** Every case of a folder of vectors, by its name. */
export function cases(...folder) {
  const names = readdirSync(join(vectors, ...folder)).filter((name) => name.endsWith(".json"));
  return names.sort().map((name) => ({ name: name.replace(/\.json$/, ""), ...json(...folder, name) }));
}

export const unhex = (digits) => Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));

/** The code something is refused with, or `ok`; any other error is an error of the verifier. */
export async function codeOf(make) {
  try {
    await make();
    return "ok";
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
}

/** Numbers that are drawn alike in every run from one seed. */
export function draws(seed) {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
