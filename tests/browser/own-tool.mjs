// The page to verify a file on: every kind, good and altered, and that nothing leaves the browser.

import assert from "node:assert/strict";
import { join } from "node:path";
import { accessible, fits, onPage, onlyAsked, oneCharacter } from "./own-kit.mjs";

const STATIC = ["/verify", /^\/assets\//, "/.well-known/did.json", "/favicon.ico"];
const SOON = { timeout: 60_000 };

const json = (name, text) => ({ name, mimeType: "application/json", buffer: Buffer.from(text) });
const png = (name, buffer) => ({ name, mimeType: "image/png", buffer });

export async function open(page, base, path = "/verify") {
  await page.goto(base + path);
  await page.waitForSelector("#all:not([disabled])", SOON);
}

/** What the page answers: the word, its class, and everything it shows. */
async function answer(page) {
  await page.waitForSelector("#answer:not([hidden])", SOON);
  const [word, shape, sentence, all, codes] = await page.evaluate(() => {
    const text = (selector) => document.querySelector(selector)?.textContent.trim() ?? "";
    const results = [...document.querySelectorAll("#answer .checks li")].map((li) => li.className);
    return [text("#verdict"), document.querySelector("#answer .band").className, text("#answer .sentence"), text("#answer"), results];
  });
  return { word, shape, sentence, all, codes };
}

/** The page answers with that word in that band, and says and hides these texts. */
export async function mustAnswer(page, expected) {
  const found = await answer(page);
  assert.ok(found.word.startsWith(expected.word), `${found.word} ${found.sentence}`);
  assert.ok(found.shape.split(" ").includes(expected.shape), found.shape);
  assert.equal(found.shape.includes("hatched"), expected.shape !== "valid", found.shape);
  for (const said of expected.says ?? []) assert.ok(found.all.includes(said), `${said} is not in ${found.all}`);
  for (const hidden of expected.hides ?? []) assert.ok(!found.all.includes(hidden), `${hidden} is in ${found.all}`);
  assert.ok(found.all.includes("xb.example.cn"), "by whose keys");
  return found;
}

export async function files({ base, lines, token }) {
  const get = async (path, headers) => {
    const found = await fetch(base + path, { headers });
    if (!found.ok) throw new Error(`${path}: ${found.status}`);
    return Buffer.from(await found.arrayBuffer());
  };
  const of = (name) => lines.find((one) => one.case === name);
  const [valid, suspended, withdrawn] = ["valid-five_star", "suspended-five_star", "withdrawn-five_star"].map(of);
  const bundle = async ({ id }, query = "") => (await get(`/api/v1/bundle/${id}${query}`)).toString();
  const artwork = (mark, layout) =>
    get(`/api/v1/issuing/marks/${mark.page.split("/").at(-1)}/artwork?layout=${layout}&format=png`, { authorization: `Bearer ${token}` });
  const active = (one) => one.marks.find((mark) => mark.state === "active");
  const asked = { method: "POST", headers: { "content-type": "application/json" } };
  const body = JSON.stringify({ reference: "示例招-2026-117", certificates: [{ certificate: valid.id, level: "四星级" }, { certificate: suspended.id }] });
  const receipt = await (await fetch(`${base}/api/v1/receipts`, { ...asked, body })).text();
  return {
    valid,
    code: new URL(valid.mark).pathname.split("/").at(-1),
    link: active(valid).page.split("/").at(-1),
    bundle: await bundle(valid),
    then: await bundle(valid, "?as_of=2026-11-01"),
    suspended: await bundle(suspended),
    withdrawn: await bundle(withdrawn),
    credential: (await get(`/api/v1/certificates/${valid.id}/credential`)).toString(),
    paper: await get(`/api/v1/issuing/certificates/${valid.id}/paper`, { authorization: `Bearer ${token}` }),
    receipt,
    signed: await artwork(active(valid), "vertical"),
    small: await artwork(active(valid), "small"),
    other: await artwork(active(of("valid-four_star")), "vertical"),
  };
}

/** Draws pictures beside one another on a table, the second one in another tone, and gives a PNG. */
async function together(browser, base, pictures, tone = "none") {
  return onPage(browser, { complains: true }, null, async (page) => {
    await page.goto(`${base}/verify`);
    const drawn = await page.evaluate(
      async ([all, filter]) => {
        const images = await Promise.all(
          all.map(async (base64) => createImageBitmap(new Blob([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))]))),
        );
        const width = images.reduce((sum, image) => sum + image.width + 60, 60);
        const height = Math.max(120, ...images.map((image) => image.height)) + 120;
        const canvas = Object.assign(document.createElement("canvas"), { width, height });
        const context = canvas.getContext("2d");
        context.fillStyle = "#c8c0b0";
        context.fillRect(0, 0, width, height);
        let at = 60;
        images.forEach((image, i) => {
          context.filter = i === 1 ? filter : "none";
          context.drawImage(image, at, 60);
          at += image.width + 60;
        });
        const blob = await new Promise((made) => canvas.toBlob(made));
        return [...new Uint8Array(await blob.arrayBuffer())];
      },
      [pictures.map((picture) => picture.toString("base64")), tone],
    );
    return Buffer.from(drawn);
  });
}

const dropped = (page, { name, mimeType, buffer }) =>
  page.evaluate(
    ([name, type, bytes]) => {
      const data = new DataTransfer();
      data.items.add(new File([new Uint8Array(bytes)], name, { type }));
      document.getElementById("drop").dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
    },
    [name, mimeType, [...buffer]],
  );

/** Tests, each by its name. */
export async function toolTests({ base, folder, browser, lines }, have) {
  const [host, address] = ["xb.example.cn", `https://xb.example.cn/m/${have.code}`];
  const tests = [];
  const test = (name, run) => tests.push([`verify a file: ${name}`, run]);

  const answers = (name, hand, expected, options = {}) =>
    test(name, () =>
      onPage(browser, options, options.prepare, async (page) => {
        await open(page, base);
        await hand(page);
        await mustAnswer(page, expected);
        onlyAsked(page, base, STATIC);
        await fits(page);
        await accessible(page);
        if (options.shot) {
          await page.screenshot({ path: join(folder, `verify-${options.shot}.png`), fullPage: true });
          await page.emulateMedia({ colorScheme: "dark" });
          await accessible(page);
          await page.setViewportSize({ width: 1280, height: 900 });
          await page.screenshot({ path: join(folder, `verify-${options.shot}-dark-1280.png`), fullPage: true });
          await page.setViewportSize({ width: 360, height: 800 });
          await page.evaluate(() => (document.documentElement.style.fontSize = "200%"));
          await fits(page);
        }
      }),
    );
  const file = (one) => (page) => page.setInputFiles("#file", one);
  const typed = (text) => async (page) => {
    await page.fill("#text", text);
    await page.press("#text", "Enter");
  };
  const given = { hides: [] };
  const says = { word: "有效", shape: "valid", says: ["五星级", "公开日志", "密钥指纹"] };
  const holder = JSON.parse(have.credential).credentialSubject.holder.name;

  answers("a bundle", file(json("bundle.json", have.bundle)), { ...says, says: [...says.says, holder] }, { shot: "bundle" });
  answers("a bundle that is dropped", (page) => dropped(page, json("bundle.json", have.bundle)), says);
  answers("a suspended one", file(json("s.json", have.suspended)), { word: "无效", shape: "suspended", says: ["暂停", "未履行"] }, { shot: "suspended" });
  answers("a withdrawn one", file(json("w.json", have.withdrawn)), { word: "无效", shape: "withdrawn", says: ["已撤销"] });
  answers("a credential alone", file(json("c.json", have.credential)), { word: "签名真实", shape: "signed", says: ["没有查", "打开它的页面"] }, { shot: "credential" });
  const paper = { name: "c.pdf", mimeType: "application/pdf", buffer: have.paper };
  answers("a certificate on paper", file(paper), { word: "签名真实", shape: "signed", says: ["PDF 里附的签名文件", holder, "打开它的页面"] }, { shot: "paper" });
  answers("a receipt", file(json("r.json", have.receipt)), { word: "回执真实", shape: "signed", says: ["当时有效", "暂停", "不符，要求的是：四星级"] });
  answers("a mark's address", typed(` ${address} `), { word: "签名真实", shape: "signed", says: ["五星级", "打开它的页面"] });
  answers("a mark's digits", typed(have.code), { word: "签名真实", shape: "signed", says: ["五星级"] });
  answers("a short code", typed(have.link), { word: "无法判断", shape: "cannot-tell", says: ["没有签名"], hides: ["五星级"] });
  answers("a mark's picture", file(png("mark.png", have.signed)), { word: "签名真实", shape: "signed", says: ["五星级", "标志的照片"] }, { shot: "photo" });
  answers("a small mark's picture", file(png("small.png", have.small)), { word: "无法判断", shape: "cannot-tell", says: [have.link] });
  answers("a certificate's address", typed(`https://${host}/c/${have.valid.id}`), { word: "无法判断", shape: "cannot-tell", says: ["证书查询页"] });

  const forged = { word: "无效", shape: "not-genuine", hides: [holder, "五星级"] };
  const altered = (text, behind, from = 0) => file(json("x.json", oneCharacter(text, behind, from)));
  answers("an altered record", altered(have.bundle, '"holder":{"address":"'), forged, { shot: "forged" });
  answers("an altered proof", altered(have.bundle, '"proofValue":"z'), { ...forged, hides: [] });
  answers("an altered checkpoint", altered(have.bundle, '"checkpoint":"xb.example.cn/log\\n'), forged);
  answers("an altered log entry", altered(have.bundle, '"recorded_at":"', have.bundle.indexOf('"entries"')), forged);
  answers("an altered list", altered(have.bundle, '"encodedList":"uH4sI'), { word: "无法判断", shape: "cannot-tell", says: ["状态清单不能用"] });
  answers("an altered credential", altered(have.credential, '"name":"'), forged);
  answers("an altered receipt", altered(have.receipt, '"message_zh":"'), { word: "回执不真实", shape: "not-genuine", hides: ["当时有效"] });
  answers("JSON with a member twice", file(json("x.json", have.bundle.replace('"host":', '"host":"xb.example.cn","host":'))), forged);
  answers("something else in JSON", file(json("x.json", '{"hello":"world"}')), forged);
  const other = have.bundle.replaceAll(host, "xa.example.cn");
  answers("another body's bundle", file(json("x.json", other)), { ...forged, says: ["xa.example.cn"] });
  const spoiled = `${have.code.slice(0, -1)}${(Number(have.code.at(-1)) + 1) % 10}`;
  answers("a forged mark", typed(`https://${host}/m/${spoiled}`), { ...forged, word: "不是真标志", says: ["不是用本机构的标志密钥签的"] });
  answers("a mark of a look-alike host", typed(`https://xb-example.cn/m/${have.code}`), { ...forged, word: "不是真标志", says: ["xb-example.cn"] });
  answers("a mark cut short", typed(address.slice(0, -40)), { word: "无法判断", shape: "incomplete", hides: ["五星级"] });

  const two = { word: "无法判断", shape: "cannot-tell", says: ["不止一个标志"], hides: ["五星级", "四星级"] };
  for (const [name, tone] of [["two marks in one picture", "none"], ["two marks, one in white on black", "invert(1)"], ["two marks, one pale", "contrast(0.3) brightness(1.5)"]]) {
    const picture = async (page) => page.setInputFiles("#file", png("two.png", await together(browser, base, [have.signed, have.other], tone)));
    answers(name, picture, two, tone === "none" ? { shot: "two-marks" } : {});
  }
  answers("the long and the short code of one mark", async (page) => {
    const both = await together(browser, base, [have.signed, have.small]);
    await page.setInputFiles("#file", png("both.png", both));
  }, have.signed && lines[0].marks[0] ? { word: "签名真实", shape: "signed", says: ["五星级"] } : given);
  answers("a picture without a code", async (page) => {
    await page.setInputFiles("#file", png("nothing.png", await together(browser, base, [])));
  }, { word: "无法判断", shape: "cannot-tell", says: ["没有读到"] });
  answers("half a picture", file(png("half.png", have.signed.subarray(0, 400))), { word: "无法判断", shape: "cannot-tell", says: ["看不清"] });

  const bomb = Buffer.from(have.signed);
  bomb.writeUInt32BE(60_000, 16);
  bomb.writeUInt32BE(60_000, 20);
  answers("a picture of gigabytes", file(png("bomb.png", bomb)), { word: "无法判断", shape: "cannot-tell", says: ["太大"] });

  test("a day is asked about, and changed", () =>
    onPage(browser, {}, null, async (page) => {
      await open(page, base);
      await page.fill("#at", "2026-11-01");
      await page.setInputFiles("#file", json("then.json", have.then));
      let found = await answer(page);
      assert.ok(found.word.startsWith("当时有效") && found.shape.includes("was-valid") && found.all.includes("2026-11-01 23:59"), found.all);
      await page.fill("#at", "2026-11-03");
      await page.waitForFunction(() => document.getElementById("verdict")?.textContent.startsWith("无法判断"), null, SOON);
      found = await answer(page);
      assert.ok(found.all.includes("下载当天的证书包"), found.all);
      onlyAsked(page, base, STATIC);
    }));

  const refuses = (name, hand, said) =>
    test(`says what it does not read: ${name}`, () =>
      onPage(browser, {}, null, async (page) => {
        await open(page, base);
        await hand(page);
        await page.waitForFunction((text) => document.getElementById("state").textContent.includes(text), said, SOON);
        assert.equal(await page.isVisible("#answer"), false);
        onlyAsked(page, base, STATIC);
      }));
  refuses("an empty file", file(json("x.json", "")), "读不了");
  const problem = { type: "about:blank", title: "Not Found", status: 404, code: "no_such_certificate", detail: "there is no certificate" };
  refuses("a saved answer of a server", file(json("p.json", JSON.stringify(problem))), "没有成功的下载");
  refuses("a drawing", file({ name: "x.svg", mimeType: "image/svg+xml", buffer: Buffer.from("<svg/>") }), "图形文件");
  refuses("two megabytes of JSON", file(json("x.json", `"${"x".repeat(2 << 20)}"`)), "太大");
  refuses("text that is no mark", typed("示例电器"), "整个网址");

  test("by keyboard alone", () =>
    onPage(browser, {}, null, async (page) => {
      await open(page, base);
      const order = [];
      for (let i = 0; i < 12; i += 1) {
        await page.keyboard.press("Tab");
        order.push(await page.evaluate(() => document.activeElement.id || document.activeElement.type || ""));
      }
      const asked = ["file", "text", "submit", "at"].map((id) => order.indexOf(id));
      assert.ok(asked.every((place, i) => place >= 0 && (i === 0 || place > asked[i - 1])), order.join(" "));
      for (const id of ["file", "text", "at"]) assert.ok(await page.evaluate((id) => document.getElementById(id).labels.length > 0, id), id);
      await page.focus("#text");
      await page.keyboard.type(address);
      await page.keyboard.press("Enter");
      await answer(page);
      assert.equal(await page.evaluate(() => document.activeElement.id), "verdict", "the answer has the focus");
      assert.equal(await page.getAttribute("#state", "aria-live"), "polite");
    }));

  test("what was there is gone while the next is verified", () =>
    onPage(browser, {}, null, async (page) => {
      await open(page, base);
      await page.setInputFiles("#file", json("bundle.json", have.bundle));
      await answer(page);
      await page.fill("#text", "示例");
      await page.press("#text", "Enter");
      assert.equal(await page.isVisible("#answer"), false, "no old answer stands beside a new question");
    }));

  test("without a network it says that nothing was verified", () =>
    onPage(browser, { complains: true }, (page) => page.route("**/.well-known/did.json", (route) => route.abort()), async (page) => {
      await open(page, base);
      await page.setInputFiles("#file", json("bundle.json", have.bundle));
      await page.waitForFunction(() => document.getElementById("state").textContent.includes("什么也没有核验"), null, SOON);
      assert.equal(await page.isVisible("#answer"), false);
    }));

  test("without Ed25519 it says that it cannot", () =>
    onPage(browser, {}, (page) => page.addInitScript(() => {
      SubtleCrypto.prototype.verify = async () => true;
    }), async (page) => {
      await page.goto(`${base}/verify`);
      await page.waitForFunction(() => document.getElementById("state").textContent.includes("核验不了"), null, SOON);
      assert.equal(await page.isEnabled("#file"), false);
    }));

  test("without script it says what to do instead", () =>
    onPage(browser, { javaScriptEnabled: false }, null, async (page) => {
      await page.goto(`${base}/verify`);
      const seen = await page.innerText("main");
      for (const word of ["没有启用 JavaScript", "starmark verify", `https://${host}/m/`, "首页"]) assert.ok(seen.includes(word), word);
      assert.equal(await page.isVisible("#file"), false, "nothing that does nothing");
    }));

  test("the first page leads there", () =>
    onPage(browser, {}, null, async (page) => {
      await page.goto(base);
      await page.click('main a[href="/verify"]');
      assert.ok((await page.textContent("h1")).includes("核验文件"));
    }));

  return tests;
}
