#!/usr/bin/env node
// The first screen of every answer side by side, as a phone shows it, in colour and in grey: each has a word and a shape of its own, and only
// what is in force is green with a clean edge.
// Usage: starmark demo --json | node sheet.mjs BASE_URL OUTDIR      (reads its standard input up to the line with "ready")
// Exit code: 0 all held, 1 something did not, 64 wrong usage.

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { linesOf, start, tally } from "./browser.mjs";
import { MARK_WORDS, WORDS } from "./examine.mjs";

const { say, end } = tally();
const PHONE = { width: 360, height: 640 };
/** What the hand holding the phone leaves to be read at a glance. */
const GLANCE = 360;

/** An address for each answer there is, by its word. */
function answers(base, all) {
  const at = (path) => new URL(path, base).href;
  const out = new Map();
  for (const one of all) {
    const word = WORDS[one.standing];
    if (!out.has(word)) out.set(word, one.page);
    for (const mark of one.marks.filter((m) => MARK_WORDS[m.state] && !out.has(MARK_WORDS[m.state]))) {
      if (one.standing === "valid" || mark.state === "replaced") out.set(MARK_WORDS[mark.state], mark.page);
    }
  }
  const code = new URL(all.find((one) => one.standing === "valid" && one.mark).mark).pathname;
  const first = new URL(all.find((one) => one.standing === "valid").page).pathname;
  const spoiled = `${code.slice(0, -1)}${(Number(code.at(-1)) + 1) % 10}`;
  out.set(WORDS.invalid, at(spoiled));
  out.set(WORDS.incomplete, at(code.slice(0, -60)));
  out.set(WORDS.not_found, at("/c/1234567890123456"));
  out.set(WORDS.undetermined, at(`${first}?as_of=yesterday`));
  out.set("当时有效", at(`${first}?as_of=${new Date(Date.now() - 86_400_000).toISOString().slice(0, 10)}`));
  return out;
}

/** What a band is, as it is seen. */
const seen = () => {
  const band = document.querySelector(".band");
  const style = getComputedStyle(band);
  return {
    word: document.querySelector("#verdict").firstChild.textContent.trim(),
    shape: band.querySelector("svg.shape").innerHTML.trim(),
    colour: style.backgroundColor,
    clean: getComputedStyle(band, "::after").backgroundImage === "none",
  };
};

async function main([base, folder]) {
  if (!base || !folder) {
    console.error("usage: node sheet.mjs BASE_URL OUTDIR < lines");
    return 64;
  }
  await mkdir(folder, { recursive: true });
  const all = await linesOf(process.stdin);
  const browser = await start();
  const context = await browser.newContext({ locale: "zh-CN", viewport: PHONE });
  const page = await context.newPage();
  const shown = [];
  for (const [word, url] of answers(base, all)) {
    await page.goto(url);
    const band = await page.evaluate(seen);
    say(`${word}: its word`, band.word === word ? "" : band.word);
    const green = word === WORDS.valid;
    say(`${word}: its edge`, band.clean === green ? "" : green ? "it is hatched" : "it is clean");
    const [r, g, b] = band.colour.match(/\d+/g).map(Number);
    say(`${word}: its colour`, (g > r && g > b) === green ? "" : band.colour);
    const picture = await page.screenshot({ clip: { x: 0, y: 0, width: PHONE.width, height: GLANCE } });
    shown.push({ ...band, picture: picture.toString("base64") });
  }
  for (const what of ["word", "shape"]) {
    const twice = shown.filter((one, i) => shown.findIndex((other) => other[what] === one[what]) !== i);
    say(`every answer has a ${what} of its own`, twice.map((one) => one.word));
  }
  say("all answers are there", shown.length >= 16 ? "" : `${shown.length} are`);
  const table = await context.newPage();
  await table.setViewportSize({ width: 4 * (PHONE.width + 12), height: 800 });
  for (const [name, filter] of [["verdicts", "none"], ["verdicts-grey", "grayscale(1)"]]) {
    const pictures = shown.map((one) => `<img src="data:image/png;base64,${one.picture}">`).join("");
    await table.setContent(`<body style="margin:0;display:grid;grid-template-columns:repeat(4,auto);gap:12px;background:#888;filter:${filter}">${pictures}</body>`);
    await table.waitForFunction(() => [...document.images].every((image) => image.complete));
    await table.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
  }
  await browser.close();
  return end("sheet");
}

process.exit(await main(process.argv.slice(2)));
