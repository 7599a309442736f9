#!/usr/bin/env node
// The examiner examined: a good page passes, and each fault is found under its own name.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { start } from "./browser.mjs";
import { examine } from "./examine.mjs";

const STYLE = `.band { background: #0a6b3b; color: #fff }
  .hatched::after { content: ""; display: block; height: 9px; print-color-adjust: exact; background: repeating-linear-gradient(-45deg, #fff 0 9px, transparent 9px 18px) }
  .printed { display: none } .printed span { overflow-wrap: anywhere }
  @media print { .band { background: #fff; color: #000 } .printed { display: block } }`;
const good = {
  lang: 'lang="zh-CN"',
  style: STYLE,
  body: '<main><div class="band"><h1>有效 In force</h1></div><p>示例电器有限公司</p></main><footer class="printed"><span>ADDRESS</span> 2026-05-08 09:30</footer>',
  status: 200,
};
const styled = (more) => ({ ...good, style: `${STYLE} ${more}` });
const pages = {
  "/good": good,
  "/wrong-word": { ...good, body: good.body.replace("有效", "已撤销") },
  "/wide": { ...good, body: good.body + '<p style="width:400px">x</p>' },
  "/no-lang": { ...good, lang: "" },
  "/script-only": { ...good, body: good.body.replace("有效", "…") + "<script>document.querySelector('h1').textContent='有效'</script>" },
  "/console": { ...good, body: good.body + "<script>console.error('broken')</script>" },
  "/elsewhere": { ...good, body: good.body + '<img alt="" src="http://127.0.0.2:9/x.png">' },
  "/pale": styled("p { color: #ccc } @media print { p { color: #000 } }"),
  "/pale-in-the-dark": styled("@media (prefers-color-scheme: dark) { body { background: #111 } p { color: #333 } } @media print { body { background: #fff } }"),
  "/grows-too-wide": { ...good, body: good.body + "<p><code>91110108551385082Q91110108</code></p>" },
  "/cut": styled("p { height: 26px; overflow: hidden; line-height: 1.5 }"),
  "/green-withdrawn": { ...good, body: good.body.replace("有效", "已撤销") },
  "/withdrawn": { ...styled(".band { background: #a3161e } @media print { .band { background: #fff } }"), body: good.body.replace("有效", "已撤销").replace('"band"', '"band hatched"') },
  "/broken-date": { ...good, body: good.body.replace("公司", '公司<span style="display:inline-block;width:4em">2026-05-08</span>') },
  "/not-green": styled(".band { background: #4b5560 } @media print { .band { background: #fff } }"),
  "/hatched-though-in-force": { ...good, body: good.body.replace('"band"', '"band hatched"') },
  "/dark-on-paper": styled("@media print { .band { background: #0a6b3b; color: #fff } }"),
  "/paper-without-address": { ...good, body: good.body.replace("ADDRESS", "") },
  "/broken": { ...good, status: 500 },
};

let base, browser, folder, server;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "starmark-browser-"));
  server = createServer((request, answer) => {
    if (request.url === "/favicon.ico") return answer.writeHead(204).end();
    const page = pages[request.url] ?? { ...good, status: 404 };
    answer.writeHead(page.status, { "content-type": "text/html; charset=utf-8" });
    const head = `<meta name="viewport" content="width=device-width"><title>t</title><style>${page.style}</style>`;
    const body = page.body.replace("ADDRESS", `${base}${request.url}`);
    answer.end(`<!doctype html><html ${page.lang}><head>${head}</head><body>${body}</body></html>`);
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  base = `http://127.0.0.1:${server.address().port}`;
  browser = await start();
});

after(async () => {
  await browser?.close();
  server?.close();
  server?.closeAllConnections();
  await rm(folder, { recursive: true, force: true });
});

const check = (path, ...expect) => checkAs("有效", path, ...expect);

async function checkAs(word, path, ...expect) {
  const failed = [];
  const shot = { folder, name: path.slice(1) };
  let count = 0;
  await examine(browser, { url: base + path, word, shot }, (name, why) => {
    count += 1;
    if (why.length) failed.push(name);
  });
  assert.ok(count > 10, `${count} checks`);
  assert.deepEqual(failed, expect);
}

const wide = ["browser's text", "text"].map((text) => `${text} at 200 % keeps its width at 360`);
test("a good page passes", () => check("/good"));
test("another word", () => check("/wrong-word", "word at 360", "word at 1280", "word without script"));
test("too wide", () => check("/wide", "no sideways scroll at 360", ...wide));
test("no language", () => check("/no-lang", ...["360", "1280"].flatMap((s) => [`language at ${s}`, `accessible at ${s}`])
  .toSpliced(2, 0, "accessible in the dark at 360")));
test("needs script", () => check("/script-only", "word without script"));
test("console error", () => check("/console", "no console error at 360", "no console error at 1280"));
test("another host", () => check("/elsewhere", ...["360", "1280"].flatMap((s) => [`no console error at ${s}`, `no other host at ${s}`])));
test("pale text", () => check("/pale", "accessible at 360", "accessible in the dark at 360", "accessible at 1280"));
test("pale text in the dark", () => check("/pale-in-the-dark", "accessible in the dark at 360"));
test("large text too wide", () => check("/grows-too-wide", ...wide));
test("large text cut", () => check("/cut", "browser's text at 200 % is not cut at 360", "text at 200 % is not cut at 360"));
test("a date on two lines", () => check("/broken-date", "dates stay whole at 360", ...["browser's text", "text"].map((t) => `${t} at 200 % keeps dates whole at 360`), "dates stay whole at 1280"));
test("in force and not green", () => check("/not-green", "band at 360", "band at 1280"));
test("in force and hatched", () => check("/hatched-though-in-force", "band at 360", "band at 1280"));
test("withdrawn, yet green and clean", () => checkAs("已撤销", "/green-withdrawn", "band at 360", "on paper at 360", "band at 1280"));
test("withdrawn", () => checkAs("已撤销", "/withdrawn"));
test("a dark band on paper", () => check("/dark-on-paper", "on paper at 360"));
test("paper that does not say where it is from", () => check("/paper-without-address", "on paper at 360"));
test("a failing server", () => check("/broken", "answers at 360", "no console error at 360", "answers at 1280", "no console error at 1280"));
