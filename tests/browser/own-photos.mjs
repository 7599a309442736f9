// Pictures with a second code in them: whoever holds one may open either code, so that none is passed over.

import assert from "node:assert/strict";
import encodeQR from "../../assets/verify/vendor/qr/index.js";
import { mirrored, starts } from "../../assets/verify/codes.js";
import { onPage } from "./own-kit.mjs";
import { mustAnswer, open } from "./own-tool.mjs";

/** A picture of a table with codes on it, as a JPEG: each at a place, with modules of that many pixels, and perhaps turned over or pale. */
async function table(browser, base, { width, height, codes }) {
  const painted = codes.map(({ text, ...how }) => ({ ...how, grid: encodeQR(text, "raw", { border: 4 }) }));
  return onPage(browser, { complains: true }, null, async (page) => {
    await page.goto(`${base}/verify`);
    const bytes = await page.evaluate(
      async ([w, h, all]) => {
        const canvas = Object.assign(document.createElement("canvas"), { width: w, height: h });
        const context = canvas.getContext("2d");
        const ground = context.createLinearGradient(0, 0, w, h);
        [["#cfc6b4", 0], ["#a89f8d", 0.5], ["#d8d0c0", 1]].forEach(([colour, at]) => ground.addColorStop(at, colour));
        context.fillStyle = ground;
        context.fillRect(0, 0, w, h);
        for (const { grid, x, y, px, over = false, ink = "#000" } of all) {
          const side = grid.length;
          context.fillStyle = "#fff";
          context.fillRect(x, y, side * px, side * px);
          context.fillStyle = ink;
          grid.forEach((row, j) => row.forEach((dark, i) => dark && context.fillRect(x + (over ? side - 1 - i : i) * px, y + j * px, px, px)));
        }
        const blob = await new Promise((made) => canvas.toBlob(made, "image/jpeg", 0.92));
        return [...new Uint8Array(await blob.arrayBuffer())];
      },
      [width, height, painted],
    );
    return { name: "table.jpg", mimeType: "image/jpeg", buffer: Buffer.from(bytes) };
  });
}

export function photoTests({ base, browser }, have) {
  const good = `https://xb.example.cn/m/${have.code}`;
  const signed = { word: "签名真实", shape: "signed", says: ["五星级", "标志的照片"] };
  const several = { word: "无法判断", shape: "cannot-tell", says: ["不止一个标志"], hides: ["五星级"] };
  const other = "https://xb-example.cn/m/0000000000000011";
  const small = { width: 1400, height: 1000 };
  const large = { width: 4000, height: 3000 };
  const first = { text: good, x: 120, y: 120, px: 7 };
  const pictures = [
    ["the mark alone on a table", { ...small, codes: [first] }, signed],
    ["a mark seen from behind", { ...small, codes: [{ ...first, over: true }] }, signed],
    ["a mirrored second code", { ...small, codes: [first, { text: other, x: 900, y: 300, px: 8, over: true }] }, several],
    ["a pale mirrored second code", { ...small, codes: [first, { text: other, x: 900, y: 300, px: 8, over: true, ink: "#b0b0b0" }] }, several],
    ["a second code of 3 px a module in 12 megapixels", { ...large, codes: [{ ...first, px: 24 }, { text: other, x: 3700, y: 2800, px: 3 }] }, several],
    ["a mirrored one of 3 px a module in 12 megapixels", { ...large, codes: [{ ...first, px: 24 }, { text: other, x: 3500, y: 40, px: 3, over: true }] }, several],
    ["the mark alone in 12 megapixels", { ...large, codes: [{ ...first, x: 1100, y: 900, px: 9 }] }, signed],
    ["a second code with a mark of no width before it", { ...small, codes: [first, { text: `\ufeff${other}`, x: 900, y: 300, px: 8 }] }, several],
    ["the code itself with a mark of no width before it", { ...small, codes: [{ ...first, text: `\ufeff${good}` }] }, { word: "不是真标志", shape: "not-genuine", says: ["不是标志的网址"], hides: ["五星级"] }],
    ["a link to a shop beside it", { ...small, codes: [first, { text: "https://shop.example.com/item?id=7", x: 900, y: 300, px: 8 }] }, signed],
  ];
  const tests = pictures.map(([name, picture, expected]) => [
    `verify a photo: ${name}`,
    async () => {
      const file = await table(browser, base, picture);
      await onPage(browser, {}, null, async (page) => {
        await open(page, base);
        await page.setInputFiles("#file", file);
        await mustAnswer(page, expected);
      });
    },
  ]);
  tests.push([
    "verify a photo: one that takes too long to be searched is never called signed",
    async () => {
      const file = await table(browser, base, { ...large, codes: [{ ...first, px: 24 }] });
      // Time that flies: ten seconds at every look at the clock.
      const hasty = () => {
        let now = 0;
        performance.now = () => (now += 10_000);
      };
      await onPage(browser, {}, (page) => page.addInitScript(hasty), async (page) => {
        await open(page, base);
        await page.setInputFiles("#file", file);
        await mustAnswer(page, { word: "无法判断", shape: "cannot-tell", says: ["没能在限时内找遍"], hides: ["五星级"] });
      });
    },
  ]);
  tests.push([
    "verify a photo: tiles reach from end to end and into one another",
    async () => {
      for (const side of [1, 900, 2400, 2401, 4000, 8160, 12_000]) {
        const tiles = starts(side);
        assert.equal(tiles[0], 0);
        if (side > 2400) assert.equal(tiles.at(-1), side - 2400);
        assert.ok(tiles.every((at, i) => i === 0 || at - tiles[i - 1] <= 1800), `${side}: ${tiles}`);
      }
      const turned = mirrored({ width: 2, height: 2, data: Uint8ClampedArray.from([1, 1, 1, 255, 2, 2, 2, 255, 3, 3, 3, 255, 4, 4, 4, 255]) });
      assert.deepEqual([0, 4, 8, 12].map((at) => turned.data[at]), [2, 1, 4, 3]);
    },
  ]);
  return tests;
}
