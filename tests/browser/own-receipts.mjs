// Receipts on the page to verify a file: all that an auditor needs, in the words of the receipt's own page.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { accessible, altered, fits, onPage, oneCharacter } from "./own-kit.mjs";
import { mustAnswer, open } from "./own-tool.mjs";

const KEYS = "**/.well-known/did.json";

async function made(base, body) {
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${base}/api/v1/receipts`, { method: "POST", headers, body: JSON.stringify(body) });
  if (answer.status !== 201) throw new Error(`${answer.status} ${await answer.text()}`);
  const path = answer.headers.get("location");
  const pdf = await fetch(`${base}/api/v1/receipts/${path.split("/").at(-1)}?format=pdf`);
  return { text: await answer.text(), path, pdf: Buffer.from(await pdf.arrayBuffer()) };
}

const given = (name, text) => ({ name, mimeType: "application/json", buffer: Buffer.from(text) });
const print = (buffer) => ({ name: "print.pdf", mimeType: "application/pdf", buffer });
/** China time to the second, as pages show it. */
const clock = (instant) => new Date(Date.parse(instant) + 8 * 3_600_000).toISOString().slice(0, 19).replace("T", " ");
const squeezed = (text) => text.replace(/\s+/g, "");

/** The key for receipts became known to others a minute after the receipt was made. */
const compromised = (receipt) => (text) => {
  const document = JSON.parse(text);
  const key = document.verificationMethod.find((method) => method.purpose === "receipt");
  key.revoked = new Date(Math.floor(Date.parse(receipt.made_at) / 1000) * 1000 + 60_000).toISOString().replace(".000", "");
  return JSON.stringify(document);
};

export async function receiptTests({ base, folder, browser, lines }) {
  const find = (name) => lines.find((one) => one.case === name);
  const record = async ({ id }) => (await (await fetch(`${base}/api/v1/certificates/${id}/credential`)).json()).credentialSubject;
  const [valid, suspended, withdrawn, overdue] = ["valid-five_star", "suspended-five_star", "withdrawn-five_star", "surveillance-overdue"].map(find);
  const [subject, other] = [await record(valid), await record(suspended)];
  const receipt = await made(base, {
    reference: "示例招-2026-117",
    certificates: [
      { certificate: valid.id, holder: subject.holder.name, level: "四星级", scope: subject.scope },
      { certificate: ` ${other.certificateNumber.toLowerCase()} `, holder: "示例冒名有限公司" },
      { certificate: withdrawn.id },
      { certificate: overdue.id },
      { certificate: "29326SC99999R0M", holder: "示例冒名有限公司" },
    ],
  });
  const signed = JSON.parse(receipt.text);
  const then = await made(base, { as_of: "2026-11-01", known_at: "2026-11-02", certificates: [{ certificate: valid.id }] });
  const past = JSON.parse(then.text);
  const tests = [];
  const shows = (name, file, expected, { prepare, shot, also } = {}) =>
    tests.push([
      `verify a receipt: ${name}`,
      () =>
        onPage(browser, {}, prepare, async (page) => {
          await open(page, base);
          await page.setInputFiles("#file", file);
          const { all } = await mustAnswer(page, { shape: "signed", word: "回执真实", ...expected, says: [] });
          for (const said of expected.says) assert.ok(squeezed(all).includes(squeezed(said)), `${said} is not in ${all}`);
          await also?.(page);
          await fits(page);
          await accessible(page);
          if (!shot) return;
          await page.screenshot({ path: join(folder, `verify-${shot}.png`), fullPage: true });
          await page.emulateMedia({ colorScheme: "dark" });
          await accessible(page);
          await page.emulateMedia({ colorScheme: "light" });
          await page.setViewportSize({ width: 1280, height: 900 });
          await fits(page);
          await page.screenshot({ path: join(folder, `verify-${shot}-1280.png`), fullPage: true });
          await page.setViewportSize({ width: 360, height: 800 });
          await page.evaluate(() => (document.documentElement.style.fontSize = "200%"));
          await fits(page);
        }),
    ]);

  const facts = [
    ["示例招-2026-117", "未经核实", signed.id, clock(signed.made_at), clock(signed.known_at), clock(signed.as_of)],
    [createHash("sha256").update(receipt.text).digest("hex"), subject.holder.name, subject.holder.uscc, subject.scope, "五星级"],
    [`${subject.issuedOn} 至 ${subject.validUntilDay}`, "不符，要求的是：四星级", "与要求一致", "要求的持证人无从对照"],
    [other.certificateNumber, other.certificateNumber.toLowerCase(), "起暂停：", "起已撤销：", "逾期", "查无此证", "29326SC99999R0M"],
  ].flat();
  shows("all that it says", given("r.json", receipt.text), { says: facts }, {
    shot: "receipt",
    also: async (page) => {
      const linked = await page.getAttribute("#answer .facts a", "href");
      assert.equal(linked, receipt.path, "the way to the copy that the body keeps");
      const struck = await page.evaluate(() => [...document.querySelectorAll("#answer .grade del")].length);
      assert.equal(struck, 2, "what was not in force is not praised");
    },
  });
  shows("both clocks in its headline", given("r.json", then.text), {
    says: [`这是 ${clock(past.as_of)} 的情况，按 ${clock(past.known_at)} 已登记的内容`],
  });
  shows("a print, by the file attached to it", print(receipt.pdf), { says: ["PDF里附的签名文件", ...facts.slice(0, 6)] });
  shows("a key that was compromised later", given("r.json", receipt.text), {
    word: "无法判断",
    shape: "cannot-tell",
    says: ["要弄清楚，请看本机构保存的那一份", signed.id, "没有得到证明", "写的是：当时有效"],
  }, {
    prepare: (page) => altered(page, KEYS, compromised(signed)),
    shot: "receipt-compromised",
    also: async (page) => {
      assert.equal(await page.getAttribute("#answer .band a", "href"), receipt.path);
      assert.equal(await page.evaluate(() => document.querySelectorAll("#answer .tag:not(.cannot-tell)").length), 0, "nothing in the colours of what is proven");
      assert.equal(await page.evaluate(() => document.querySelectorAll("#answer .tally").length), 0);
    },
  });
  shows("an altered one", given("x.json", oneCharacter(receipt.text, '"scope":"')), {
    word: "回执不真实",
    shape: "not-genuine",
    says: ["签名不对"],
    hides: [subject.holder.name, "当时有效"],
  });

  const refuses = (name, file) =>
    tests.push([
      `verify a receipt: ${name}`,
      () =>
        onPage(browser, {}, null, async (page) => {
          await open(page, base);
          await page.setInputFiles("#file", file);
          await page.waitForFunction(() => document.getElementById("state").textContent.includes("没有找到签名文件"));
          assert.equal(await page.isVisible("#answer"), false);
        }),
    ]);
  refuses("a PDF without an attachment", print(Buffer.from("%PDF-1.7\n1 0 obj\n<< >>\nendobj\n")));
  refuses("a print whose attachment is cut", print(receipt.pdf.subarray(0, receipt.pdf.indexOf("/EmbeddedFile") + 400)));
  refuses("a print with two attachments", print(Buffer.concat([receipt.pdf, receipt.pdf])));
  return tests;
}
