#!/usr/bin/env node
// The verifier that browsers run, held against every public vector: the same readings and the same refusals as the program.

import assert from "node:assert/strict";
import { createHash, generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { hex, unbase58, unbase64, unbase64url, utf8 } from "../../assets/verify/bytes.js";
import { isPublicKey } from "../../assets/verify/curve.js";
import { Decimal, canonical, canonicalBytes, parseStrict } from "../../assets/verify/jcs.js";
import { fromMultikey, mustVerify, verifies } from "../../assets/verify/keys.js";
import { readAddress, readDigits, signingInput } from "../../assets/verify/mark.js";
import { signedBytes, verifyDocument, verifyIssued } from "../../assets/verify/proof.js";
import { Refusal } from "../../assets/verify/refusal.js";
import { asOf, chinaDay, dayEnd, isDay, parseInstant, toText } from "../../assets/verify/time.js";
import { isNumber, isText, isUscc } from "../../assets/verify/words.js";
import { bytes, cases, codeOf, draws, json, text, unhex } from "./kit.mjs";

const parse = (source) => codeOf(() => parseStrict(typeof source === "string" ? utf8(source) : source));

test("this Node verifies Ed25519", () => mustVerify());

test("canonical files, byte for byte", () => {
  for (const name of ["arrays", "french", "structures", "unicode", "values", "weird"]) {
    const [input, output] = [bytes("jcs/input", `${name}.json`), bytes("jcs/output", `${name}.json`)];
    assert.equal(canonical(JSON.parse(new TextDecoder().decode(input))), new TextDecoder().decode(output), name);
    assert.deepEqual(canonicalBytes(parseStrict(output)), output, name);
  }
});

test("doubles as in appendix B of RFC 8785", () => {
  const view = new DataView(new ArrayBuffer(8));
  for (const line of text("jcs/rfc8785-appendix-b.txt").split("\n")) {
    const [bits, expected] = line.split(",");
    view.setBigUint64(0, BigInt(`0x${bits}`));
    assert.equal(canonical(new Decimal(view.getFloat64(0))), expected, bits);
  }
});

test("a text with two readings is refused", async () => {
  const nested = (n) => "[".repeat(n) + "]".repeat(n);
  const long = `"${"x".repeat((1 << 20) - 2)}"`;
  const table = {
    json_duplicate_member: [
      '{"a":1,"a":2}',
      '{"a":1,"\\u0061":1}',
      '[{"x":{"b":0,"c":1,"b":0}}]',
      '{"__proto__":1,"__proto__":2}',
    ],
    json_syntax: [
      "{} {}",
      "{}x",
      "[1,]",
      "\ufeff{}",
      "",
      '"\\ud800"',
      '"\\udc00\\ud800"',
      '{"\\ud83d":1}',
      "01",
      "1.",
      "-",
      "NaN",
      "tru",
      "'a'",
      '{"a" 1}',
      "{a:1}",
      '"a',
      '"\\x"',
      '"\t"',
      "[1 2]",
      "+1",
      ".5",
      "0x1",
      "\u00a01",
    ],
    json_character: ['"\uffff"', '{"\ufdd0":1}', '"\\ufdd0"'],
    json_number: [
      "9007199254740993",
      "[1e400]",
      "1e-400",
      "-0",
      "-0.0e5",
      "3.141592653589793238462643383279",
      "1e99999999999999999999",
      `0.${"0".repeat(64)}`,
    ],
    json_too_deep: [nested(33), "[".repeat(100_000), '{"a":'.repeat(100_000)],
    json_too_large: [`${long} `],
    ok: [
      "0",
      "-1",
      "0.1",
      "1.50",
      "1E30",
      "100e-2",
      "9007199254740991",
      "9007199254740992",
      '"-0 9007199254740993 \\" 1e999"',
      '"\\ud83d\\ude02"',
      " [ ] ",
      '{"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}]}',
      nested(32),
      long,
    ],
  };
  for (const [code, sources] of Object.entries(table)) {
    for (const source of sources) assert.equal(await parse(source), code, source.slice(0, 60));
  }
  assert.equal(await parse(Uint8Array.of(0x22, 0xff, 0x22)), "json_utf8");
  assert.equal(await parse(bytes("jcs/input/values.json")), "json_number");
});

test("what is read is what was written", () => {
  const read = parseStrict(utf8('{"__proto__":{"x":1},"toString":null,"n":[3,3.0,1e2,-7],"b":true}'));
  assert.equal(Object.getPrototypeOf(read), null);
  assert.deepEqual(Object.keys(read), ["__proto__", "toString", "n", "b"]);
  assert.deepEqual(
    read.n.map((n) => n instanceof Decimal),
    [false, true, true, false],
  );
  assert.equal(canonical(read), '{"__proto__":{"x":1},"b":true,"n":[3,3,100,-7],"toString":null}');
});

test("texts of bytes have one writing", () => {
  assert.deepEqual(unbase64("AAE="), Uint8Array.of(0, 1));
  for (const odd of ["AAE", "AAF=", "AA E=", "AAE=\n", "A===", "AA-_", "="])
    assert.equal(unbase64(odd), undefined, odd);
  assert.deepEqual(unbase64url("-_8"), Uint8Array.of(0xfb, 0xff));
  for (const odd of ["-_8=", "-_9", "+/8", "A", "-_ 8"]) assert.equal(unbase64url(odd), undefined, odd);
  assert.deepEqual(unbase58("112"), Uint8Array.of(0, 0, 1));
  for (const odd of ["0", "O", "I", "l", "1 "]) assert.equal(unbase58(odd), undefined, odd);
});

test("instants and days have one writing", () => {
  for (const good of [
    "2026-05-08T01:30:00Z",
    "2026-05-08T01:30:00.5Z",
    "1969-12-31T23:59:59.999999999Z",
    "2024-02-29T00:00:00Z",
  ]) {
    assert.equal(toText(parseInstant(good)), good);
  }
  for (const odd of [
    "2026-05-08T01:30:00.50Z",
    "2026-05-08T01:30:00+00:00",
    "2026-05-08t01:30:00Z",
    "2026-05-08 01:30:00Z",
    "2026-05-08T01:30Z",
    "2026-02-30T00:00:00Z",
    "2026-05-08T24:00:00Z",
    "2026-05-08T01:30:60Z",
    "2026-05-08T01:30:00.Z",
    "26-05-08T01:30:00Z",
    5,
    null,
  ])
    assert.equal(parseInstant(odd), undefined, String(odd));
  for (const odd of ["2026-13-01", "2026-02-29", "2026-2-9", " 2026-05-08", "2026-05-08 ", "", undefined])
    assert.ok(!isDay(odd), odd);
  const now = parseInstant("2026-05-08T02:00:00Z");
  assert.equal(asOf("2026-05-08", now), now);
  assert.equal(toText(asOf("2026-05-07", now)), "2026-05-07T15:59:59Z");
  assert.equal(toText(asOf("2026-05-08T09:30:00+08:00", now)), "2026-05-08T01:30:00Z");
  for (const odd of ["1999-12-31", "2151-01-01", "yesterday", ""]) assert.equal(asOf(odd, now), undefined, odd);
  assert.equal(chinaDay(dayEnd("2026-12-31")), "2026-12-31");
});

test("names, numbers and codes have one form", () => {
  for (const { code } of json("domain/uscc_vectors.json").valid) {
    assert.ok(isUscc(code), code);
    const wrong = code.slice(0, 17) + (code[17] === "0" ? "1" : "0");
    assert.ok(!isUscc(wrong) && !isUscc(code.toLowerCase()) && !isUscc(` ${code}`), code);
  }
  for (const good of ["29326SC10002R0M", "00114Q26950R7L/3502", "QCC2019-21"]) assert.ok(isNumber(good), good);
  for (const odd of [
    "29326sc10002r0m",
    "２９３２６SC",
    "29326SC 10002",
    "29326SC10002R0M\u200b",
    "QCC2019—21",
    "QCC2019ー21",
    "A<B>",
    "",
    "1".repeat(41),
    "1552665665367104",
    "1552-6656-6536-7104",
  ])
    assert.ok(!isNumber(odd), odd);
  const isName = isText(120);
  for (const good of ["示例", "示例 Co.", "é"]) assert.ok(isName(good), good);
  for (const odd of ["", " ", "示例 ", "示\u202e例", "示\u0000例", "e\u0301", "示".repeat(121), "示\u{e0001}例", 5]) {
    assert.ok(!isName(odd), JSON.stringify(odd));
  }
});

test("eddsa-jcs-2022: every step gives the published bytes", async () => {
  const read = (name) => parseStrict(bytes("vc-di-eddsa", name));
  const plain = (name) => text("vc-di-eddsa", name);
  const [unsigned, config, signed] = ["unsigned.json", "proofConfigJCS.json", "signedJCS.json"].map(read);
  assert.equal(canonical(unsigned), plain("canonDocJCS.txt"));
  assert.equal(canonical(config), plain("proofCanonJCS.txt"));
  const message = await signedBytes(signed, signed.proof);
  assert.equal(hex(message), plain("combinedHashJCS.txt"));
  const publicKey = fromMultikey(read("keyPair.json").publicKeyMultibase);
  assert.ok(await verifies(publicKey, message, unhex(plain("sigHexJCS.txt"))));
  assert.deepEqual(unbase58(plain("sigBTC58JCS.txt").slice(1)), unhex(plain("sigHexJCS.txt")));

  const key = { id: "credential-1", purpose: "credential", public: publicKey };
  const verify = (document) => verifyDocument("credential", document, () => key);
  assert.equal(toText((await verify(signed)).created), "2023-02-24T23:36:38Z");
  signed.credentialSubject.alumniOf = "The School of Samples";
  assert.equal(await codeOf(() => verify(signed)), "signature_bad");
  assert.equal(
    await codeOf(() => verifyIssued("credential", read("signedJCS.json"), { resolve: () => key })),
    "issuer_mismatch",
  );
  for (const [name, code] of [
    ["refused-other-cryptosuite.json", "cryptosuite_unsupported"],
    ["refused-other-proof-type.json", "proof_type_unsupported"],
    ["refused-proof-set.json", "proof_several"],
    ["refused-proof-chain.json", "proof_several"],
  ]) {
    assert.equal(await codeOf(() => verify(read(name))), code, name);
  }
});

test("Ed25519: what libraries disagree on is refused", async () => {
  const all = json("ed25519/speccheck-cases.json");
  let keys = 0;
  for (const { message, pub_key, signature } of all) {
    const good = isPublicKey(unhex(pub_key));
    keys += good ? 0 : 1;
    assert.ok(!good || !(await verifies(unhex(pub_key), unhex(message), unhex(signature))), pub_key);
  }
  assert.deepEqual([all.length, keys], [12, 10]);
});

test("Ed25519: keys that are made are keys, and points of no curve are none", () => {
  const draw = draws(8032);
  for (let i = 0; i < 60; i += 1) {
    const made = generateKeyPairSync("ed25519").publicKey.export({ format: "der", type: "spki" }).subarray(-32);
    assert.ok(isPublicKey(new Uint8Array(made)), hex(made));
  }
  const random = Array.from({ length: 160 }, () => Uint8Array.from({ length: 32 }, () => draw(256)));
  // Half of all texts are points, and one of eight points lies in the prime-order group.
  const keys = random.filter(isPublicKey).length;
  assert.ok(keys > 0 && keys < 40, `${keys}`);
  const neutral = Uint8Array.of(1, ...new Array(31).fill(0));
  assert.ok(!isPublicKey(neutral) && !isPublicKey(new Uint8Array(32)) && !isPublicKey(new Uint8Array(31)));
});

/** Steps 1 to 5 of docs/SPEC-mark.md; the stage that refuses is thrown as a refusal. */
async function markStages(vector) {
  const stage = async (name, make) => {
    try {
      return await make();
    } catch (error) {
      throw error instanceof Refusal && error.code !== "incomplete_code" ? new Refusal(name, error.message) : error;
    }
  };
  const address = await stage("address", () => readAddress(vector.text));
  if (address.scheme !== "https://" || address.host !== vector.host) throw new Refusal("host", "another host");
  const read = await stage("digits", () => readDigits(address.digits));
  if (read.link) return read;
  const hinted = vector.keys
    .map(unhex)
    .filter((key) => createHash("sha256").update(key).digest("hex").startsWith(read.token.hint));
  if (hinted.length === 0) throw new Refusal("key", "no key has the hint");
  for (const key of hinted) {
    if (await verifies(key, signingInput(vector.host, read.token), read.token.bytes.subarray(26))) return read;
  }
  throw new Refusal("signature", "no key verifies");
}

test("marks: every vector is judged as it says", async () => {
  const all = cases("mark");
  for (const vector of all) {
    const { name, expect, claims } = vector;
    const code = await codeOf(() => markStages(vector));
    if (expect === "refused") assert.equal(code, vector.stage, name);
    else if (expect === "incomplete") assert.equal(code, "incomplete_code", name);
    else {
      const { link, token } = await markStages(vector);
      const found = token ? { ...token.claims, hint: token.hint } : { mark: link };
      assert.equal(found.mark, claims.mark, name);
      if (!token) continue;
      const expected = [
        claims.level,
        claims.holder ?? null,
        claims.issued,
        claims.expires,
        claims.test,
        claims.key_hint,
      ];
      assert.deepEqual(
        [found.level, found.holder_uscc, found.issued_on, found.valid_until, found.test, found.hint],
        expected,
        name,
      );
      assert.equal(hex(token.bytes), vector.token, name);
      assert.equal(hex(signingInput(vector.host, token)), vector.signing_input, name);
    }
  }
  assert.equal(all.length, 48);
});
