// Certificate pages that verify themselves.

import assert from "node:assert/strict";
import { join } from "node:path";
import { WORDS } from "./examine.mjs";
import { FAILED, accessible, altered, fits, loudly, onPage, onlyAsked, oneCharacter, verified } from "./own-kit.mjs";

const BUNDLE = "**/api/v1/bundle/**";
const KEYS = "**/.well-known/did.json";
const OK = "浏览器核验";
const UNABLE = "没有在您的浏览器里核验";
const OPEN = "没能全部核实";

/** Makes the browser one without Ed25519, or with one that says yes to everything, or without any cryptography. */
const withoutEd25519 = () => {
  const { importKey } = SubtleCrypto.prototype;
  SubtleCrypto.prototype.importKey = function (format, key, algorithm, ...rest) {
    if ((algorithm.name ?? algorithm) === "Ed25519") return Promise.reject(new DOMException("no", "NotSupportedError"));
    return importKey.call(this, format, key, algorithm, ...rest);
  };
};
const withYesToAll = () => {
  SubtleCrypto.prototype.verify = async () => true;
};
const withoutCrypto = () => Object.defineProperty(globalThis.crypto, "subtle", { value: undefined });
const threeDaysLate = () => {
  const now = Date.now;
  Date.now = () => now() - 3 * 86_400_000;
};

/** Standings, with what a page with each says, and the text it must say it in. */
export function certificateTests({ base, folder, browser, lines }) {
  const find = (name) => lines.find((one) => one.case === name);
  const url = ({ id }, query = "") => `${base}/c/${id}${query}`;
  const valid = find("valid-five_star");
  const tests = [];
  const test = (name, run) => tests.push([name, run]);

  for (const one of lines) {
    test(`${one.case} verifies itself`, () =>
      onPage(browser, {}, null, async (page) => {
        const found = await verified(page, url(one));
        assert.deepEqual([found.state, found.said.includes(OK)], ["ok", true], found.said);
        assert.ok(found.word.startsWith(WORDS[one.standing]), found.word);
        assert.deepEqual(await page.evaluate(() => globalThis.shifted), [], "something moved");
        onlyAsked(page, base, [`/c/${one.id}`, `/api/v1/bundle/${one.id}`, "/.well-known/did.json", /^\/assets\//, "/favicon.ico"]);
        await fits(page);
      }),
    );
  }

  test("a day of the past verifies itself", () =>
    onPage(browser, {}, null, async (page) => {
      const one = find("suspended-five_star");
      const record = await (await fetch(`${base}/api/v1/certificates/${one.id}/credential`)).json();
      const day = record.credentialSubject.issuedOn;
      const found = await verified(page, url(one, `?as_of=${day}`));
      assert.deepEqual([found.state, found.word.startsWith("当时有效")], ["ok", true], found.said);
    }));

  test("in English", () =>
    onPage(browser, { locale: "en" }, null, async (page) => {
      const found = await verified(page, url(valid, "?lang=en"));
      assert.deepEqual([found.state, found.said.startsWith("Verified in your browser")], ["ok", true], found.said);
    }));

  test("what was verified is told, by keyboard and to screen readers", () =>
    onPage(browser, {}, null, async (page) => {
      await verified(page, url(valid));
      await page.focus("#own summary");
      await page.keyboard.press("Enter");
      const told = await page.textContent("#own .found");
      for (const word of ["签名", "密钥", "有效期", "状态", "公开日志", "本页", "Signature", "xb.example.cn", "下载证书包"]) {
        assert.ok(told.includes(word), word);
      }
      assert.ok(!/\d{4}-\d\d-\d\dT/.test(told), "instants as people read them");
      assert.equal(await page.getAttribute("#own-said", "aria-live"), "polite");
      await accessible(page);
      await page.screenshot({ path: join(folder, "own-ok-details.png"), fullPage: true });
      await page.emulateMedia({ colorScheme: "dark" });
      await accessible(page);
      await page.evaluate(() => (document.documentElement.style.fontSize = "200%"));
      await fits(page);
    }));

  const loud = (name, prepare, path = url(valid)) => test(`told loudly: ${name}`, () => loudly(browser, folder, name, prepare, path));
  const inBundle = (behind, after = "") => (page) =>
    altered(page, BUNDLE, (text) => oneCharacter(text, behind, after ? text.indexOf(after) : 0));
  loud("one character in the record", inBundle('"holder":{"address":"'));
  loud("one character in the proof", inBundle('"proofValue":"z4'.slice(0, -1)));
  loud("one character in the status list", inBundle('"encodedList":"uH4sI', '"status_lists"'));
  loud("one character in the checkpoint", inBundle('"checkpoint":"xb.example.cn/log\\n'));
  loud("one character in an entry", inBundle('"record_sha256":"', '"entries"'));
  loud("one character in an inclusion proof", inBundle('"proof":["', '"entries"'));
  const otherLetter = (_, before, letter) => before + (letter === "A" ? "B" : "A");
  loud("one character in each key", (page) =>
    altered(page, KEYS, (text) => text.replace(/("publicKeyMultibase":"z6Mk.{9})(.)/g, otherLetter)));
  loud("another level", (page) => altered(page, BUNDLE, (text) => text.replace('"five_star"', '"four_star"')));
  loud("not JSON", (page) => altered(page, BUNDLE, (text) => `${text}x`));
  loud("a member twice", (page) => altered(page, BUNDLE, (text) => text.replace('{"certificate"', '{"version":1,"certificate"')));
  loud("the log left out of it", (page) => altered(page, BUNDLE, (text) => text.replace(/"entries":\[.*?\]\}\]/, '"entries":[]')));
  loud("another certificate's bundle", (page) =>
    page.route(BUNDLE, async (route) => route.fulfill({ response: await route.fetch({ url: `${base}/api/v1/bundle/${find("valid-four_star").id}` }) })),
  );
  const quiet = (name, said, prepare, options = {}) =>
    test(`never passes for valid: ${name}`, () =>
      onPage(browser, { complains: true, ...options }, prepare, async (page) => {
        const found = await verified(page, url(valid));
        assert.ok(found.said.includes(said), found.said);
        assert.ok(!found.said.includes(OK) && !found.said.includes(FAILED), found.said);
        assert.ok(found.word.startsWith("有效"), "the server's word stays");
        assert.ok(!(await page.textContent("#own .found")).includes("✓") || said === OPEN);
        assert.deepEqual(await page.evaluate(() => globalThis.shifted), [], "something moved");
        await accessible(page);
      }),
    );
  quiet("no network", UNABLE, (page) => page.route(BUNDLE, (route) => route.abort()));
  quiet("no keys", UNABLE, (page) => page.route(KEYS, (route) => route.abort()));
  quiet("a server that fails", UNABLE, (page) => page.route(BUNDLE, (route) => route.fulfill({ status: 503, body: "{}" })));
  quiet("no Ed25519", UNABLE, (page) => page.addInitScript(withoutEd25519));
  quiet("an Ed25519 that says yes to all", UNABLE, (page) => page.addInitScript(withYesToAll));
  quiet("no cryptography at all", UNABLE, (page) => page.addInitScript(withoutCrypto));
  quiet("a clock that is three days off", UNABLE, (page) => page.addInitScript(threeDaysLate));
  quiet("no status lists", OPEN, (page) => altered(page, BUNDLE, (text) => JSON.stringify({ ...JSON.parse(text), status_lists: [] })));
  quiet("a page that the browser translated", OPEN, (page) =>
    altered(page, url(valid), (html) =>
      html.replace("<html ", '<html class="translated-ltr" ').replace(/(<h2 class="holder">)([^<]+)/, "$1<font>Example Ltd.</font>")));
  quiet("a page that an extension rewords once it is there", OPEN, (page) =>
    page.addInitScript(() => {
      document.addEventListener("DOMContentLoaded", () => {
        const name = document.querySelector(".holder");
        const marked = document.createElement("mark");
        marked.append(...name.childNodes);
        name.append(marked);
      });
    }));
  quiet("no log", OPEN, (page) => altered(page, BUNDLE, (text) => JSON.stringify({ ...JSON.parse(text), log: undefined })));

  test("a script that never comes leaves it unsaid", () =>
    onPage(browser, { complains: true }, (page) => page.route("**/all-of-certificate.js", (route) => route.abort()), async (page) => {
      await page.goto(url(valid), { waitUntil: "load" });
      const seen = await page.textContent("#own .says > span:not(.room)");
      assert.ok(seen.includes("还没有自己核验"), seen);
      assert.equal(await page.getAttribute("#own", "data-state"), null);
    }));

  test("without script the page is as it was", () =>
    onPage(browser, { javaScriptEnabled: false }, null, async (page) => {
      await page.goto(url(valid));
      assert.ok((await page.textContent("#verdict")).includes("有效"));
      assert.equal(await page.isVisible("#own"), false);
      assert.ok(!(await page.innerText("body")).includes("浏览器"), "nothing is said of it");
    }));

  return tests;
}
