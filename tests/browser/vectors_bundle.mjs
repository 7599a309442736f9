#!/usr/bin/env node
// As vectors.mjs: bundles, each answered as tests/it/vectors_bundle.rs has the program answer.

import assert from "node:assert/strict";
import { test } from "node:test";
import { utf8 } from "../../assets/verify/bytes.js";
import { verifyBundle } from "../../assets/verify/bundle.js";
import { parseStrict } from "../../assets/verify/jcs.js";
import { readKeys } from "../../assets/verify/keys.js";
import { parseInstant } from "../../assets/verify/time.js";
import { obstacle } from "../../assets/verify/verdict.js";
import { cases } from "./kit.mjs";

test("bundles: every vector is answered with its own code", async () => {
  const all = cases("bundle");
  const wrong = [];
  for (const { name, keys, now, at, bundle, expect, code } of all) {
    const context = { keys: await readKeys(parseStrict(utf8(JSON.stringify(keys)))), now: parseInstant(now), asOf: parseInstant(at) };
    const found = await verifyBundle(utf8(bundle), context);
    const check = obstacle(found.checks) ?? found.checks.at(-1);
    if (found.verdict !== expect || check.code !== code) wrong.push(`${name}: ${found.verdict} ${JSON.stringify(check)}`);
  }
  assert.deepEqual(wrong, []);
  assert.ok(all.length >= 48, `${all.length}`);
});
