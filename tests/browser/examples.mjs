#!/usr/bin/env node
// Runs every example of the page for programs as it stands there, against the service that gave the page out.
// Usage: node examples.mjs STARMARK BASE_URL      (STARMARK is the binary that examples in the shell call)
// Exit code: 0 all ran and said what they should, 1 something did not, 64 wrong usage.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { tally } from "./browser.mjs";

/** Longest time of one, in ms. */
const LONGEST = 60_000;
/** What runs a program, and the name of its file. */
const RUN = {
  curl: ["bash", "example.sh", ["-euo", "pipefail"]],
  Python: ["python3", "example.py", []],
  JavaScript: ["node", "example.mjs", []],
};
const THREE = Object.keys(RUN);
/** What each says when it has worked. */
const SAYS = {
  certificate: { languages: THREE, says: /valid[\s\S]*signature/ },
  day: { languages: THREE, says: /valid/ },
  mark: { languages: THREE, says: /valid/ },
  list: { languages: THREE, says: /("end":true.*"answers":2|^2 answers, 0 differences)/m },
  receipt: { languages: THREE, says: /(GENUINE RECEIPT|\/r\/[\w-]{22})/, leaves: "receipt.json" },
  offline: { languages: ["curl"], says: /^VALID/m },
  others: { languages: ["curl"], says: /^verified/m },
};

const { say, end } = tally();

/** The characters that markup writes in its own way. */
const plain = (markup) =>
  markup.replace(/&(?:#(\d+)|(amp|lt|gt|quot));/g, (_, number, name) =>
    number ? String.fromCodePoint(Number(number)) : { amp: "&", lt: "<", gt: ">", quot: '"' }[name],
  );

/** Every example of a page, with the place it stands at. */
function examplesOf(html) {
  const found = [];
  for (const [, id, rest] of html.matchAll(/<h3 id="([\w-]+)">(.*?)(?=<h[23] |<footer)/gs)) {
    for (const [, language, markup] of rest.matchAll(/<code data-run="(\w+)">(.*?)<\/code>/gs)) {
      found.push({ id, language, text: plain(markup) });
    }
  }
  const all = html.match(/data-run=/g)?.length ?? 0;
  say("every example stands below a heading", found.length === all ? "" : `${found.length} of ${all} do`);
  return found;
}

/** Runs one in a folder of its own; what is wrong with it. */
async function ran({ id, language, text }, starmark, keys) {
  const [program, file, options] = RUN[language];
  const folder = await mkdtemp(join(tmpdir(), "example-"));
  try {
    await writeFile(join(folder, file), text);
    await symlink(fileURLToPath(new URL("../", import.meta.url)), join(folder, "tests"));
    const env = { ...process.env, PATH: `${dirname(starmark)}${delimiter}${process.env.PATH}` };
    const { status, stdout, stderr, error } = spawnSync(program, [...options, file], { cwd: folder, env, encoding: "utf8", timeout: LONGEST });
    if (error || status !== 0) return `${error ?? `exit ${status}`}: ${stderr}`;
    const { says, leaves } = SAYS[id];
    if (!says.test(stdout)) return `it says: ${stdout.slice(0, 400)}`;
    if (!leaves) return "";
    if (!existsSync(join(folder, leaves))) return `it leaves no ${leaves}`;
    await writeFile(join(folder, "keys.json"), keys);
    const verified = spawnSync(starmark, ["verify", leaves, "--keys", "keys.json"], { cwd: folder, encoding: "utf8", env });
    return verified.status === 0 ? "" : `what it leaves does not verify: ${verified.stdout}${verified.stderr}`;
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function main([binary, base]) {
  if (!binary || !base) {
    console.error("usage: node examples.mjs STARMARK BASE_URL");
    return 64;
  }
  const starmark = resolve(binary);
  const keys = await (await fetch(new URL("/.well-known/did.json", base))).text();
  const page = async (lang) => examplesOf(await (await fetch(new URL(`/developers?lang=${lang}`, base))).text());
  const [zh, en] = [await page("zh"), await page("en")];
  say("both languages have the same examples", JSON.stringify(zh) === JSON.stringify(en) ? "" : "they differ");
  for (const [id, { languages }] of Object.entries(SAYS)) {
    const there = zh.filter((example) => example.id === id).map(({ language }) => language);
    say(`${id} is told`, there.join() === languages.join() ? "" : `in ${there.join() || "nothing"}, not in ${languages}`);
  }
  for (const example of zh) {
    const name = `${example.id} in ${example.language}`;
    say(name, SAYS[example.id] && RUN[example.language] ? await ran(example, starmark, keys) : "nobody knows what it should say");
  }
  return end("examples");
}

process.exit(await main(process.argv.slice(2)));
