#!/usr/bin/env node
// A site of somebody else shows a certificate's badge in all three ways, as the badge's page gives them out: in force, suspended,
// and with our server gone.
// Usage: starmark demo --json | node embed.mjs BASE_URL OUTDIR      (reads its standard input up to the line with "ready")
// Exit code: 0 all held, 1 something did not, 64 wrong usage.

import { createServer } from "node:http";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { gateway, listen, readDemo, start, tally } from "./browser.mjs";
import { examine, violations } from "./examine.mjs";

const { say, end } = tally();
const holds = (name, is, told) => say(name, is ? "" : (told ?? "it does not"));
const expect = (name, is, wanted) => say(name, is === wanted ? "" : `${JSON.stringify(is)}, not ${JSON.stringify(wanted)}`);

/** A site with a strict policy: it allows what the badge's page says and nothing else. */
async function site(policy) {
  const pages = new Map();
  const server = createServer((asked, answer) => {
    const body = pages.get(new URL(asked.url, "http://x").pathname);
    answer.writeHead(body ? 200 : 404, { "content-type": "text/html; charset=utf-8", "content-security-policy": `default-src 'none'; ${policy}` });
    answer.end(body ?? "");
  });
  const origin = `http://localhost:${await listen(server)}`;
  const put = (path, lang, body) => pages.set(path, `<!doctype html><html lang="${lang}"><title>示例</title><main><h1>示例电器</h1>${body}</main></html>`);
  return { origin, put, stop: () => server.close() };
}

/** The three snippets of a certificate, and the policies they need, from the page where a holder takes them. */
async function snippets(browser, base, number, lang) {
  const page = await browser.newPage({ locale: lang === "zh" ? "zh-CN" : "en-GB", javaScriptEnabled: false });
  await page.goto(new URL("/badge", base).href);
  await page.fill("#q", number);
  await page.click("main form button");
  const codes = await page.locator("textarea").evaluateAll((all) => all.map((one) => one.value));
  const policies = await page.locator("section code").allTextContents();
  await page.close();
  return { codes, policies };
}

/** How many pixels of each kind a picture of an element has. */
async function colours(painter, element) {
  const shot = (await element.screenshot()).toString("base64");
  return painter.evaluate(async (png) => {
    const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${png}`)).blob());
    const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
    context.drawImage(bitmap, 0, 0);
    const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
    const sums = { green: 0, grey: 0 };
    for (let i = 0; i < data.length; i += 4) {
      const [r, g, b] = data.slice(i, i + 3);
      if (g > r + 40 && g > b + 20) sums.green += 1;
      if (Math.abs(r - 0x4b) < 6 && Math.abs(g - 0x55) < 6 && Math.abs(b - 0x60) < 6) sums.grey += 1;
    }
    return sums;
  }, shot);
}

const WAYS = [
  ["component", "starmark-badge img"],
  ["frame", "iframe"],
  ["picture", "main > a > img"],
];
/** Pixels that only a band has; and what the soft edges of letters come to. */
const MANY = 5_000;
const FEW = 1_000;

async function opened(context, url) {
  const page = await context.newPage();
  const heard = [];
  page.on("console", (message) => message.type() === "error" && heard.push(message.text()));
  page.on("pageerror", (error) => heard.push(String(error)));
  await page.goto(url, { waitUntil: "load" });
  await page.waitForFunction(() => document.querySelector("starmark-badge")?.shadowRoot?.querySelector("img"), null, { timeout: 10_000 });
  return { page, heard };
}

const said = (page) => page.evaluate(() => {
  const { shadowRoot } = document.querySelector("starmark-badge");
  return shadowRoot.querySelector("img")?.alt ?? shadowRoot.textContent;
});

/** All three badges of a page, in that colour and with that word. */
async function shows(painter, page, label, colour, word) {
  for (const [way, selector] of WAYS) {
    const found = await colours(painter, page.locator(selector).first());
    const other = colour === "green" ? "grey" : "green";
    holds(`${label} ${way} is ${colour}`, found[colour] > MANY && found[other] < FEW, JSON.stringify(found));
  }
  holds(`${label} component says it`, (await said(page)).startsWith(word), await said(page));
  const named = await page.frameLocator("iframe").getByRole("link").getAttribute("aria-label");
  holds(`${label} frame says it`, named.startsWith(word), named);
}

async function order(base, token, id, what, body) {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json", "idempotency-key": `embed-${what}-${Date.now()}` };
  const answer = await fetch(new URL(`/api/v1/issuing/certificates/${id}/${what}`, base), { method: "POST", headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${what}: ${answer.status} ${await answer.text()}`);
}

async function life(browser, base, folder, { lines, token }) {
  const one = lines.find((line) => line.case === "valid-five_star");
  const { ours, stop } = await gateway(base);
  const { codes, policies } = await snippets(browser, base, one.number, "zh");
  const here = (text) => text.replaceAll(base, ours);
  expect("three snippets", codes.length, 3);
  // Of all three at once, each directive once.
  const directives = new Set(policies.flatMap((policy) => policy.split("; ")));
  const foreign = await site(here([...directives].join("; ")));
  foreign.put("/", "zh-CN", here(codes.join("<hr>")));
  foreign.put("/framed", "zh-CN", `<iframe src="${ours}/c/${one.id}" title="x" width="300" height="300"></iframe>`);
  const element = (certificate) => `<script type="module" src="${ours}/embed/badge.js"></script><starmark-badge certificate="${certificate}" lang="en"></starmark-badge>`;
  foreign.put("/mistyped", "zh-CN", element("1234"));
  foreign.put("/unknown", "zh-CN", element("1234567890123456"));
  const painter = await browser.newPage();
  const context = await browser.newContext({ locale: "zh-CN", viewport: { width: 360, height: 800 } });

  const { page, heard } = await opened(context, foreign.origin);
  await shows(painter, page, "in force", "green", "有效");
  holds("the level is said", (await said(page)).includes("五星级"), await said(page));
  say("in force: axe", await violations(page));
  await page.screenshot({ path: join(folder, "embed-in-force.png"), fullPage: true });
  await page.locator("starmark-badge").getByRole("link").focus();
  const tab = context.waitForEvent("page", { timeout: 5_000 });
  await page.keyboard.press("Enter");
  const reached = await tab;
  await reached.waitForLoadState();
  holds("the component leads to the certificate’s page", new URL(reached.url()).pathname === `/c/${one.id}`, reached.url());
  expect("which knows nothing of the site", await reached.evaluate(() => document.referrer + (globalThis.opener ?? "")), "");
  await reached.close();
  expect("no cookies", (await context.cookies()).length, 0);
  say("under the site’s policy nothing is refused", heard);

  await order(base, token, one.id, "suspension", { reason: "0111" });
  await page.reload({ waitUntil: "load" });
  await page.waitForFunction(() => document.querySelector("starmark-badge")?.shadowRoot?.querySelector("img"));
  const turned = await colours(painter, page.locator("starmark-badge img"));
  holds("suspended: the component turns grey at once", turned.grey > MANY && turned.green < FEW, JSON.stringify(turned));
  // A minute later, when no picture is kept any more.
  const later = await browser.newContext({ locale: "zh-CN", viewport: { width: 360, height: 800 } });
  const next = await opened(later, foreign.origin);
  await shows(painter, next.page, "suspended", "grey", "暂停");
  holds("the level is not said", !(await said(next.page)).includes("五星级"), await said(next.page));
  say("suspended: axe", await violations(next.page));
  await next.page.screenshot({ path: join(folder, "embed-suspended.png"), fullPage: true });

  const framed = await context.newPage();
  const refused = framed.waitForEvent("console", { predicate: (message) => message.text().includes("frame-ancestors"), timeout: 5_000 });
  await framed.goto(`${foreign.origin}/framed`);
  holds("no other page is framed", await refused.catch(() => null), "the browser did not refuse it");
  for (const [path, told] of [["/mistyped", "16 digits"], ["/unknown", "there is no certificate 1234567890123456"]]) {
    await framed.goto(foreign.origin + path);
    await framed.waitForFunction((text) => document.querySelector("starmark-badge").shadowRoot?.textContent.includes(text), told, { timeout: 5_000 }).catch(() => {});
    const text = await said(framed);
    holds(`${path} is told`, text.includes(told), text);
    say(`${path}: axe`, await violations(framed));
  }

  // Our server is gone; the page is shown again, six minutes later.
  await order(base, token, one.id, "reinstatement", {});
  await stop();
  const shownAgain = async (minutes) => {
    await next.page.evaluate((ms) => {
      const now = Date.now;
      Date.now = () => now() + ms;
      document.dispatchEvent(new Event("visibilitychange"));
      Date.now = now;
    }, minutes * 60_000);
    await next.page.waitForTimeout(300);
    return said(next.page);
  };
  holds("shown again after four minutes, nothing is asked", (await shownAgain(4)).startsWith("暂停"), await said(next.page));
  holds("with the server gone it cannot tell", (await shownAgain(6)).includes("查不到证书的状态"), await said(next.page));
  say("with the server gone: axe", await violations(next.page));
  await next.page.screenshot({ path: join(folder, "embed-gone.png"), fullPage: true });
  await next.page.reload();
  const left = await next.page.evaluate(() => document.querySelector("starmark-badge").innerText);
  holds("without its script it is a link", left.startsWith("查验"), left);
  await later.close();
  await context.close();
  foreign.stop();
}

async function main([base, folder]) {
  if (!base || !folder) {
    console.error("usage: node embed.mjs BASE_URL OUTDIR < lines");
    return 64;
  }
  await mkdir(folder, { recursive: true });
  const demo = await readDemo(process.stdin);
  const browser = await start();
  const number = demo.lines.find((line) => line.standing === "valid").number;
  for (const [name, path] of [
    ["badge", `/badge?q=${number}`],
    ["badge-english", `/badge?q=${number}&lang=en`],
    ["badge-wrong", "/badge?q=91110108551385082Q"],
  ]) {
    await examine(browser, { url: new URL(path, base).href, shot: { folder, name } }, (check, why) => say(`${name} ${check}`, why));
  }
  await life(browser, base, folder, demo);
  await browser.close();
  return end("badges");
}

process.exit(await main(process.argv.slice(2)));
