#!/usr/bin/env node
// Opens the page and the mark of every demo case in a browser, takes pictures, and checks what every page must hold.
// Usage: starmark demo --json | node shots.mjs BASE_URL OUTDIR      (reads its standard input up to the line with "ready")
// Exit code: 0 all held, 1 something did not, 64 wrong usage.

import { mkdir } from "node:fs/promises";
import { linesOf, start } from "./browser.mjs";
import { ALL_PICTURES, MARK_WORDS, WORDS, examine } from "./examine.mjs";

/** Addresses examined side by side: one a core. */
const AT_ONCE = 2;
/** At the end of a case that there is in every level. */
const LEVEL = /-(five_star|four_star|three_star|five-star|four-star|three-star|qualified)$/;

/** The same path on the server under test, whatever host the line names. */
function here(base, address) {
  const { pathname, search } = new URL(address, base);
  return new URL(pathname + search, base).href;
}

/** Pages that belong to no case: searches, addresses that are wrong, codes that are. `code` is a good one. */
function others(code) {
  const spoiled = `${code.slice(0, -1)}${(Number(code.at(-1)) + 1) % 10}`;
  const search = (text) => `/?q=${encodeURIComponent(text)}`;
  return [
    ["home", "/"],
    ["home-english", "/?lang=en"],
    ["list", search("示例")],
    ["list-english", `${search("示例")}&lang=en`],
    ["list-none", search("没有这家企业")],
    ["list-foreign", search("https://xb.examp1e.cn/m/1234567890123456")],
    ["nowhere", "/nowhere"],
    ["verify", "/verify"],
    ["offline", "/offline"],
    ["bad-day", "/c/1234567890123456?as_of=yesterday", "undetermined"],
    ["bad-query", "/?page=first", "undetermined"],
    ["no-such-certificate", "/c/1234567890123456", "not_found"],
    ["mark-forged", spoiled, "invalid"],
    ["mark-cut", code.slice(0, -60), "incomplete"],
    ["mark-mistyped", "/m/1234567890123456", "incomplete"],
  ];
}

/** Asks for receipts: one of each kind, and gives their pages. */
async function receipts(base, folder, all) {
  const long = "示例超长名称家用电器和消费电子产品售后服务有限公司";
  const mixed = all.map((one) => ({ certificate: one.id, holder: "示例电器有限公司", level: "五星级" }));
  const unknown = { certificate: "证书编号：29326SC99999R0M", holder: "示例商贸（北京）公司", scope: "五金的售后服务" };
  const asked = [
    ["receipt-one", { certificates: [{ certificate: all[0].id }] }],
    ["receipt-none", { reference: "示例招-2026-117", certificates: [unknown] }],
    ["receipt-mixed", { reference: "示例招-2026-118", certificates: [...mixed, unknown] }],
    ["receipt-hundred", { certificates: [...mixed, ...mixed, ...mixed].slice(0, 100) }],
    ["receipt-long", { reference: long.repeat(4), certificates: [{ ...mixed[0], holder: long.repeat(30), scope: "W".repeat(800) }] }],
  ];
  const out = [];
  for (const [name, body] of asked) {
    const headers = { "content-type": "application/json" };
    const answer = await fetch(new URL("/api/v1/receipts", base), { method: "POST", headers, body: JSON.stringify(body) });
    if (answer.status !== 201) throw new Error(`${name}: ${answer.status} ${await answer.text()}`);
    const page = new URL(answer.headers.get("location"), base).href;
    out.push({ url: page, shot: { folder, name } }, { url: `${page}?lang=en`, shot: { folder, name: `${name}-english` } });
  }
  out.push({ url: new URL("/r/AAECAwQFBgcICQoLDA0ODw", base).href, shot: { folder, name: "receipt-unknown" } });
  return out;
}

function subjects(base, folder, all) {
  const code = new URL(all.find((one) => one.mark).mark).pathname;
  const out = others(code).map(([name, path, standing]) => {
    return { url: new URL(path, base).href, word: WORDS[standing], standing, shot: { folder, name } };
  });
  const [seen, known] = [new Set(), new Set()];
  for (const one of all) {
    const name = String(one.case).replace(/[^\p{L}\p{N}-]+/gu, "-");
    const { standing } = one;
    const add = (address, word, part) => {
      // In another level the same page was looked at already, in all its sizes.
      const form = `${name.replace(LEVEL, "")}-${part}`;
      const alike = !ALL_PICTURES && known.has(form);
      known.add(form);
      out.push({ url: here(base, address), word, standing, alike, shot: { folder, name: `${name}-${part}` } });
    };
    add(one.page, WORDS[standing], "page");
    if (one.mark) add(one.mark, MARK_WORDS[one.marks[0].state] ?? WORDS[standing], "mark");
    // Of the short codes one of each state, in each standing of its certificate.
    for (const mark of one.marks.filter((m) => !seen.has(m.state + standing))) {
      seen.add(mark.state + standing);
      add(mark.page, MARK_WORDS[mark.state] ?? WORDS[standing], `mark-${mark.state}`);
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
  const all = await linesOf(process.stdin);
  if (!all.length) {
    console.error("no line with a page on standard input");
    return 64;
  }
  const queue = [...subjects(base, folder, all), ...(await receipts(base, folder, all))];
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
