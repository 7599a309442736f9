// What every public page must hold, tried in a real browser.

import { createRequire } from "node:module";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** The word a page says for each standing or verdict on the wire. */
export const WORDS = {
  valid: "有效",
  suspended: "暂停",
  withdrawn: "已撤销",
  cancelled: "已注销",
  superseded: "已换证",
  expired: "已到期",
  not_yet_effective: "尚未生效",
  invalid: "不是真标志",
  undetermined: "无法判断",
  not_found: "查无此证",
  incomplete: "码不完整",
};

/** The word a mark's page says for a licence that does not hold by itself; for any other it says its certificate's. */
export const MARK_WORDS = {
  requested: "标志未获许可",
  refused: "标志未获许可",
  revoked: "标志已撤销",
  replaced: "标志已更换",
  under_investigation: "标志调查中",
};

export const SIZES = [
  { name: "360", width: 360, height: 800 },
  { name: "1280", width: 1280, height: 900 },
];

/** How often a page is asked for again when the server says it was asked too often, and the longest wait, in ms. */
const TRIES = 6;
const LONGEST_WAIT = 10_000;
/** Bytes that a page may weigh over the wire when it is opened for the first time, with all it asks for. */
const FIRST_LOAD = 60_000;
/** Severities of axe that fail a page. */
const SEVERE = ["serious", "critical"];

/** Whether pictures are taken on paper and at twice the size, too, for eyes: STARMARK_PICTURES=all. */
export const ALL_PICTURES = process.env.STARMARK_PICTURES === "all";

const HEADING = "h1, h2, h3, h4, h5, h6, [role=heading]";

async function open(page, url) {
  for (let tries = 1; ; tries += 1) {
    const answer = await page.goto(url, { waitUntil: "load", timeout: 20_000 });
    if (answer.status() !== 429 || tries === TRIES) return answer;
    const seconds = Number(answer.headers()["retry-after"]) || 1;
    await page.waitForTimeout(Math.min(seconds * 1000, LONGEST_WAIT));
  }
}

/** The elements that reach past the right edge, when the page scrolls sideways; nothing otherwise. */
function sideways() {
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth <= clientWidth) return [];
  const past = [...document.body.querySelectorAll("*")].filter((e) => e.getBoundingClientRect().right > clientWidth + 1);
  const innermost = past.filter((e) => ![...e.children].some((child) => past.includes(child)));
  const named = innermost.slice(0, 3).map((e) => `<${e.tagName.toLowerCase()} class="${e.getAttribute("class") ?? ""}">`);
  return [`${scrollWidth} px in ${clientWidth}`, ...named];
}

/** Texts cut off by the box they stand in. Boxes of a pixel are for screen readers. */
function cutOff() {
  const cuts = (e) => {
    const style = getComputedStyle(e);
    const hides = (value) => value === "hidden" || value === "clip";
    const wide = hides(style.overflowX) && e.scrollWidth > e.clientWidth + 1;
    const tall = hides(style.overflowY) && e.scrollHeight > e.clientHeight + 1;
    return e.clientWidth > 1 && e.clientHeight > 1 && (wide || tall) && e.textContent.trim() !== "";
  };
  return [...document.body.querySelectorAll("*")].filter(cuts).slice(0, 3).map((e) => e.textContent.trim().slice(0, 30));
}

/** Doubles every text, as a reader's own setting does, whatever unit its size has. */
function doubleText() {
  const all = [...document.body.querySelectorAll("*")].filter((e) => e instanceof HTMLElement);
  const sizes = all.map((e) => {
    const { fontSize, lineHeight } = getComputedStyle(e);
    return [e, parseFloat(fontSize), parseFloat(lineHeight)];
  });
  for (const [e, size, line] of sizes) {
    e.style.fontSize = `${size * 2}px`;
    if (!Number.isNaN(line)) e.style.lineHeight = `${line * 2}px`;
  }
}

/** Doubles the size that all others are told in, as a browser's own setting does. */
function doubleRoot() {
  document.documentElement.style.fontSize = "200%";
}

/** Dates that stand on two lines. */
function brokenDates() {
  const out = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    for (const found of node.data.matchAll(/\d{4}-\d\d-\d\d/g)) {
      const range = document.createRange();
      range.setStart(node, found.index);
      range.setEnd(node, found.index + found[0].length);
      if (new Set([...range.getClientRects()].map((r) => Math.round(r.top))).size > 1) out.push(found[0]);
    }
  }
  return out.slice(0, 3);
}

/** What is wrong with the band that says `word`: only what is in force is green and has a clean lower edge. */
function bandFaults(inForce) {
  const band = document.querySelector(".band");
  if (!band) return ["there is no band"];
  const [r, g, b] = getComputedStyle(band).backgroundColor.match(/\d+/g).map(Number);
  const green = g > r && g > b;
  const hatch = getComputedStyle(band, "::after").backgroundImage !== "none";
  return [
    green !== inForce && (green ? "it is green" : "it is not green"),
    hatch === inForce && (hatch ? "its lower edge is hatched" : "its lower edge is clean"),
  ].filter(Boolean);
}

/** What is wrong with a page on paper: black on white, the hatch kept, address and time of the check at its end. */
function paperFaults([address, inForce]) {
  const seen = [...document.body.querySelectorAll("*")].filter((e) => e.getClientRects().length);
  const rgb = (value) => value.match(/[\d.]+/g).map(Number);
  const white = ([r, g, b, alpha = 1]) => alpha === 0 || Math.min(r, g, b) === 255;
  const lettered = seen.filter((e) => [...e.childNodes].some((n) => n.nodeType === Node.TEXT_NODE && n.data.trim()));
  const pale = lettered.filter((e) => Math.max(...rgb(getComputedStyle(e).color).slice(0, 3)) > 0x60);
  const dark = seen.filter((e) => e instanceof HTMLElement && !white(rgb(getComputedStyle(e).backgroundColor)));
  const named = (list) => list.slice(0, 2).map((e) => `<${e.tagName.toLowerCase()} class="${e.getAttribute("class") ?? ""}">`).join(" ");
  const band = document.querySelector(".band");
  const edge = band && getComputedStyle(band, "::after");
  const end = document.querySelector("footer")?.innerText ?? "";
  return [
    pale.length && `letters that are not black: ${named(pale)}`,
    dark.length && `grounds that are not white: ${named(dark)}`,
    edge && !inForce && (edge.backgroundImage === "none" || edge.printColorAdjust !== "exact") && "the hatch is lost",
    end.replace(/\s+/g, "").includes(address) || "the address is not in the footer",
    /\d{4}-\d\d-\d\d \d\d:\d\d/.test(end) || "the time is not in the footer",
  ].filter((fault) => typeof fault === "string");
}

export async function violations(page) {
  await page.evaluate(AXE);
  const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  return found.violations
    .filter((v) => SEVERE.includes(v.impact))
    .map((v) => `${v.id} (${v.impact}): ${v.nodes.slice(0, 2).map((n) => n.html.slice(0, 90)).join(" ")}`);
}

/** Tells what a page asks for and complains of while it is open. */
function listen(page, url) {
  const heard = { foreign: [], errors: [] };
  const { host } = new URL(url);
  page.on("request", (request) => {
    const asked = new URL(request.url());
    if (!["data:", "blob:"].includes(asked.protocol) && asked.host !== host) heard.foreign.push(request.url());
  });
  page.on("console", (message) => {
    // A page whose answer is 404 is an answer, not an error of the page.
    const itself = message.location().url === url && /status of 4\d\d/.test(message.text());
    if (message.type() === "error" && !itself) heard.errors.push(message.text());
  });
  page.on("pageerror", (error) => heard.errors.push(String(error)));
  return heard;
}

/** Counts what travels to a page from now on, headers and all. */
async function weighed(page) {
  const session = await page.context().newCDPSession(page);
  let bytes = 0;
  session.on("Network.loadingFinished", ({ encodedDataLength }) => {
    bytes += encodedDataLength;
  });
  await session.send("Network.enable");
  return () => bytes;
}

async function inContext(browser, options, use) {
  const context = await browser.newContext({ locale: "zh-CN", ...options });
  try {
    return await use(await context.newPage());
  } finally {
    await context.close();
  }
}

async function atSize(browser, { url, word, shot, storage, alike }, size, report) {
  const viewport = { width: size.width, height: size.height };
  await inContext(browser, { viewport, storageState: storage }, async (page) => {
    const say = (check, ...why) => report(`${check} at ${size.name}`, ...why);
    const heard = listen(page, url);
    const weight = size === SIZES[0] ? await weighed(page) : () => 0;
    const answer = await open(page, url);
    const bytes = weight();
    await page.screenshot({ path: join(shot.folder, `${shot.name}-${size.name}.png`), fullPage: true });
    if (!(answer.headers()["content-type"] ?? "").startsWith("text/html")) {
      say("answers", answer.ok() ? "" : `status ${answer.status()}`);
      return;
    }
    say("answers", answer.status() < 500 && answer.status() !== 429 ? "" : `status ${answer.status()}`);
    // Staff see marks as large as they are printed, and what holds secrets is not packed.
    const isPublic = !new URL(url).pathname.startsWith("/issuing");
    if (isPublic) say("first load", bytes <= FIRST_LOAD ? "" : `${bytes} bytes, more than ${FIRST_LOAD}`);
    say("language", (await page.getAttribute("html", "lang")) ? "" : "<html> has no lang");
    if (word) say("word", ...(await wordMissing(page, word)));
    if (word) say("band", ...(await page.evaluate(bandFaults, word === WORDS.valid)));
    say("dates stay whole", ...(await page.evaluate(brokenDates)));
    say("no sideways scroll", ...(await page.evaluate(sideways)));
    say("accessible", ...(await violations(page)));
    if (size === SIZES[0] && !alike) {
      await page.emulateMedia({ colorScheme: "dark" });
      say("accessible in the dark", ...(await violations(page)));
      await page.screenshot({ path: join(shot.folder, `${shot.name}-dark.png`), fullPage: true });
      await page.emulateMedia({ media: "print" });
      const address = decodeURI(page.url()) === page.url() ? page.url() : encodeURI(decodeURI(page.url()));
      say("on paper", ...(await page.evaluate(paperFaults, [address, word === WORDS.valid])));
      if (ALL_PICTURES) await page.screenshot({ path: join(shot.folder, `${shot.name}-paper.png`), fullPage: true });
      await page.emulateMedia({ colorScheme: null, media: null });
      await page.evaluate(doubleRoot);
      await large(page, "browser's text at 200 %", say);
      if (ALL_PICTURES) await page.screenshot({ path: join(shot.folder, `${shot.name}-large.png`), fullPage: true });
      await page.evaluate(() => document.documentElement.removeAttribute("style"));
      await page.evaluate(doubleText);
      await large(page, "text at 200 %", say);
    }
    say("no console error", ...heard.errors);
    say("no other host", ...heard.foreign);
  });
}

async function large(page, what, say) {
  say(`${what} keeps its width`, ...(await page.evaluate(sideways)));
  say(`${what} is not cut`, ...(await page.evaluate(cutOff)));
  say(`${what} keeps dates whole`, ...(await page.evaluate(brokenDates)));
}

async function wordMissing(page, word) {
  const heading = page.locator(HEADING).first();
  const text = (await heading.count()) ? (await heading.textContent()).trim().replace(/\s+/g, " ") : "no heading";
  return text.includes(word) ? [] : [`"${text}" does not say ${word}`];
}

async function withoutScript(browser, { url, word, storage }, report) {
  await inContext(browser, { javaScriptEnabled: false, viewport: SIZES[0], storageState: storage }, async (page) => {
    const answer = await open(page, url);
    const html = (answer.headers()["content-type"] ?? "").startsWith("text/html");
    if (html && word) report("word without script", ...(await wordMissing(page, word)));
    if (html && !word) report("text without script", (await page.textContent("body")).trim() ? "" : "nothing to read");
  });
}

/**
 * Examines one address, with the cookies of `storage` where it has some. `report(check, ...why)` is called for every check; nothing (or nothing but empty strings) in
 * `why` means that it held. Of a subject that is `alike` to one that was examined only the smallest size is looked at, in the light.
 */
export async function examine(browser, subject, report) {
  const held = (check, ...why) => report(check, why.filter(Boolean));
  const sizes = subject.alike ? SIZES.slice(0, 1) : SIZES;
  const steps = [...sizes.map((size) => () => atSize(browser, subject, size, held)), () => withoutScript(browser, subject, held)];
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      held("opens", String(error).split("\n")[0]);
    }
  }
}
