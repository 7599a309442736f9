#!/usr/bin/env node
// A device keeps what verifying takes, and its network goes: marks are scanned, genuine, out of use, forged and cut short; other pages
// are opened, a certificate's file is verified; the network comes back, and all is removed again.
// Usage: starmark demo --json | node offline.mjs BASE_URL OUTDIR      (reads its standard input up to the line with "ready")
// Exit code: 0 all held, 1 something did not, 64 wrong usage.

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { gateway, picture, readDemo, start, tally } from "./browser.mjs";
import { SIZES, violations } from "./examine.mjs";

const { say, end } = tally();
const holds = (name, is, told) => say(name, is ? "" : (told ?? "it does not"));
const has = (name, text, ...wanted) => say(name, wanted.filter((one) => !text.includes(one)).map((one) => `${one} is not in “${text}”`));

/** Digits with one in their middle changed: of the same length, signed by nobody. */
const forged = (path) => {
  const at = path.length - 60;
  return `${path.slice(0, at)}${(Number(path[at]) + 1) % 10}${path.slice(at + 1)}`;
};

/** Opens an address as a camera does, and waits for what stands at its top. */
async function open(page, address) {
  await page.goto(address, { waitUntil: "load" });
  await page.waitForSelector("#verdict, .band h1, h1");
}

/** Word, class and sentence of the band once this device has answered. */
async function answered(page) {
  await page.waitForSelector("#answer:not([hidden]) #verdict", { timeout: 20_000 });
  return page.evaluate(() => {
    const band = document.querySelector(".band");
    return {
      word: document.getElementById("verdict").firstChild.textContent.trim(),
      kind: band.className,
      said: band.querySelector(".sentence")?.textContent ?? "",
      all: document.getElementById("answer").textContent,
      top: Math.round(band.getBoundingClientRect().top + scrollY),
    };
  });
}

async function shot(page, out, name, way) {
  const { size, locale } = way;
  say(`${name} ${size.width} ${locale}: accessible`, await violations(page));
  await page.screenshot({ path: join(out, `offline-${name}-${size.width}-${locale.slice(0, 2)}.png`), fullPage: true });
}

async function device(browser, base, cases, out, way) {
  const { size, locale } = way;
  const zh = locale.startsWith("zh");
  const word = (chinese, english) => (zh ? chinese : english);
  const tag = `${size.width} ${locale}`;
  const gate = await gateway(base);
  const context = await browser.newContext({ locale, viewport: { width: size.width, height: size.height } });
  const page = await context.newPage();
  const faults = [];
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
  const at = (address) => gate.ours + new URL(address).pathname;

  // Nothing is kept before somebody asks for it.
  await open(page, at(cases.valid));
  await open(page, `${gate.ours}/scan`);
  holds(`${tag}: nothing is kept unasked`, (await page.evaluate(async () => (await caches.keys()).length)) === 0);
  await open(page, `${gate.ours}/offline`);
  await page.waitForSelector("#keep:not([hidden])");
  await shot(page, out, "before", way);
  await page.click("#keep");
  await page.waitForSelector("#update:not([hidden])", { timeout: 30_000 });
  await page.waitForFunction((said) => document.getElementById("state").textContent.includes(said), word("已存好", "Kept"));
  has(`${tag}: it is told of when`, await page.textContent("#state"), "2026-");
  holds(`${tag}: one cannot keep it twice`, await page.locator("#keep").isHidden());
  await shot(page, out, "kept", way);
  const kept = await page.evaluate(async () => {
    const facts = await caches.open("starmark-facts");
    return (await facts.keys()).map(({ url }) => new URL(url).pathname).sort();
  });
  has(`${tag}: keys and lists are kept`, kept.join(" "), "/.well-known/did.json", "/status/marks", "/status/revocation/1", "/status/suspension/1");

  // With a network pages are the site's own.
  await open(page, at(cases.valid));
  holds(`${tag}: with a network the site answers`, (await page.locator("#away").count()) === 0);

  gate.cut("down");
  faults.length = 0;
  await open(page, at(cases.valid));
  const genuine = await answered(page);
  holds(`${tag}: a genuine mark is genuinely signed`, genuine.word === word("签名真实", "Genuinely signed"), genuine.word);
  holds(`${tag}: and never green`, genuine.kind.includes("signed") && genuine.kind.includes("hatched") && !genuine.kind.includes(" valid"), genuine.kind);
  has(`${tag}: since the last sync nothing is known`, genuine.said, word("不能排除", "cannot be ruled out"), "2026-");
  has(`${tag}: holder, level, dates`, genuine.all, cases.uscc, word("五星级", "five-star"), cases.until);
  holds(`${tag}: the answer stands first`, genuine.top < 120, `${genuine.top} px from the top`);
  holds(`${tag}: the title says it`, (await page.title()).startsWith(genuine.word), await page.title());
  await shot(page, out, "genuine", way);

  for (const [name, address, said, kind] of [
    ["forged", forged(at(cases.valid)), word("不是真标志", "Not genuine"), "not-genuine"],
    ["frozen", at(cases.suspended), word("标志停用", "Mark frozen"), "mark-frozen"],
    ["revoked", at(cases.revoked), word("标志已撤销", "Mark revoked"), "mark-revoked"],
    ["investigated", at(cases.investigated), word("标志调查中", "Mark under investigation"), "mark-investigated"],
    ["ended", at(cases.withdrawn), word("标志许可已终止", "Mark licence ended"), "mark-ended"],
    ["replaced", at(cases.superseded), word("标志已更换", "Mark replaced"), "mark-replaced"],
    ["expired", at(cases.expired), word("已到期", "Expired"), "expired"],
    ["short", `${gate.ours}/m/${cases.short}`, word("无法判断", "Cannot tell"), "cannot-tell"],
    ["cut", at(cases.valid).slice(0, -9), word("无法判断", "Cannot tell"), "incomplete"],
  ]) {
    await open(page, address);
    const found = await answered(page);
    holds(`${tag}: ${name} is ${said}`, found.word === said && found.kind.includes(kind), `${found.word} (${found.kind})`);
    holds(`${tag}: ${name} says nothing of being in force`, !/\bvalid\b/.test(found.kind), found.kind);
    await shot(page, out, name, way);
  }

  // About an earlier day nothing is made good by a list that has it; a list that grows old says so.
  await open(page, at(cases.suspended));
  await answered(page);
  await page.fill("#at", cases.earlier);
  await page.waitForFunction((said) => document.getElementById("verdict")?.firstChild.textContent === said, word("无法判断", "Cannot tell"));
  has(`${tag}: of an earlier day nothing is told of a frozen mark`, (await answered(page)).said, word("清单没有说从什么时候起", "does not tell since when"));
  await page.clock.setFixedTime(new Date(Date.now() + 30 * 86_400_000));
  await open(page, at(cases.valid));
  has(`${tag}: an old list is told to be old`, (await answered(page)).said, word("清单已有", "days old"));
  await page.clock.setFixedTime(new Date());

  // Any other page: what can be done here.
  await open(page, at(cases.page));
  await page.waitForSelector("#away:not([hidden])");
  has(`${tag}: a certificate's page was not had`, await page.textContent("#away"), word("这一页没有打开", "this page was not had"));
  await page.fill("#text", new URL(cases.valid).pathname.slice(3));
  await page.click("#hand button[type=submit]");
  holds(`${tag}: digits can be typed`, (await answered(page)).word === genuine.word);
  await page.setInputFiles("#file", { name: "c.json", mimeType: "application/json", buffer: cases.file });
  await page.waitForFunction((said) => document.querySelector(".band .kind")?.textContent === said, word("证书文件", "Certificate"));
  has(`${tag}: a certificate's file by the kept lists`, (await answered(page)).said, word("不能排除", "cannot be ruled out"));
  await page.setInputFiles("#file", { name: "c.json", mimeType: "application/json", buffer: cases.suspendedFile });
  await page.waitForFunction((before) => ![undefined, before].includes(document.getElementById("verdict")?.firstChild.textContent), genuine.word);
  holds(`${tag}: a suspended one by the kept lists`, (await answered(page)).word === word("暂停", "Suspended"));
  await shot(page, out, "page", way);
  say(`${tag}: no script failed without a network`, faults.filter((fault) => !/ERR_|Failed to load resource/.test(fault)));

  // A photo that was handed in just when the network went is read here, and not kept.
  for (const [name, kind] of [["genuine", "signed"], ["forged", "not-genuine"]]) {
    gate.cut("up");
    await open(page, `${gate.ours}/scan`);
    gate.cut("down");
    await page.setInputFiles("#file", cases.photos[name]);
    const read = await answered(page);
    holds(`${tag}: a photo of a ${name} mark`, read.kind.includes(kind), `${read.word} (${read.kind})`);
    const left = await page.evaluate(async () => (await caches.match("/offline/photo")) !== undefined);
    holds(`${tag}: the photo is not kept`, !left);
  }
  await shot(page, out, "photo", way);

  // A network that never answers is given up soon.
  gate.cut("slow");
  const from = Date.now();
  await open(page, at(cases.valid));
  holds(`${tag}: slow is as none`, (await answered(page)).word === genuine.word);
  holds(`${tag}: within ten seconds`, Date.now() - from < 10_000, `${Date.now() - from} ms`);

  gate.cut("up");
  await page.click("#away a.button");
  await page.waitForLoadState("load");
  holds(`${tag}: with a network again the site answers`, (await page.locator("#away").count()) === 0);
  await open(page, `${gate.ours}/offline`);
  await page.waitForSelector("#update:not([hidden])");
  gate.cut("down");
  await page.click("#update");
  await page.waitForFunction((said) => document.getElementById("state").textContent.includes(said), word("没有更新成", "was not updated"));
  gate.cut("up");
  const before = gate.asked.length;
  await page.click("#update");
  await page.waitForFunction((said) => document.getElementById("state").textContent.includes(said), word("已存好", "Kept"));
  has(`${tag}: an update asks anew`, gate.asked.slice(before).join(" "), "/status/marks", "/.well-known/did.json");

  // What is no list, or an older one, takes the place of none; a gateway's word is no answer.
  const older = JSON.stringify({ ...JSON.parse(cases.list), as_of: "2026-01-01T00:00:00Z" });
  const ahead = JSON.stringify({ ...JSON.parse(cases.list), as_of: "2099-01-01T00:00:00Z" });
  for (const [name, body] of [["a page", "<p>maintenance</p>"], ["another list", '{"type":"x"}'], ["an altered list", older], ["one of years to come", ahead]]) {
    gate.instead = (path) => (path === "/status/marks" ? [200, body] : undefined);
    await page.click("#update");
    await page.waitForFunction((said) => document.getElementById("state").textContent.includes(said), word("没有更新成", "was not updated"));
    const list = await page.evaluate(async () => (await (await caches.match("/status/marks")).json()).as_of);
    holds(`${tag}: ${name} is not kept`, list > "2026-02" && list < "2099", list);
  }
  gate.instead = (path) => (path.startsWith("/m/") ? [502, "Bad Gateway"] : undefined);
  await open(page, at(cases.suspended));
  holds(`${tag}: behind a gateway alone the device answers`, (await answered(page)).word === word("标志停用", "Mark frozen"));
  gate.instead = () => undefined;

  // A clock that is behind takes nothing from what the list says.
  gate.cut("down");
  await page.clock.setFixedTime(new Date(Date.now() - 60 * 86_400_000));
  await open(page, at(cases.suspended));
  const behind = await answered(page);
  holds(`${tag}: with a clock that is behind`, behind.word === word("标志停用", "Mark frozen"), behind.word);
  has(`${tag}: which is told`, behind.all, word("时钟慢了", "clock is behind"));
  await open(page, at(cases.expired));
  holds(`${tag}: it does not make an expired one good`, (await answered(page)).word === word("已到期", "Expired"));
  await page.clock.setFixedTime(new Date());
  await page.fill("#text", new URL(forged(at(cases.valid))).pathname.slice(3));
  await page.click("#hand button[type=submit]");
  await page.waitForFunction((said) => document.getElementById("verdict")?.firstChild.textContent === said, word("不是真标志", "Not genuine"));
  holds(`${tag}: the title goes with the answer`, (await page.title()).startsWith(word("不是真标志", "Not genuine")), await page.title());
  await open(page, `${gate.ours}/offline`);
  await page.waitForSelector("#update:not([hidden])");
  has(`${tag}: what is kept is told without a network, too`, await page.textContent("h1"), word("没网也能查", "without a network"));

  // Removed and kept again, all of it is there again.
  gate.cut("up");
  await page.click("#forget");
  await page.waitForSelector("#keep:not([hidden])");
  await page.click("#keep");
  await page.waitForSelector("#update:not([hidden])", { timeout: 30_000 });
  gate.cut("down");
  await open(page, at(cases.valid));
  holds(`${tag}: removed and kept again it answers`, (await answered(page)).word === genuine.word);
  gate.cut("up");
  await open(page, `${gate.ours}/offline`);
  await page.click("#forget");
  await page.waitForSelector("#keep:not([hidden])");
  holds(`${tag}: it is removed`, (await page.evaluate(async () => (await caches.keys()).length)) === 0);
  gate.cut("down");
  const gone = await page.goto(at(cases.valid)).then(
    () => false,
    () => true,
  );
  holds(`${tag}: then no device answers`, gone);
  await context.close();
  await gate.stop();
}

async function installs(browser, base) {
  const page = await browser.newPage();
  await page.goto(base);
  const session = await page.context().newCDPSession(page);
  const { errors, url } = await session.send("Page.getAppManifest");
  say("the manifest is read", errors.map(({ message }) => message));
  holds("every page names it", url.endsWith("/manifest.webmanifest"), url);
  const { installabilityErrors } = await session.send("Page.getInstallabilityErrors");
  say("it can be installed", installabilityErrors.map(({ errorId }) => errorId).filter((id) => id !== "in-incognito"));
  await page.close();
}

const [base, out] = process.argv.slice(2);
if (!base || !out) process.exit(64);
await mkdir(out, { recursive: true });
const { lines } = await readDemo(process.stdin);
const of = (name) => lines.find((line) => line.case === name);
const markThat = (name, state) => of(name).marks.find((mark) => mark.state === state).page;
const record = async (line) => Buffer.from(await (await fetch(`${line.api}/credential`)).arrayBuffer());
const answer = await (await fetch(of("valid-five_star").api)).json();
const cases = {
  valid: of("valid-five_star").mark,
  page: of("valid-five_star").page,
  uscc: answer.uscc,
  until: answer.valid_until,
  short: new URL(of("valid-five_star").marks[0].page).pathname.slice(3),
  suspended: of("suspended-five_star").mark,
  withdrawn: of("withdrawn-five_star").mark,
  superseded: of("superseded-five_star").mark,
  expired: of("expired-five_star").mark,
  revoked: markThat("mark-revoked", "revoked"),
  investigated: markThat("mark-investigated", "under_investigation"),
  earlier: new Date(Date.now() - 86_400_000).toISOString().slice(0, 10),
  list: await (await fetch(new URL("/status/marks", base))).text(),
  file: await record(of("valid-five_star")),
  suspendedFile: await record(of("suspended-five_star")),
};
const browser = await start();
const painter = await browser.newPage();
cases.photos = {
  genuine: await picture(painter, cases.valid),
  forged: await picture(painter, forged(cases.valid)),
};
await painter.close();
await installs(browser, base);
for (const size of SIZES) for (const locale of ["zh-CN", "en-GB"]) await device(browser, base, cases, out, { size, locale });
await browser.close();
process.exit(end("without a network"));
