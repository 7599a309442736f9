#!/usr/bin/env node
// How long the verifier that browsers run takes for the bundle that `cargo bench --bench bundle` left, in Node and in Chromium.
// Usage: node benches/bundle.mjs

import { readFile } from "node:fs/promises";
import { start } from "../tests/browser/browser.mjs";

const ROUNDS = 200;
const root = new URL("../", import.meta.url);
const given = async (name) => readFile(new URL(`target/figures/${name}`, root), "utf8");

/** Runs where the modules are at `base`; the first time is told apart, for a reader waits for that one. */
async function measure([base, bundle, did, now, rounds]) {
  const modules = ["bundle", "jcs", "keys", "time"].map((name) => import(`${base}assets/verify/${name}.js`));
  const [{ verifyBundle }, { parseStrict }, { mustVerify, readKeys }, { parseInstant }] = await Promise.all(modules);
  const bytes = new TextEncoder().encode(bundle);
  const instant = parseInstant(now);
  const waits = [];
  for (let i = 0; i < rounds; i += 1) {
    const asked = performance.now();
    if (i === 0) await mustVerify();
    const keys = await readKeys(parseStrict(new TextEncoder().encode(did)));
    const found = await verifyBundle(bytes, { keys, now: instant, asOf: instant });
    if (found.verdict !== "valid") throw new Error(JSON.stringify(found.checks));
    waits.push(performance.now() - asked);
  }
  const [first, ...rest] = waits;
  rest.sort((a, b) => a - b);
  const at = (part) => rest[Math.floor(rest.length * part)].toFixed(1);
  return `first ${first.toFixed(1)} ms, then median ${at(0.5)} ms, p99 ${at(0.99)} ms`;
}

const asked = [await given("bundle.json"), await given("did.json"), await given("now"), ROUNDS];
console.log(`in Node ${process.version}: ${await measure([root.href, ...asked])}`);

const browser = await start();
try {
  const page = await browser.newPage();
  // A host of its own, whose files are those of this folder: nothing is asked of the network.
  await page.route("https://xb.example.cn/**", async (route) => {
    const { pathname } = new URL(route.request().url());
    if (pathname === "/") return route.fulfill({ contentType: "text/html", body: "<!doctype html>" });
    return route.fulfill({ contentType: "text/javascript", body: await readFile(new URL(`.${pathname}`, root), "utf8") });
  });
  await page.goto("https://xb.example.cn/");
  console.log(`in Chromium ${browser.version()}: ${await page.evaluate(measure, ["https://xb.example.cn/", ...asked])}`);
} finally {
  await browser.close();
}
