#!/usr/bin/env node
// What the public does on the pages to check a mark and a list, and the pages that explain it all: at both sizes, in both languages, with script and without.
// Usage: starmark demo --json | node public.mjs BASE_URL OUTDIR      (reads its standard input up to the line with "ready")
// Exit code: 0 all held, 1 something did not, 64 wrong usage.

import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { picture, readDemo, start, tally } from "./browser.mjs";
import { SIZES, examine, violations } from "./examine.mjs";

const { say, end } = tally();
const holds = (name, is, told) => say(name, is ? "" : (told ?? "it does not"));

/** Every way a reader comes: size, language, script. */
const ways = SIZES.flatMap((size) =>
  ["zh-CN", "en-GB"].flatMap((locale) => [true, false].map((script) => ({ size, locale, script }))),
);

async function open(browser, { size, locale, script }, url) {
  const viewport = { width: size.width, height: size.height };
  const context = await browser.newContext({ locale, viewport, javaScriptEnabled: script, acceptDownloads: true });
  const page = await context.newPage();
  await page.goto(url);
  return { context, page };
}

/** Hands a picture in as this reader does: the script sends it by itself. */
async function scan(page, script, file) {
  const gone = page.waitForNavigation({ waitUntil: "load" });
  await page.setInputFiles("#file", file);
  if (!script) await page.click("#picture button[type=submit]");
  await gone;
}

async function scanning(browser, base, lines, painter) {
  const mark = (standing) => lines.find((line) => line.standing === standing && line.mark).mark;
  const other = "https://xb.examp1e.cn/m/1034659679808070";
  const cases = [
    ["in force", mark("valid"), { zh: "有效", en: "In force", leads: "/m/" }],
    ["suspended", mark("suspended"), { zh: "暂停", en: "Suspended", leads: "/m/" }],
    ["not ours", other, { zh: "不是真标志", en: "Not genuine", leads: "/scan", says: { zh: "xb.examp1e.cn", en: "xb.examp1e.cn" } }],
    ["no code", null, { zh: "无法判断", en: "Cannot tell", leads: "/scan", says: { zh: "没有读到二维码", en: "No code could be read" } }],
  ];
  for (const [name, text, wanted] of cases) {
    const file = text ? await picture(painter, text, "image/jpeg") : await picture(painter, "x").then(blank(painter));
    for (const way of ways) {
      const { context, page } = await open(browser, way, new URL("/scan", base).href);
      const chinese = way.locale === "zh-CN";
      const label = `scan ${name} ${way.size.name} ${way.locale}${way.script ? "" : " without script"}`;
      await scan(page, way.script, file);
      const word = (await page.textContent("#verdict")) ?? "";
      holds(label, word.startsWith(chinese ? wanted.zh : wanted.en), word);
      holds(`${label}: where`, new URL(page.url()).pathname.startsWith(wanted.leads), page.url());
      if (wanted.says) holds(`${label}: says`, (await page.textContent("main")).includes(chinese ? wanted.says.zh : wanted.says.en));
      const wide = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
      say(`${label}: no sideways`, wide ? "it scrolls sideways" : "");
      await context.close();
    }
  }
}

/** The same table with nothing on it. */
const blank = (page) => async (file) => {
  const bytes = await page.evaluate(async () => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 800, height: 600 });
    canvas.getContext("2d").fillRect(0, 0, 800, 300);
    const blob = await new Promise((made) => canvas.toBlob(made, "image/png"));
    return [...new Uint8Array(await blob.arrayBuffer())];
  });
  return { ...file, buffer: Buffer.from(bytes) };
};

async function live(browser, base) {
  // The camera of a browser that has the detector: it finds a code in the second look.
  const context = await browser.newContext({ locale: "zh-CN" });
  const page = await context.newPage();
  await page.addInitScript(() => {
    let looks = 0;
    globalThis.BarcodeDetector = class {
      static getSupportedFormats = async () => ["qr_code"];
      detect = async () => ((looks += 1) < 2 ? [] : [{ rawValue: "https://evil.example/m/1" }]);
    };
    Object.defineProperty(navigator, "mediaDevices", {
      value: { getUserMedia: async () => Object.assign(document.createElement("canvas")).captureStream(5) },
    });
    HTMLMediaElement.prototype.play = async () => {};
  });
  await page.goto(new URL("/scan", base).href);
  await page.click("#start");
  await page.waitForURL("**/scan?code=*");
  holds("live camera", (await page.textContent("#verdict")).startsWith("不是真标志"));
  await context.close();
}

async function checking(browser, base, lines) {
  const one = (standing) => lines.find((line) => line.standing === standing && line.number);
  const [valid, suspended] = ["valid", "suspended"].map(one);
  const list = [valid.number, suspended.number, "29326SC99999R0M", valid.number, "$$"].join("\n");
  for (const way of ways) {
    const { context, page } = await open(browser, way, new URL("/tender", base).href);
    const chinese = way.locale === "zh-CN";
    const label = `list ${way.size.name} ${way.locale}${way.script ? "" : " without script"}`;
    await page.fill("#lines", list);
    await page.fill("#reference", "示例-2026-118");
    await page.click("button[value=page]");
    await page.waitForSelector("#sums");
    const shown = () => page.locator("tbody tr:visible .no").allTextContents();
    holds(label, (await shown()).join() === "1,2,3,4,5", (await shown()).join());
    const told = await page.textContent(".filters");
    holds(`${label}: sums`, told.replace(/\s+/g, " ").includes(chinese ? "2 符合" : "2 in order"), told);
    await page.check("#show-fails", { force: true });
    holds(`${label}: filter`, (await shown()).join() === "2", (await shown()).join());
    await page.check("#show-all", { force: true });
    const saved = page.waitForEvent("download");
    await page.click("button[value=csv]");
    const csv = await readFile(await (await saved).path(), "utf8");
    holds(`${label}: csv`, csv.split("\r\n").length === 7 && csv.includes(valid.number), csv);
    const receipt = page.waitForNavigation();
    await page.click("button[value=receipt]");
    await receipt;
    holds(`${label}: receipt`, page.url().includes("/r/") && (await page.textContent("main")).includes("示例-2026-118"), page.url());
    await context.close();
  }
}

async function main([base, folder]) {
  if (!base || !folder) {
    console.error("usage: node public.mjs BASE_URL OUTDIR < lines");
    return 64;
  }
  await mkdir(folder, { recursive: true });
  const { lines } = await readDemo(process.stdin);
  const browser = await start();
  const painter = await browser.newPage();
  await painter.goto(new URL("/verify", base).href);
  const at = (path) => new URL(path, base).href;
  const two = `code=${encodeURIComponent("https://evil.example/m/1")}&code=${encodeURIComponent(`https://xb.example.cn/c/${lines[0].id}`)}`;
  for (const [name, url] of [
    ["scan", at("/scan")],
    ["scan-english", at("/scan?lang=en")],
    ["scan-foreign", at("/scan?code=https%3A%2F%2Fxb.examp1e.cn%2Fm%2F1")],
    ["scan-several", at(`/scan?${two}`)],
    ["list", at("/tender")],
    ["list-english", at("/tender?lang=en")],
    ["help", at("/help")],
    ["help-english", at("/help?lang=en")],
    ["developers", at("/developers")],
    ["developers-english", at("/developers?lang=en")],
  ]) {
    await examine(browser, { url, shot: { folder, name } }, (check, why) => say(`${name} ${check}`, why));
  }
  await unfolded(browser, at, folder);
  await scanning(browser, base, lines, painter);
  await live(browser, base);
  await checking(browser, base, lines);
  await answered(browser, base, lines, folder);
  await browser.close();
  return end("public");
}

/** The page for programs with everything on it opened: code scrolls in its own box, and the keyboard reaches that box. */
async function unfolded(browser, at, folder) {
  for (const way of ways.filter(({ script }) => script)) {
    const { context, page } = await open(browser, way, at("/developers"));
    const name = `developers-open-${way.size.name}-${way.locale.slice(0, 2)}`;
    await page.evaluate(() => document.querySelectorAll("details").forEach((part) => (part.open = true)));
    await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
    say(`${name} accessible`, await violations(page));
    const wide = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
    say(`${name} sideways`, wide ? "it scrolls sideways" : "");
    const unreached = await page.evaluate(() => [...document.querySelectorAll("pre")].filter((code) => code.scrollWidth > code.clientWidth && code.tabIndex !== 0).length);
    holds(`${name} by keyboard`, unreached === 0, `${unreached} boxes that scroll are not reached`);
    await context.close();
  }
}

/** The page of answers, which has no address of its own, looked at and tried by axe. */
async function answered(browser, base, lines, folder) {
  const axe = await readFile(new URL("./node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
  const numbers = lines.filter((line) => line.number).slice(0, 20).map((line) => line.number);
  for (const way of ways.filter(({ script }) => script)) {
    const { context, page } = await open(browser, way, new URL("/tender", base).href);
    await page.fill("#lines", [...numbers, "29326SC99999R0M", numbers[0]].map((n, i) => (i % 7 === 1 ? `${n}\t示例商贸（天津）公司` : n)).join("\n"));
    await page.click("button[value=page]");
    await page.waitForSelector("#sums");
    const name = `list-answers-${way.size.name}-${way.locale.slice(0, 2)}`;
    await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
    // The page lets no script from text be run: axe comes in from outside of it.
    const found = await page.evaluate(`${axe}; axe.run().then(({ violations }) => violations.map((v) => v.id + ": " + v.nodes[0].html.slice(0, 120)))`);
    say(`${name} axe`, found);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
    say(`${name} sideways`, wide ? "it scrolls sideways" : "");
    await context.close();
  }
}

process.exit(await main(process.argv.slice(2)));
