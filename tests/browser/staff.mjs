#!/usr/bin/env node
// Comes into the issuing area as staff do, looks at its pages, and changes the form with a script and without.
// Usage: starmark demo --json | node staff.mjs BASE_URL OUTDIR      (reads its standard input up to the line with "ready")
// Exit code: 0 all held, 1 something did not, 64 wrong usage.

import { mkdir } from "node:fs/promises";
import { readDemo, start, tally } from "./browser.mjs";
import { examine } from "./examine.mjs";

const TOLD = "#answer .told";
const { say, end } = tally();
const expect = (name, is, wanted) => say(name, is === wanted ? "" : `${JSON.stringify(is)}, not ${JSON.stringify(wanted)}`);

/** Comes in by the door and gives the cookies; says what a wrong token is answered on the way. */
async function enter(browser, base, token) {
  const context = await browser.newContext({ locale: "zh-CN" });
  const page = await context.newPage();
  await page.goto(new URL("/issuing", base).href);
  await page.fill("#token", "smk_wrong");
  await page.click("button[type=submit]");
  expect("a wrong token", (await page.textContent("[role=alert]")).slice(0, 8), "这个令牌不能用：");
  await page.fill("#token", token);
  await page.keyboard.press("Enter");
  await page.waitForURL("**/issuing/marks");
  const storage = await context.storageState();
  await context.close();
  return storage;
}

/** What the page says after a change, once it says something else than before. */
async function changed(page, change) {
  const before = await page.locator("#answer").innerHTML();
  await change();
  await page.waitForFunction((html) => document.getElementById("answer").innerHTML !== html, before, { timeout: 10_000 });
}

async function live(browser, url, storage) {
  const context = await browser.newContext({ locale: "zh-CN", storageState: storage });
  const page = await context.newPage();
  await page.goto(url);
  const told = () => page.textContent(TOLD);
  const source = () => page.getAttribute("#answer img", "src");
  const first = await source();
  await changed(page, () => page.fill("#width", "31"));
  say("a small width is warned about", (await told()).includes("建议 36 毫米以上") ? "" : await told());
  say("the picture follows", (await source()) !== first && (await source()).includes("width=31") ? "" : await source());
  say("the address follows", page.url().includes("width=31") ? "" : page.url());
  await changed(page, () => page.fill("#width", "12"));
  say("too small is refused", (await told()).includes("手机读不出") && (await page.locator("#answer img").count()) === 0 ? "" : await told());
  say("no file of what is not drawn", (await page.locator(".files a").count()) ? "there is one" : "");
  await changed(page, () => page.selectOption("#layout", "seal"));
  expect("a layout has its own width", await page.inputValue("#width"), "");
  await page.waitForFunction(() => document.querySelector("#answer img")?.complete);
  say("the picture is drawn", await page.evaluate(() => (document.querySelector("#answer img").naturalWidth > 500 ? "" : "it is not")));
  await changed(page, () => page.selectOption("#use", "premises"));
  say("what is not licensed is a test mark", (await page.textContent(".note")).includes("测试标志") ? "" : "not said");
  await context.close();
}

async function still(browser, url, storage) {
  const context = await browser.newContext({ locale: "zh-CN", storageState: storage, javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(url);
  await page.fill("#width", "31");
  await page.click(".send button");
  say("without script the button asks", (await page.textContent(TOLD)).includes("建议 36 毫米以上") ? "" : await page.textContent(TOLD));
  await page.click(".quiet");
  say("who leaves is outside", page.url().endsWith("/issuing") ? "" : page.url());
  await page.goto(url);
  say("and stays there", (await page.locator("#token").count()) === 1 ? "" : "the page is still shown");
  await context.close();
}

async function main([base, folder]) {
  if (!base || !folder) {
    console.error("usage: node staff.mjs BASE_URL OUTDIR < lines");
    return 64;
  }
  await mkdir(folder, { recursive: true });
  const { lines, token } = await readDemo(process.stdin);
  const one = lines.find((line) => line.standing === "valid" && line.marks?.some((mark) => mark.state === "active"));
  const browser = await start();
  const storage = await enter(browser, base, token);
  const at = (query) => new URL(`/issuing/marks?${query}`, base).href;
  const of = `certificate=${one.id}`;
  const subjects = [
    ["staff-door", new URL("/issuing", base).href],
    ["staff-door-english", new URL("/issuing?lang=en", base).href],
    ["staff-marks-none", at(""), storage],
    ["staff-marks-unknown", at("certificate=29326SC99999R0M"), storage],
    ["staff-marks", at(of), storage],
    ["staff-marks-narrow", at(`${of}&width=12`), storage],
    ["staff-marks-english", at(`${of}&lang=en&use=premises&layout=horizontal&words=zh_en&distance=300`), storage],
  ];
  for (const [name, url, cookies] of subjects) {
    const subject = { url, shot: { folder, name }, storage: cookies };
    await examine(browser, subject, (check, why) => say(`${name} ${check}`, why));
  }
  await live(browser, at(of), storage);
  await still(browser, at(of), storage);
  await browser.close();
  return end("staff");
}

process.exit(await main(process.argv.slice(2)));
