#!/usr/bin/env node
// As vectors.mjs: the public log, lives, and receipts.

import assert from "node:assert/strict";
import { test } from "node:test";
import { unbase64, utf8 } from "../../assets/verify/bytes.js";
import { readStep } from "../../assets/verify/entry.js";
import { parseStrict } from "../../assets/verify/jcs.js";
import { readKeys } from "../../assets/verify/keys.js";
import { formLife, standingAt } from "../../assets/verify/life.js";
import { readNote, signedBy } from "../../assets/verify/note.js";
import { verifyReceipt } from "../../assets/verify/receipt.js";
import { Refusal } from "../../assets/verify/refusal.js";
import { parseInstant } from "../../assets/verify/time.js";
import { hashOf, leafHash, readCheckpoint, verifyConsistency, verifyInclusion } from "../../assets/verify/tree.js";
import { cases, codeOf, text } from "./kit.mjs";

/** A verifier key of a log; nothing for a witness's, which browsers do not ask. */
async function logKey(vkey) {
  const [name, id, base64] = [vkey.split("+")[0], vkey.split("+")[1], vkey.split("+").slice(2).join("+")];
  const key = unbase64(base64);
  return { name, id, type: key?.[0], public: key?.subarray(1) };
}

test("the log: every case is good or refused for its defect", async () => {
  const number = (n) => BigInt(n);
  const hashes = ({ proof }) => proof.map(hashOf);
  const note = async (vector) => {
    const key = await logKey(vector.vkey);
    const source = vector.note_base64 ? unbase64(vector.note_base64) : utf8(vector.note);
    const read = readNote(new TextDecoder("utf-8", { fatal: true }).decode(source));
    if (!(await signedBy(read, key.name, key.public))) throw new Refusal("note_unsigned", "no signature by this key");
    return read;
  };
  const kinds = {
    inclusion: async (v) =>
      verifyInclusion(
        await leafHash(v.entry_base64 ? unbase64(v.entry_base64) : utf8(v.entry)),
        number(v.index),
        number(v.size),
        hashes(v),
        hashOf(v.root),
      ),
    consistency: (v) =>
      verifyConsistency(number(v.old), hashOf(v.old_root), number(v.new), hashOf(v.new_root), hashes(v)),
    checkpoint: async (v) => {
      const { origin } = await readCheckpoint((await note(v)).text);
      if (origin !== v.origin) throw new Refusal("origin_mismatch", "another log");
    },
    note,
  };
  const counted = { good: 0, refused: 0 };
  for (const [kind, verify] of Object.entries(kinds)) {
    for (const vector of cases("log", kind)) {
      const key = vector.vkey && (await logKey(vector.vkey));
      // Witnesses' keys, verifier keys as text, and bytes that are not UTF-8: a checkpoint comes to a browser within JSON.
      if (key?.type === 4 || vector.name.startsWith("refused-vkey") || vector.name === "refused-not-utf8") continue;
      assert.equal(await codeOf(() => verify(vector)), vector.code ?? "ok", `${kind}/${vector.name}`);
      counted[vector.expect] += 1;
    }
  }
  assert.deepEqual(counted, { good: 21, refused: 93 });
});

test("the log: the proofs of transparency-dev", async () => {
  // Some put a text for a hash that does not matter.
  const hash = async (base64) => {
    const found = typeof base64 === "string" ? unbase64(base64) : undefined;
    if (!found?.length) return undefined;
    return found.length === 32 ? found : leafHash(found);
  };
  const lines = (file) =>
    text("merkle", file)
      .split("\n")
      .map((line) => JSON.parse(line));
  const refused = async (make) => {
    try {
      await make();
      return false;
    } catch (error) {
      return (
        error instanceof Refusal ||
        error instanceof TypeError ||
        error instanceof SyntaxError ||
        error instanceof RangeError
      );
    }
  };
  const all = [...lines("inclusion.ndjson"), ...lines("consistency.ndjson")];
  for (const one of all) {
    const proof = (one.proof ?? []).map(hashOf);
    const found = await refused(async () => {
      if (proof.includes(undefined)) throw new Refusal("bad_hash", "no hash");
      if (one.treeSize !== undefined) {
        await verifyInclusion(
          await hash(one.leafHash),
          BigInt(one.leafIdx),
          BigInt(one.treeSize),
          proof,
          await hash(one.root),
        );
      } else {
        await verifyConsistency(
          BigInt(one.size1),
          await hash(one.root1),
          BigInt(one.size2),
          await hash(one.root2),
          proof,
        );
      }
    });
    const fromEmpty = one.file === "consistency/additional/size1-is-zero-and-size2-is-not-zero.json";
    assert.equal(found, one.wantErr && !fromEmpty, one.file);
  }
  assert.equal(all.length, 196);
});

test("the log: entries of certificates are read, and what is newer is not", async () => {
  const lines = text("domain/events.ndjson")
    .split("\n")
    .map((line) => JSON.parse(line));
  const changes = new Set();
  for (const { terms, serial, ...entry } of lines.filter((line) => line.subject === "certificate")) {
    const read = parseStrict(utf8(JSON.stringify(entry)));
    assert.equal(readStep(read).change, entry.change);
    changes.add(entry.change);
    for (const [member, value] of [
      ["change", "limited"],
      ["actor", "chief"],
      ["partly", true],
      ["recorded_at", "2026-06-02"],
      ["reason", "9999"],
      ["id", "1"],
    ]) {
      assert.equal(
        await codeOf(() => readStep(parseStrict(utf8(JSON.stringify({ ...entry, [member]: value }))))),
        "entry_unreadable",
        member,
      );
    }
  }
  assert.equal(changes.size, 8);
});

test("receipts: every vector is answered with its own code", async () => {
  const outcomes = { genuine: "valid", refused: "invalid", undetermined: "undetermined" };
  const all = cases("receipt");
  for (const { name, keys, now, receipt, expect, code } of all) {
    const context = { keys: await readKeys(parseStrict(utf8(JSON.stringify(keys)))), now: parseInstant(now) };
    const found = await verifyReceipt(utf8(receipt), context);
    assert.equal(found.verdict, outcomes[expect], `${name}: ${JSON.stringify(found.checks)}`);
    const obstacle =
      found.checks.find((check) => check.required && check.result === "failed") ??
      found.checks.find((check) => check.required && check.result !== "ok");
    if (obstacle) assert.equal(obstacle.code, code, name);
    else
      assert.ok(
        found.checks.some((check) => check.code === code),
        name,
      );
    assert.equal(found.genuine !== null, expect === "genuine" || name === "key-compromised-later", name);
  }
  assert.ok(all.length > 50);
});

const TERMS = { issued_on: "2026-05-08", valid_until: "2029-05-07" };

/** A life in which one thing happens a day, from 2026-05-08 on; what is effective at another day says so. */
function life(...changes) {
  const instant = (day) => parseInstant(`2026-05-${String(day).padStart(2, "0")}T02:00:00Z`);
  const steps = changes.map((change, i) => {
    const { name, on = 8 + i, ...rest } = typeof change === "string" ? { name: change } : change;
    return { change: name, ...rest, effectiveAt: instant(on), recordedAt: instant(8 + i) };
  });
  return formLife(TERMS, steps);
}

const erratum = (corrects) => ({ name: "corrected", corrects });

test("lives: what may follow on what", async () => {
  const good = [
    ["issued"],
    ["issued", "surveyed", "suspended", "surveyed", "reinstated", "suspended", "withdrawn"],
    ["issued", "suspended", "cancelled"],
    ["issued", { name: "superseded", on: 20 }, "surveyed", "suspended", "withdrawn"],
    ["issued", "withdrawn", erratum(1), "suspended"],
    ["issued", "suspended", "reinstated", erratum(1), "suspended"],
    ["issued", "suspended", "withdrawn", erratum(2), erratum(1)],
    ["issued", "surveyed", "withdrawn", erratum(1)],
  ];
  for (const changes of good) assert.equal(await codeOf(() => life(...changes)), "ok", JSON.stringify(changes));
  const bad = [
    [],
    ["suspended"],
    ["issued", "issued"],
    ["issued", "reinstated"],
    ["issued", "suspended", "suspended"],
    ["issued", "suspended", { name: "superseded", on: 20 }],
    ["issued", "withdrawn", "suspended"],
    ["issued", "cancelled", "surveyed"],
    ["issued", "superseded", "suspended"],
    ["issued", { name: "superseded", on: 20 }, { name: "superseded", on: 20 }],
    ["issued", { name: "superseded", on: 20 }, { name: "suspended", on: 21 }],
    ["issued", erratum(0)],
    ["issued", erratum(1)],
    ["issued", erratum(7)],
    ["issued", { name: "superseded", on: 20 }, erratum(1)],
    ["issued", "surveyed", erratum(1), erratum(1)],
    ["issued", "surveyed", erratum(1), erratum(2)],
    ["issued", "surveyed", { ...erratum(1), on: 8 }],
    ["issued", "suspended", "withdrawn", erratum(1)],
    ["issued", "suspended", "reinstated", "suspended", erratum(2)],
    ["issued", "suspended", erratum(1), "reinstated"],
  ];
  for (const changes of bad) assert.match(await codeOf(() => life(...changes)), /^not_/, JSON.stringify(changes));
});

test("lives: how it stands, and as it was known when", () => {
  const at = (day) => parseInstant(`2026-05-${day}T03:00:00Z`);
  const says = (found, day, known) => standingAt(found, at(day), at(known))?.standing;
  const plain = life("issued", "suspended", "reinstated", "withdrawn");
  assert.deepEqual(
    [8, 9, 10, 11].map((day) => says(plain, String(day).padStart(2, "0"), 12)),
    ["valid", "suspended", "valid", "withdrawn"],
  );
  assert.equal(says(plain, 12, "08"), "valid", "what was known on the first day");
  assert.equal(standingAt(plain, at(12), parseInstant("2026-05-07T00:00:00Z")), undefined, "before it was on record");
  const corrected = life("issued", "withdrawn", erratum(1));
  assert.equal(says(corrected, "09", "09"), "withdrawn", "as it was known then");
  assert.equal(says(corrected, "09", 10), "valid", "as if it had not happened");
  const lifted = life("issued", "suspended", "reinstated", erratum(1));
  assert.equal(says(lifted, "09", "10"), "suspended");
  assert.equal(says(lifted, "09", 11), "valid");
  const early = life("issued");
  assert.equal(standingAt(early, parseInstant("2026-05-07T15:59:59Z"), at(12)).standing, "not_yet_effective");
  assert.equal(
    standingAt(early, parseInstant("2029-05-07T16:00:00Z"), parseInstant("2030-01-01T00:00:00Z")).standing,
    "expired",
  );
});
