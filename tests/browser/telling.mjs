#!/usr/bin/env node
// What people tell the body and are told by it: a report of misuse from a mark's page to its end, and a subscription from the form to
// its end, as its receiver has it.
// Usage: starmark demo --json | node telling.mjs BASE_URL OUTDIR      (reads its standard input up to the line with "ready")
// Exit code: 0 all held, 1 something did not, 64 wrong usage.

import { createServer } from "node:http";
import { mkdir } from "node:fs/promises";
import { readDemo, start, tally } from "./browser.mjs";
import { SIZES, examine } from "./examine.mjs";

const { say, end } = tally();
const holds = (name, is, told) => say(name, is ? "" : (told ?? "it does not"));

/** Longest wait for a message, in ms. */
const COMES = 20_000;

/** Each size and language once, half of them without script: one address leaves ten things here at once. */
const ways = [
  { size: SIZES[0], locale: "zh-CN", script: true },
  { size: SIZES[0], locale: "en-GB", script: false },
  { size: SIZES[1], locale: "zh-CN", script: false },
  { size: SIZES[1], locale: "en-GB", script: true },
];
const named = ({ size, locale, script }) => `${size.name} ${locale}${script ? "" : " without script"}`;

async function open(browser, { size, locale, script }, url, storageState) {
  const viewport = { width: size.width, height: size.height };
  const context = await browser.newContext({ locale, viewport, javaScriptEnabled: script, storageState });
  const page = await context.newPage();
  await page.goto(url);
  return { context, page };
}

/** A photo of a mark in a shop: what the page itself looks like will do. */
async function photo(browser, url) {
  const { context, page } = await open(browser, ways[0], url);
  const buffer = await page.screenshot({ type: "jpeg" });
  await context.close();
  return { name: "photo.jpg", mimeType: "image/jpeg", buffer };
}

/** Goes from a mark's page to the form and sends it; gives the pages of what was sent. */
async function reporting(browser, mark) {
  const file = await photo(browser, mark);
  const sent = [];
  for (const way of ways) {
    const chinese = way.locale === "zh-CN";
    const label = `report ${named(way)}`;
    const { context, page } = await open(browser, way, mark);
    await page.click('a[href^="/report?about="]');
    holds(`${label}: the mark is filled in`, mark.endsWith(await page.inputValue("#about")), await page.inputValue("#about"));
    // Once, for it counts as one of the ten.
    if (sent.length === 0) await page.click(".tender-form button");
    if (sent.length === 0) holds(`${label}: without a word it is not taken`, (await page.textContent("[role=alert]")).includes(chinese ? "哪里不对" : "what is wrong"));
    await page.fill("#note", "贴在别家的锅上\n第二行");
    await page.fill("#place", "示例市示例商场");
    await page.setInputFiles("#photo", file);
    await page.click(".tender-form button");
    await page.waitForURL(/\/report\/\d{8}-/);
    const told = await page.textContent("main");
    holds(label, told.includes(chinese ? "等待发证机构处理" : "It waits for the certification body"), told);
    sent.push(page.url());
    await context.close();
  }
  return sent;
}

/** Comes in as staff and settles the newest report; gives the cookies. */
async function settling(browser, base, token, { mark, report }) {
  const { context, page } = await open(browser, ways[0], new URL("/issuing", base).href);
  await page.fill("#token", token);
  await page.keyboard.press("Enter");
  await page.waitForURL("**/issuing/marks");
  await page.click('a[href^="/issuing/reports"]');
  const name = new URL(report).pathname.split("/").at(-1);
  const one = page.locator(`article[aria-labelledby="r-${name}"]`);
  holds("the case has its words", (await one.textContent()).includes("贴在别家的锅上 第二行"));
  await one.locator("img").scrollIntoViewIfNeeded();
  await page.waitForFunction((id) => document.querySelector(`article[aria-labelledby="r-${id}"] img`)?.naturalWidth > 100, name);
  holds("and its picture", true);
  const word = async () => {
    const reader = await open(browser, ways[0], mark);
    const text = await reader.page.textContent("#verdict");
    await reader.context.close();
    return text;
  };
  await page.fill(`#note-${name}`, "三份举报");
  await one.locator("button[value=investigate]").click();
  holds("the mark says that it is looked into", (await word()).startsWith("标志调查中"), await word());
  const told = await open(browser, ways[0], report);
  holds("and so does the report", (await told.page.textContent("main")).includes("正在调查这个标志"));
  await told.context.close();
  await page.fill(`#note-${name}`, "现场核实");
  await page.locator(`article[aria-labelledby="r-${name}"] button[value=clear]`).click();
  holds("cleared, it is in force", (await word()).startsWith("有效"), await word());
  await page.fill(`#note-${name}`, "现场核实");
  await page.locator(`article[aria-labelledby="r-${name}"] button[value=unfounded]`).click();
  holds("closed, it is not among the open ones", (await page.locator(`article[aria-labelledby="r-${name}"]`).count()) === 0);
  const storage = await context.storageState();
  await context.close();
  return storage;
}

/** A server that keeps what it is sent. */
async function receiver() {
  const [got, waiting] = [[], []];
  const server = createServer(async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    const message = { headers: request.headers, ...JSON.parse(Buffer.concat(parts).toString()) };
    response.writeHead(204).end();
    const next = waiting.shift();
    if (next) next(message);
    else got.push(message);
  });
  await new Promise((up) => server.listen(0, "127.0.0.1", up));
  const next = () =>
    new Promise((give, fail) => {
      if (got.length) return give(got.shift());
      waiting.push(give);
      return setTimeout(() => fail(new Error("no message came")), COMES).unref();
    });
  return { url: `http://127.0.0.1:${server.address().port}/hook`, next, close: () => server.close() };
}

/** From the form to the last message; gives the addresses of two subscriptions, one of them not confirmed. */
async function following(browser, base, token, one) {
  const hook = await receiver();
  const links = [];
  for (const way of ways) {
    const chinese = way.locale === "zh-CN";
    const { context, page } = await open(browser, way, new URL("/watch", base).href);
    await page.fill("#about", one.number);
    await page.click("button[formmethod=get]");
    const label = `follow ${named(way)}`;
    holds(`${label}: the feed`, (await page.locator(`main a[href^="/c/${one.id}/feed.atom"]`).count()) === 1);
    await page.fill("#url", `${hook.url}?${links.length}`);
    await page.click(".tender-form button:not([formmethod])");
    holds(label, (await page.textContent("[role=status]")).includes(chinese ? "发送确认链接" : "A link to confirm is on its way"));
    links.push((await hook.next()).data.confirm);
    await context.close();
  }
  const [way] = ways;
  const { context, page } = await open(browser, way, new URL(new URL(links[0]).pathname, base).href);
  await page.click("button[value=confirm]");
  const told = await page.textContent("main");
  holds("confirmed by its link", told.includes("订阅有效") && told.includes("whsec_"), told);
  const act = (what, body) =>
    fetch(new URL(`/api/v1/issuing/certificates/${one.id}/${what}`, base), {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json", "idempotency-key": crypto.randomUUID() },
      body: JSON.stringify(body),
    });
  await act("suspension", { reason: "0112" });
  const news = await hook.next();
  holds("a change is told", news.type === "certificate.suspended" && news.data.number === one.number, JSON.stringify(news));
  await act("reinstatement", {});
  holds("the next one, too", (await hook.next()).type === "certificate.reinstated");
  await page.goto(new URL(new URL(news.data.manage).pathname, base).href);
  await page.click("button[value=end]");
  holds("ended by the link in a message", (await page.textContent("main")).includes("已退订"));
  await context.close();
  hook.close();
  return { pending: links[1], ended: links[0] };
}

async function main([base, folder]) {
  if (!base || !folder) {
    console.error("usage: node telling.mjs BASE_URL OUTDIR < lines");
    return 64;
  }
  await mkdir(folder, { recursive: true });
  const { lines, token } = await readDemo(process.stdin);
  const active = (line) => line.standing === "valid" && line.marks.some((mark) => mark.state === "active");
  const [first, second] = lines.filter(active);
  const mark = first.marks.find((one) => one.state === "active").page;
  const browser = await start();
  const reports = await reporting(browser, mark);
  const storage = await settling(browser, base, token, { mark, report: reports[0] });
  const { pending, ended } = await following(browser, base, token, second);
  const at = (path) => new URL(path, base).href;
  const own = (link) => at(new URL(link).pathname);
  for (const [name, url, cookies] of [
    ["report", at("/report")],
    ["report-english", at("/report?lang=en&about=29326SC00001R0M")],
    ["reported", reports[0]],
    ["reported-english", `${reports[1]}?lang=en`],
    ["report-unknown", at("/report/20260508-0000000000000000")],
    ["watch", at("/watch")],
    ["watch-english", at(`/watch?lang=en&about=${second.number}`)],
    ["watch-unknown", at("/watch?about=29326SC99999R0M")],
    ["subscription-pending", own(pending)],
    ["subscription-ended", `${own(ended)}?lang=en`],
    ["staff-reports", at("/issuing/reports"), storage],
    ["staff-reports-all", at("/issuing/reports?state=all&lang=en"), storage],
  ]) {
    await examine(browser, { url, shot: { folder, name }, storage: cookies }, (check, why) => say(`${name} ${check}`, why));
  }
  await browser.close();
  return end("telling");
}

process.exit(await main(process.argv.slice(2)));
