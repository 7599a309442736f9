// Merkle trees of RFC 6962, proofs of RFC 9162, and what a log signs of its tree (C2SP tlog-checkpoint). Sizes and indexes are
// BigInt, hashes bytes.

import { concat, equal, sha256, unbase64, utf8 } from "./bytes.js";
import { Refusal } from "./refusal.js";

const HASH = 32;
const MAX_SIZE = 2n ** 63n - 1n;
const ORIGIN = /^[^\p{White_Space}\p{Cc}+]+$/u;
const ORIGIN_MAX = 255;

/** The 32 bytes of a hash in base64; nothing for another text. */
export function hashOf(text) {
  const bytes = typeof text === "string" ? unbase64(text) : undefined;
  return bytes?.length === HASH ? bytes : undefined;
}

export const leafHash = (data) => sha256(concat(Uint8Array.of(0), data));
const nodeHash = (left, right) => sha256(concat(Uint8Array.of(1), left, right));
const emptyHash = () => sha256(new Uint8Array(0));

const REFUSALS = {
  proof_no_such_leaf: "the tree has no such leaf",
  proof_no_such_past: "the later tree has fewer leaves than the earlier one",
  proof_too_short: "the proof has too few hashes for a tree of this size",
  proof_too_long: "the proof has too many hashes for a tree of this size",
  proof_old_root_mismatch: "the proof does not lead to the root of the earlier tree",
  proof_root_mismatch: "the proof does not lead to the root of the tree",
};

function refuse(code) {
  throw new Refusal(code, REFUSALS[code]);
}

/** The way from a node up to the root, a level a hash of the proof. */
class Way {
  #at;
  #last;

  constructor(at, last) {
    this.#at = at;
    this.#last = last;
  }

  #up() {
    this.#at >>= 1n;
    this.#last >>= 1n;
  }

  /** Whether the next hash is the left half; goes up. */
  nextIsLeft() {
    if (this.#last === 0n) refuse("proof_too_long");
    const left = (this.#at & 1n) === 1n || this.#at === this.#last;
    // Levels at which this subtree is the last and has no sibling are passed over.
    while (left && (this.#at & 1n) === 0n && this.#at !== 0n) this.#up();
    this.#up();
    return left;
  }

  end() {
    if (this.#last !== 0n) refuse("proof_too_short");
  }
}

/** Verifies that the tree of `size` leaves with that root has that hash as its leaf `index`. */
export async function verifyInclusion(leaf, index, size, proof, root) {
  if (index >= size) refuse("proof_no_such_leaf");
  const way = new Way(index, size - 1n);
  let found = leaf;
  for (const hash of proof) found = way.nextIsLeft() ? await nodeHash(hash, found) : await nodeHash(found, hash);
  way.end();
  if (!equal(found, root)) refuse("proof_root_mismatch");
}

/** Verifies that the tree of `later` leaves began as that of `earlier` leaves. */
export async function verifyConsistency(earlier, earlierRoot, later, laterRoot, proof) {
  if (earlier > later) refuse("proof_no_such_past");
  if (earlier === 0n && !equal(earlierRoot, await emptyHash())) refuse("proof_old_root_mismatch");
  if (earlier === 0n || earlier === later) {
    if (proof.length > 0) refuse("proof_too_long");
    if (earlier === later && !equal(earlierRoot, laterRoot)) refuse("proof_root_mismatch");
    return;
  }
  // A complete earlier tree is a node of the later one: its root opens the proof without being sent.
  const complete = (earlier & (earlier - 1n)) === 0n;
  const [first, ...rest] = complete ? [earlierRoot, ...proof] : proof;
  if (!first) refuse("proof_too_short");
  let [at, last] = [earlier - 1n, later - 1n];
  while (at & 1n) [at, last] = [at >> 1n, last >> 1n];
  const way = new Way(at, last);
  let [old, now] = [first, first];
  for (const hash of rest) {
    if (way.nextIsLeft()) [old, now] = [await nodeHash(hash, old), await nodeHash(hash, now)];
    else now = await nodeHash(now, hash);
  }
  way.end();
  if (!equal(old, earlierRoot)) refuse("proof_old_root_mismatch");
  if (!equal(now, laterRoot)) refuse("proof_root_mismatch");
}

/** Reads what a log signs of its tree: three lines, and no more. */
export async function readCheckpoint(text) {
  const bad = (why) => new Refusal("bad_checkpoint", `this is no checkpoint: ${why}`);
  const lines = text.split("\n");
  if (lines.length !== 4 || lines[3] !== "")
    throw bad("it is not three lines, each with its line end: origin, size, root");
  const [origin, sizeText, rootText] = lines;
  const size = /^(?:0|[1-9]\d{0,18})$/.test(sizeText) ? BigInt(sizeText) : MAX_SIZE + 1n;
  const root = hashOf(rootText);
  if (size > MAX_SIZE) throw bad("its size is not a decimal without leading zeros up to 2^63 - 1");
  if (!root) throw bad("its root is not 32 bytes in base64 with padding");
  if (!ORIGIN.test(origin) || utf8(origin).length > ORIGIN_MAX) throw bad("its first line is no origin");
  if (size === 0n && !equal(root, await emptyHash())) throw bad("a tree without leaves has another root");
  return { origin, size, root };
}
