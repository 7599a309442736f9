// What the tests of own verification share: a page that tells what it asked for, and what stands in it.

import assert from "node:assert/strict";
import { join } from "node:path";
import { violations } from "./examine.mjs";

export const FAILED = "核验不通过";

/** Runs `use` on a page of its own. `prepare` comes before it is opened; the page must complain of nothing. */
export async function onPage(browser, options, prepare, use) {
  const { complains = false, ...rest } = options;
  const context = await browser.newContext({ locale: "zh-CN", viewport: { width: 360, height: 800 }, ...rest });
  try {
    const page = await context.newPage();
    const heard = [];
    page.asked = [];
    page.on("request", (request) => page.asked.push(request));
    page.on("pageerror", (error) => heard.push(String(error)));
    page.on("console", (message) => message.type() === "error" && heard.push(message.text()));
    await page.addInitScript(() => {
      globalThis.shifted = [];
      new PerformanceObserver((list) => {
        for (const { value, sources, startTime } of list.getEntries()) {
          // While a page is still coming in, what has come moves.
          const { loadEventStart } = performance.getEntriesByType("navigation")[0];
          if (loadEventStart === 0 || startTime < loadEventStart) continue;
          // The line in which the answer is drawn keeps its height; its words find their place in it.
          if (sources.every(({ node }) => document.getElementById("own")?.contains(node))) continue;
          const at = ({ x, y, width, height }) => [x, y, width, height].map(Math.round).join(" ");
          const named = sources.map(
            ({ node, previousRect, currentRect }) =>
              `${node?.nodeName} ${node?.className ?? ""} (${at(previousRect)} to ${at(currentRect)}, ${startTime - loadEventStart} ms after load)`,
          );
          globalThis.shifted.push(`${value}: ${named.join(", ")}`);
        }
      }).observe({ type: "layout-shift", buffered: true });
    });
    await prepare?.(page);
    const found = await use(page);
    if (!complains) assert.deepEqual(heard, [], "the page complains");
    return found;
  } finally {
    await context.close();
  }
}

/** Answers a request with the text it would have had, changed. */
export const altered = (page, pattern, change) =>
  page.route(pattern, async (route) => {
    const answer = await route.fetch();
    const text = await answer.text();
    const changed = change(text);
    assert.notEqual(changed, text, "nothing was changed");
    await route.fulfill({ response: answer, body: changed });
  });

/** The text with one character exchanged, behind the first place where that stands. */
export function oneCharacter(text, behind, from = 0) {
  const at = text.indexOf(behind, from) + behind.length;
  assert.ok(at >= behind.length, `no ${behind}`);
  const other = text[at] === "A" ? "B" : "A";
  return text.slice(0, at) + other + text.slice(at + 1);
}

/** Every request is a GET without a body, to this host, and for one of these paths. */
export function onlyAsked(page, base, allowed) {
  for (const request of page.asked) {
    const url = new URL(request.url());
    const told = `${request.method()} ${request.url()}`;
    assert.equal(request.method(), "GET", told);
    assert.equal(request.postData(), null, told);
    assert.equal(url.origin, new URL(base).origin, told);
    assert.ok(allowed.some((path) => (path instanceof RegExp ? path.test(url.pathname + url.search) : path === url.pathname + url.search)), told);
  }
}

/** No serious complaint of axe. */
export async function accessible(page) {
  assert.deepEqual(await violations(page), []);
}

/** The page does not scroll sideways. */
export async function fits(page) {
  const [wide, room] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  assert.ok(wide <= room, `${wide} px in ${room}`);
}

/** What the page says after it has tried, and whether anything moved. */
export async function verified(page, url) {
  await page.goto(url);
  await page.waitForSelector("#own[data-state]", { timeout: 20_000 });
  const [state, said, seen] = await page.evaluate(() => {
    const own = document.getElementById("own");
    const seen = [...own.querySelectorAll(".says > span")].map((e) => e.textContent.trim());
    return [own.dataset.state, document.getElementById("own-said").textContent.trim(), seen];
  });
  assert.deepEqual(seen, [said], "one sentence is there, and it is the one that is read out");
  return { state, said, word: (await page.textContent("#verdict")).trim() };
}

/** An alteration is told so that nothing passes for in force; gives what was said. */
export const loudly = (browser, folder, name, prepare, path, options = {}) =>
  onPage(browser, options, prepare, async (page) => {
    const found = await verified(page, path);
    assert.deepEqual([found.state, found.said.includes(FAILED)], ["failed", true], found.said);
    const look = await page.evaluate(() => {
      const style = (selector) => getComputedStyle(document.querySelector(selector));
      const green = (colour) => ((rgb) => rgb[1] > rgb[0] && rgb[1] > rgb[2])(colour.match(/\d+/g).map(Number));
      return [green(style(".band").backgroundColor), style(".band h1").textDecorationLine, style("#own summary").backgroundColor];
    });
    assert.deepEqual(look, [false, "line-through", "rgb(163, 22, 30)"], "nothing passes for in force");
    await accessible(page);
    await fits(page);
    await page.screenshot({ path: join(folder, `own-${name.replaceAll(" ", "-")}.png`) });
    await page.emulateMedia({ colorScheme: "dark" });
    await accessible(page);
    return { ...found, told: await page.textContent("#own .found") };
  });
