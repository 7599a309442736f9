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

const good = { lang: 'lang="zh-CN"', style: "", body: "<main><h1>有效 In force</h1><p>示例电器有限公司</p></main>", status: 200 };
const pages = {
  "/good": good,
  "/wrong-word": { ...good, body: "<main><h1>已撤销</h1></main>" },
  "/wide": { ...good, body: good.body + '<p style="width:400px">x</p>' },
  "/no-lang": { ...good, lang: "" },
  "/script-only": { ...good, body: "<main><h1>…</h1></main><script>document.querySelector('h1').textContent='有效'</script>" },
  "/console": { ...good, body: good.body + "<script>console.error('broken')</script>" },
  "/elsewhere": { ...good, body: good.body + '<img alt="" src="http://127.0.0.2:9/x.png">' },
  "/pale": { ...good, style: "p { color: #ccc }" },
  "/pale-in-the-dark": { ...good, style: "@media (prefers-color-scheme: dark) { body { background: #111 } p { color: #333 } }" },
  "/grows-too-wide": { ...good, body: good.body + "<p><code>91110108551385082Q91110108</code></p>" },
  "/cut": { ...good, style: "p { height: 26px; overflow: hidden; line-height: 1.5 }" },
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
    answer.end(`<!doctype html><html ${page.lang}><head>${head}</head><body>${page.body}</body></html>`);
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

async function check(path, ...expect) {
  const failed = [];
  const shot = { folder, name: path.slice(1) };
  let count = 0;
  await examine(browser, { url: base + path, word: "有效", shot }, (name, why) => {
    count += 1;
    if (why.length) failed.push(name);
  });
  assert.ok(count > 10, `${count} checks`);
  assert.deepEqual(failed, expect);
}

test("a good page passes", () => check("/good"));
test("another word", () => check("/wrong-word", "word at 360", "word at 1280", "word without script"));
test("too wide", () => check("/wide", "no sideways scroll at 360", "text at 200 % keeps its width at 360"));
test("no language", () => check("/no-lang", ...["360", "1280"].flatMap((s) => [`language at ${s}`, `accessible at ${s}`])
  .toSpliced(2, 0, "accessible in the dark at 360")));
test("needs script", () => check("/script-only", "word without script"));
test("console error", () => check("/console", "no console error at 360", "no console error at 1280"));
test("another host", () => check("/elsewhere", ...["360", "1280"].flatMap((s) => [`no console error at ${s}`, `no other host at ${s}`])));
test("pale text", () => check("/pale", "accessible at 360", "accessible in the dark at 360", "accessible at 1280"));
test("pale text in the dark", () => check("/pale-in-the-dark", "accessible in the dark at 360"));
test("large text too wide", () => check("/grows-too-wide", "text at 200 % keeps its width at 360"));
test("large text cut", () => check("/cut", "text at 200 % is not cut at 360"));
test("a failing server", () => check("/broken", "answers at 360", "no console error at 360", "answers at 1280", "no console error at 1280"));
