#!/usr/bin/env node
// Rules of the browser's verifier that no vector and no given-out file shows: clocks, what was known when, saved errors, blanks.

import assert from "node:assert/strict";
import { test } from "node:test";
import { utf8 } from "../../assets/verify/bytes.js";
import { problemIn } from "../../assets/verify/input.js";
import { formLife, knownUntil, standingAt, statusOfLife } from "../../assets/verify/life.js";
import { verifyMark } from "../../assets/verify/mark.js";
import { parseInstant } from "../../assets/verify/time.js";
import { claimed, draft, keyWindow, verdict } from "../../assets/verify/verdict.js";
import { trimmed } from "../../assets/verify/words.js";

const at = parseInstant;

test("a signature of a time to come is no forgery: the clock may be wrong", () => {
  const key = { id: "credential-1", validFrom: at("2020-01-01T00:00:00Z") };
  const now = at("2026-05-08T00:00:00Z");
  const codeOf = (signed) => keyWindow(key, claimed(at(signed)), now);
  assert.equal(codeOf("2026-05-08T00:05:00Z").code, "key_in_window", "five minutes are two clocks");
  const ahead = codeOf("2026-05-08T00:05:01Z");
  assert.deepEqual([ahead.result, ahead.code], ["undetermined", "signed_in_the_future"]);
  assert.ok(ahead.message_zh.includes("2026-05-08 08:00"), ahead.message_zh);
});

test("a standing is told only where it is the verdict's", () => {
  const [ok, failed, open] = ["ok", "failed", "unknown"].map((end) => draft("status", "log", 0n)[end]("x", "x", "x"));
  const told = (standing, check) => verdict(0n, standing, [check]).standing;
  assert.deepEqual([told("valid", ok), told("valid", failed), told("valid", open)], ["valid", null, null]);
  assert.deepEqual([told("suspended", ok), told("suspended", failed), told("suspended", open)], [null, "suspended", null]);
});

test("a life is known until its newest entry, also by a clock that is slow", () => {
  const step = (change, day) => ({ change, effectiveAt: at(`${day}T02:00:00Z`), recordedAt: at(`${day}T02:00:00Z`) });
  const terms = { issued_on: "2026-05-08", valid_until: "2029-05-07" };
  const suspended = { ...step("suspended", "2026-06-01"), reason: "0112" };
  const life = formLife(terms, [step("issued", "2026-05-08"), suspended]);
  const [before, newest, after] = ["2026-05-20T00:00:00Z", "2026-06-01T02:00:00Z", "2026-07-01T00:00:00Z"].map(at);
  assert.deepEqual([knownUntil(life, before), knownUntil(life, after)], [newest, after]);
  assert.equal(standingAt(life, newest, knownUntil(life, before)).standing, "suspended");
  const status = (asOf, now) => statusOfLife(life, asOf, now);
  assert.deepEqual([status(newest, after).code, status(newest, after).known_at], ["suspended", "2026-06-01T02:00:00Z"]);
  assert.equal(status(after, newest).code, "in_the_future", "a suspension may be lifted until then");
});

test("a saved error is told as one, and nothing that is signed is", () => {
  const problem = { type: "about:blank", title: "Not Found", status: 404, code: "no_such_certificate", detail: "有效" };
  const said = problemIn(utf8(JSON.stringify(problem)));
  assert.ok(said.zh.includes("404 no_such_certificate") && !said.zh.includes("有效"), said.zh);
  for (const other of [{ ...problem, proof: {} }, { ...problem, code: "<b>" }, { ...problem, status: "404" }, [problem], 1]) {
    assert.equal(problemIn(utf8(JSON.stringify(other))), undefined);
  }
});

test("what is unseen but no blank is part of a code", async () => {
  assert.equal(trimmed(" \t\u0085https://x\u3000"), "https://x");
  assert.equal(trimmed("\ufeffhttps://x"), "\ufeffhttps://x");
  const context = { keys: { host: "xb.example.cn" }, now: 0n, asOf: 0n };
  const found = await verifyMark("\ufeffhttps://xb.example.cn/m/0000000000000011", context);
  assert.deepEqual([found.verdict, found.checks[0].code], ["invalid", "not_a_mark_url"]);
});
