#!/usr/bin/env node
// Opens the page and the mark of every demo case in a browser, takes pictures, and checks what every page must hold.
// Usage: starmark demo --json | node shots.mjs BASE_URL OUTDIR      (reads its standard input up to the line with "ready")
// Exit code: 0 all held, 1 something did not, 64 wrong usage.

import { mkdir } from "node:fs/promises";
import { createInterface } from "node:readline";
import { start } from "./browser.mjs";
import { WORDS, examine } from "./examine.mjs";

/** Addresses examined side by side: one a core. */
const AT_ONCE = 2;

async function cases(input) {
  const out = [];
  for await (const line of createInterface({ input })) {
    if (!line.trim()) continue;
    const read = JSON.parse(line);
    if (read.page) out.push(read);
    if (read.ready) break;
  }
  return out;
}

/** The same path on the server under test, whatever host the line names. */
function here(base, address) {
  const { pathname, search } = new URL(address, base);
  return new URL(pathname + search, base).href;
}

function subjects(base, folder, all) {
  const out = [{ url: new URL("/", base).href, shot: { folder, name: "home" } }];
  for (const one of all) {
    const name = String(one.case).replace(/[^\p{L}\p{N}-]+/gu, "-");
    const word = WORDS[one.standing];
    for (const part of ["page", "mark"].filter((p) => one[p])) {
      out.push({ url: here(base, one[part]), word, standing: one.standing, shot: { folder, name: `${name}-${part}` } });
    }
  }
  return out;
}

async function main([base, folder]) {
  if (!base || !folder) {
    console.error("usage: node shots.mjs BASE_URL OUTDIR < lines");
    return 64;
  }
  await mkdir(folder, { recursive: true });
  const all = await cases(process.stdin);
  if (!all.length) {
    console.error("no line with a page on standard input");
    return 64;
  }
  const queue = subjects(base, folder, all);
  const browser = await start();
  let [passed, failed] = [0, 0];
  const say = (subject, check, why) => {
    if (!why.length) {
      passed += 1;
      return;
    }
    failed += 1;
    console.log(`FAIL ${subject.shot.name} ${subject.url}: ${check}: ${why.join("; ")}`);
  };
  const worker = async () => {
    for (let subject = queue.shift(); subject; subject = queue.shift()) {
      const before = failed;
      if (subject.standing && !subject.word) say(subject, "standing", [`no word is known for ${subject.standing}`]);
      await examine(browser, subject, (check, why) => say(subject, check, why));
      if (failed === before) console.log(`PASS ${subject.shot.name}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  await browser.close();
  console.log(`browser: ${passed} passed, ${failed} failed`);
  return failed ? 1 : 0;
}

process.exit(await main(process.argv.slice(2)));
