#!/usr/bin/env node
// The verifier that browsers run, held against the vectors of status lists, the log and receipts.


import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateRawSync, gzipSync } from "node:zlib";
import { hex, unbase64, utf8 } from "../../assets/verify/bytes.js";
import { readStep } from "../../assets/verify/entry.js";
import { gunzip } from "../../assets/verify/gunzip.js";
import { parseStrict } from "../../assets/verify/jcs.js";
import { readKeys } from "../../assets/verify/keys.js";
import { readNote, signedBy } from "../../assets/verify/note.js";
import { verifyReceipt } from "../../assets/verify/receipt.js";
import { obstacle } from "../../assets/verify/verdict.js";
import { Refusal } from "../../assets/verify/refusal.js";
import { decodeList, entryOf } from "../../assets/verify/status.js";
import { parseInstant } from "../../assets/verify/time.js";
import { hashOf, leafHash, readCheckpoint, verifyConsistency, verifyInclusion } from "../../assets/verify/tree.js";
import { bytes, cases, codeOf, draws, json, text } from "./kit.mjs";

const parse = (source) => codeOf(() => parseStrict(typeof source === "string" ? utf8(source) : source));

test("status lists: every defect has its own reason, and good lists are read", async () => {
  // The list as a token is not for browsers.
  const all = cases("status").filter((vector) => vector.kind === "bitstring");
  for (const { name, encoded, index, says, reason } of all) {
    let found = await codeOf(async () => entryOf(await decodeList(encoded), index));
    if (found === "ok" && Number(entryOf(await decodeList(encoded), index)) !== says) found = "status_differs";
    // What stands behind a member is told as that only where the platform leaves it to be found.
    const alike = reason === "status_list_trailing" ? ["status_list_trailing", "status_list_gzip"] : [reason ?? "ok"];
    assert.ok(alike.includes(found), `${name}: ${found}`);
  }
  assert.equal(all.length, 26);
});

test("a gzip member is unpacked whole or not at all", async () => {
  const draw = draws(1952);
  const refused = async (packed, most = 4096) => /^status_list_/.test(await codeOf(() => gunzip(packed, most)));
  for (let i = 0; i < 40; i += 1) {
    const plain = Uint8Array.from({ length: 1 + draw(3000) }, () => (draw(3) === 0 ? draw(256) : 7));
    const packed = new Uint8Array(gzipSync(plain, { level: draw(10) }));
    assert.deepEqual(await gunzip(packed, 4096), plain);
    assert.ok(await refused(packed, plain.length - 1), "one byte too many");
    assert.ok(await refused(packed.subarray(0, draw(packed.length))), "cut short");
    assert.ok(await refused(Uint8Array.of(...packed, draw(256))), "a byte behind");
    assert.ok(await refused(Uint8Array.of(...packed, ...packed)), "two members");
    assert.ok(await refused(Uint8Array.of(...packed, draw(256), ...packed.subarray(-8))), "the trailer twice");
    const empty = new Uint8Array(gzipSync(new Uint8Array(0)));
    assert.ok(await refused(Uint8Array.of(...empty, ...packed)), "an empty member first");
    const flipped = packed.slice();
    // Behind the header, whose time and system say nothing; and some bits before the trailer fill the last byte up.
    flipped[10 + draw(packed.length - 10)] ^= 1 << draw(8);
    assert.ok((await refused(flipped)) || hex(await gunzip(flipped, 4096)) === hex(plain), "one bit");
  }
  const raw = deflateRawSync(utf8("named"));
  const named = Uint8Array.of(
    0x1f,
    0x8b,
    8,
    4 | 8 | 16,
    0,
    0,
    0,
    0,
    0,
    3,
    2,
    0,
    1,
    2,
    ...utf8("n\0c\0"),
    ...raw,
    ...gzipSync(utf8("named")).subarray(-8),
  );
  assert.deepEqual(await gunzip(named, 9), utf8("named"));
});

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

/** Vectors that are what a receipt is, but are not proven. */
const OPEN = ["key-compromised-later", "made-in-the-future"];

test("receipts: every vector is answered with its own code", async () => {
  const outcomes = { genuine: "valid", refused: "invalid", undetermined: "undetermined" };
  const all = cases("receipt");
  for (const { name, keys, now, receipt, expect, code } of all) {
    const context = { keys: await readKeys(parseStrict(utf8(JSON.stringify(keys)))), now: parseInstant(now) };
    const found = await verifyReceipt(utf8(receipt), context);
    assert.equal(found.verdict, outcomes[expect], `${name}: ${JSON.stringify(found.checks)}`);
    const inTheWay = obstacle(found.checks);
    if (inTheWay) assert.equal(inTheWay.code, code, name);
    else
      assert.ok(
        found.checks.some((check) => check.code === code),
        name,
      );
    assert.equal(found.genuine !== null, expect === "genuine" || OPEN.includes(name), name);
  }
  assert.ok(all.length > 50);
});
