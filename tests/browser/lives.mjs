#!/usr/bin/env node
// The life of a certificate as browsers form it: what may follow on what, and how it stood as it was known when.

import assert from "node:assert/strict";
import { test } from "node:test";
import { formLife, standingAt } from "../../assets/verify/life.js";
import { parseInstant } from "../../assets/verify/time.js";
import { codeOf } from "./kit.mjs";

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
