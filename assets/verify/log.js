// The check `log` from a checkpoint and proven entries that somebody kept (docs/SPEC-bundle.md, check 5).

import { canonicalBytes, isObject } from "./jcs.js";
import { readNote, signedBy } from "./note.js";
import { Refusal } from "./refusal.js";
import { hashOf, leafHash, readCheckpoint, verifyInclusion } from "./tree.js";
import { draft } from "./verdict.js";
import { fits } from "./words.js";

const PROOF_MAX = 64;

/** Whether a value is a proven entry: the number of a leaf, the entry, and hashes from the leaf up. */
export const isProven = (value) =>
  fits(value, {
    index: (index) => typeof index === "number" && index >= 0,
    entry: isObject,
    proof: (proof) =>
      Array.isArray(proof) && proof.length <= PROOF_MAX && proof.every((hash) => hashOf(hash) !== undefined),
  });

const required = (check) => ({ ...check, required: true });

/** The check where nothing of the log is at hand. */
export const noLog = (now) =>
  required(
    draft("log", "log", now).unknown("log_missing", "没有附日志证明", "there is no proof from the public log with it"),
  );

/** Verifies that proven entries are in the tree of a checkpoint that the body signed. */
export async function evidence(note, proven, keys, now) {
  const check = draft("log", "log", now);
  try {
    const signed = await readSigned(note, keys, check);
    if (signed.open) return required(signed.open);
    const { tree, key } = signed;
    await prove(tree, proven);
    return required(
      check.ok(
        "log_proven",
        `${proven.length} 条记录都在公开日志里（共 ${tree.size} 条，${key.id} 签名）`,
        `${proven.length === 1 ? "one entry is" : `${proven.length} entries are`} in the public log of ${tree.size} that ${key.id} signed`,
      ),
    );
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return required(
      check.failed(error.code, "公开日志的证明不成立", `the proof from the public log does not hold: ${error.message}`),
    );
  }
}

/** The checkpoint and the listed key that signed it; or the check that stays `open`. */
async function readSigned(text, keys, check) {
  const origin = `${keys.host}/log`;
  const note = readNote(text);
  const signers = [];
  for (const key of keys.of("log")) if (await signedBy(note, origin, key.public)) signers.push(key);
  const tree = await readCheckpoint(note.text);
  if (tree.origin !== origin) throw new Refusal("log_other", `the checkpoint is of another log than ${origin}`);
  // Of several, one that is in nobody else's hands.
  const key = signers.findLast(({ revoked }) => revoked === undefined) ?? signers[0];
  if (!key) {
    const en = "the checkpoint is not signed by a log key in this list of keys, which may be older than the key";
    return { open: check.unknown("log_key_unknown", "检查点不是用清单里的日志密钥签的：清单可能比密钥旧", en) };
  }
  if (key.revoked !== undefined) {
    const en = `the log key ${key.id} was compromised: its signature alone proves nothing`;
    return { open: check.unknown("log_key_compromised", `日志密钥 ${key.id} 已经泄露，单凭它的签名不能证明什么`, en) };
  }
  return { tree, key };
}

async function prove(tree, proven) {
  let last = -1n;
  for (const { index, entry, proof } of proven) {
    const place = BigInt(index);
    if (place <= last) throw new Refusal("log_order", "the entries are not in the log's order");
    last = place;
    await verifyInclusion(await leafHash(canonicalBytes(entry)), place, tree.size, proof.map(hashOf), tree.root);
  }
}
