#!/usr/bin/env node
// The verifier that browsers run and the program answer alike: on bundles, certificates and marks as they are given out, and on
// the same with one thing changed at random.
// Usage: starmark demo --json | node agreement.mjs STARMARK BASE_URL [ROUNDS [SEED]]   (reads up to the line with "ready")
// Exit code: 0 they agree, 1 they do not, 64 wrong usage.

import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { unreadable, isMarkText, verifyFile, verifyText } from "../../assets/verify/input.js";
import { utf8 } from "../../assets/verify/bytes.js";
import { parseStrict } from "../../assets/verify/jcs.js";
import { readKeys } from "../../assets/verify/keys.js";
import { readMarkList } from "../../assets/verify/mark-list.js";
import { Refusal } from "../../assets/verify/refusal.js";
import { fromMilliseconds, parseInstant } from "../../assets/verify/time.js";
import { trimmed } from "../../assets/verify/words.js";
import { linesOf } from "./browser.mjs";
import { draws } from "./kit.mjs";

const AT_ONCE = 4;
/** Characters shown of an answer that differs. */
const SHOWN = 700;
const run = promisify(execFile);

/** What the program says; nothing where the input or the keys are not usable (exit 64). */
async function program(starmark, args) {
  const found = await run(starmark, ["verify", "--json", ...args]).catch((error) => error);
  if (found.code === 64) return undefined;
  if (![undefined, 1, 2].includes(found.code)) throw new Error(`starmark ended with ${found.code}: ${found.stderr}`);
  return JSON.parse(found.stdout);
}

/** An answer without what is worded for people, and with the members of objects in one order. */
function told({ input, host, verdict, standing, checks, genuine, as_of }) {
  const bare = checks.map(({ check, result, required, code, source, known_at }) => {
    // Where several things are wrong with a JSON text, any of them may be told.
    return [check, result, required, code.replace(/^json_.*/, "json"), source, known_at];
  });
  const sorted = (value) => {
    if (Array.isArray(value)) return value.map(sorted);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.keys(value)
        .sort()
        .map((name) => [name, sorted(value[name])]),
    );
  };
  return JSON.stringify({ input, host, verdict, standing, as_of, bare, genuine: sorted(genuine) });
}

/** A part of a document, however deep, put in another's place, taken out, or given twice; parts come from either of two. */
function transplanted(text, other, draw) {
  const [document, donor] = [JSON.parse(text), JSON.parse(other)];
  const paths = (value, path = []) => {
    const below =
      typeof value === "object" && value !== null
        ? Object.keys(value).flatMap((name) => paths(value[name], [...path, name]))
        : [];
    return path.length ? [path, ...below] : below;
  };
  const pick = (from) => paths(from)[draw(paths(from).length)];
  const at = (from, path) => path.reduce((value, name) => value?.[name], from);
  const path = pick(document);
  const [parent, name] = [at(document, path.slice(0, -1)), path.at(-1)];
  const kind = draw(5);
  if (kind === 0 && Array.isArray(parent)) parent.splice(name, 1);
  else if (kind === 0) delete parent[name];
  else if (kind === 1 && Array.isArray(parent)) parent.push(parent[name]);
  else if (kind === 2 && Array.isArray(parent)) parent.reverse();
  else if (kind === 3) parent[name] = at(donor, pick(donor));
  else parent[name] = at(donor, path) ?? null;
  return JSON.stringify(document);
}

/** One thing changed: a character, a stretch taken out, two values exchanged, a value put in another's place. */
function changed(text, draw) {
  const place = () => draw(text.length);
  const put = (at, length, instead) => text.slice(0, at) + instead + text.slice(at + length);
  const values = [...text.matchAll(/"(?:[^"\\]|\\.)*"|\b\d+\b/g)];
  const value = () => values[draw(values.length)];
  const letters = '0123456789abcdefABCDEF-_+/={}[]:," TZztu.示é\\\u0000\ufeff\u0085';
  switch (draw(8)) {
    case 0:
    case 1:
    case 2:
      return put(place(), 1, letters[draw(letters.length)]);
    case 3:
      return put(place(), 1 + draw(4), "");
    case 4: {
      const [one, other] = [value(), value()];
      return put(one.index, one[0].length, other[0]);
    }
    case 5: {
      const one = value();
      return put(
        one.index,
        one[0].length,
        ["null", "true", "0", "1", '""', "[]", "{}", "1.0", "-1", '"2026-05-08T00:00:00Z"'][draw(10)],
      );
    }
    case 6: {
      // One digit of a number, a day or an instant: what stays well formed is the harder case.
      const digits = [...text.matchAll(/\d/g)];
      const { index } = digits[draw(digits.length)];
      return put(index, 1, String(draw(10)));
    }
    default: {
      const members = [...text.matchAll(/"[a-z_A-Z]+":(?:"[^"]*"|\d+),/g)];
      if (members.length === 0) return put(place(), 1, "");
      const one = members[draw(members.length)];
      return draw(2) ? put(one.index, one[0].length, "") : put(one.index, 0, one[0]);
    }
  }
}

class Desk {
  counts = {};
  differing = 0;

  constructor(parts) {
    Object.assign(this, parts);
  }

  /** `list` is the text of a list of marks that goes with a mark. */
  async compare(name, content, extra = [], list = undefined) {
    const file = join(this.folder, `${name}.json`);
    const typed = isMarkText(trimmed(content));
    await writeFile(file, typed ? (list ?? "") : content);
    const more = list === undefined ? extra : [...extra, "--status", file];
    const given = await program(this.starmark, [typed ? content : file, "--keys", this.keysFile, ...more]);
    const bytes = utf8(content);
    const ours = async (now, asOf) => {
      const context = { keys: this.keys, now, asOf };
      if (list !== undefined) context.marks = await readMarkList(utf8(list), this.keys, now);
      return typed ? verifyText(trimmed(content), context) : verifyFile(bytes, context);
    };
    if (list !== undefined && !given) {
      const read = await readMarkList(utf8(list), this.keys, fromMilliseconds(Date.now())).catch((error) => error);
      if (!(read instanceof Refusal)) await this.#differs(name, list, "not usable", "a list of marks");
      this.counts.unusable = (this.counts.unusable ?? 0) + 1;
      return;
    }
    const instant = given && parseInstant(given.as_of);
    // The program reads the clock, and its checks tell what it said.
    const now = given && given.checks.map((check) => parseInstant(check.known_at)).reduce((a, b) => (a > b ? a : b));
    const mine = !typed && unreadable(bytes) ? undefined : given && (await ours(now, instant));
    const [theirs, own] = [given && told(given), mine && told(mine)];
    this.counts[given?.verdict ?? "unusable"] = (this.counts[given?.verdict ?? "unusable"] ?? 0) + 1;
    if (theirs !== own) await this.#differs(name, content, theirs, own);
  }

  async #differs(name, content, theirs, own) {
    this.differing += 1;
    console.log(`DIFFER ${name}\n  program ${theirs?.slice(0, SHOWN)}\n  browser ${own?.slice(0, SHOWN)}`);
    await writeFile(join(this.differences, name), content);
  }
}

/** A receipt about some certificates, as the register gives it out. */
async function receipt(base, ids) {
  const certificates = ids.map((id) => ({ certificate: id, level: "五星级" }));
  const body = JSON.stringify({ reference: "示例采购 2026-1", certificates });
  const answer = await fetch(new URL("/api/v1/receipts", base), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  const text = await answer.text();
  if (answer.status !== 201) throw new Error(`no receipt: ${text}`);
  return text;
}

async function main([starmark, base, rounds = "1000", seed = "27922"]) {
  if (!starmark || !base) {
    console.error("usage: node agreement.mjs STARMARK BASE_URL [ROUNDS [SEED]] < lines");
    return 64;
  }
  const get = async (path) => {
    const answer = await fetch(new URL(path, base));
    return answer.ok ? answer.text() : undefined;
  };
  const folder = await mkdtemp(join(tmpdir(), "starmark-agreement-"));
  const did = await get("/.well-known/did.json");
  const keysFile = join(folder, "did.json");
  await writeFile(keysFile, did);
  const differences = await mkdtemp(join(tmpdir(), "starmark-differing-"));
  const desk = new Desk({ starmark, folder, differences, keysFile, keys: await readKeys(parseStrict(utf8(did))) });
  const all = [];
  const lines = await linesOf(process.stdin);
  for (const one of lines) {
    const bundle = await get(`/api/v1/bundle/${one.id}`);
    const credential = await get(`/api/v1/certificates/${one.id}/credential`);
    const mark = one.mark && `https://${desk.keys.host}${new URL(one.mark).pathname}`;
    const found = { bundle, credential, mark };
    for (const [kind, content] of Object.entries(found))
      if (content) all.push({ name: `${kind}-${one.case}`, kind, content });
  }
  for (const [i, ids] of [lines.slice(0, 1), lines.slice(4, 20)].map((part) => part.map((one) => one.id)).entries()) {
    all.push({ name: `receipt-${i}`, kind: "receipt", content: await receipt(base, ids) });
  }
  const work = all.map(
    ({ name, content }) =>
      () =>
        desk.compare(name, content),
  );
  for (const { name, content } of all.filter((one) => one.kind === "bundle")) {
    work.push(() => desk.compare(`${name}-past`, content, ["--at", "2026-07-01"]));
    work.push(() => desk.compare(`${name}-ahead`, content, ["--at", "2027-07-01"]));
  }
  const list = await get("/status/marks");
  const marks = lines.flatMap((one) => [one.mark, ...one.marks.map(({ page }) => page)]).filter(Boolean);
  const codes = marks.map((address) => `https://${desk.keys.host}${new URL(address).pathname}`);
  for (const [i, code] of codes.entries()) {
    work.push(() => desk.compare(`listed-${i}`, code, [], list));
    if (i % 4 === 0) work.push(() => desk.compare(`listed-past-${i}`, code, ["--at", "2026-07-01"], list));
  }
  const draw = draws(Number(seed));
  for (let i = 0; i < Number(rounds); i += 1) {
    const [code, altered] = [codes[draw(codes.length)], changed(list, draw)];
    work.push(() => desk.compare(`altered-list-${i}`, code, [], altered));
  }
  const bundles = all.filter((one) => one.kind === "bundle");
  for (let i = 0; i < Number(rounds); i += 1) {
    const [{ content }, other] = [bundles[draw(bundles.length)], bundles[draw(bundles.length)]];
    const altered = draw(3) ? changed(content, draw) : transplanted(content, other.content, draw);
    work.push(() => desk.compare(`altered-${i}`, altered));
  }
  const kinds = [...new Set(all.map((one) => one.kind))];
  for (let i = 0; i < Number(rounds) / 2; i += 1) {
    const ofKind = all.filter((one) => one.kind === kinds[i % kinds.length]);
    const { kind, content } = ofKind[draw(ofKind.length)];
    const altered = changed(content, draw);
    // No argument of a program holds the character 0.
    if (!isMarkText(trimmed(altered)) || !altered.includes("\0"))
      work.push(() => desk.compare(`altered-${kind}-${i}`, altered));
  }
  const total = work.length;
  const worker = async () => {
    for (let next = work.shift(); next; next = work.shift()) await next();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  await rm(folder, { recursive: true, force: true });
  if (desk.differing) console.log(`the inputs are in ${differences}`);
  else await rm(differences, { recursive: true });
  const counted = Object.entries(desk.counts).map(([word, count]) => `${count} ${word}`);
  console.log(`agreement: ${total} inputs (${counted.join(", ")}), ${desk.differing} differ`);
  return desk.differing ? 1 : 0;
}

process.exit(await main(process.argv.slice(2)));
