#!/usr/bin/env node
// What a reader's browser verifies by itself: certificate pages that verify themselves, and the page to verify a file on.
// Usage: starmark demo --json | node own.mjs BASE_URL OUTDIR [FILTER]      (reads its standard input up to the line with "ready")
// Exit code: 0 all held, 1 something did not, 64 wrong usage.

import { mkdir } from "node:fs/promises";
import { readDemo, start } from "./browser.mjs";
import { forgedTests, lineTests } from "./own-forged.mjs";
import { certificateTests } from "./own-pages.mjs";
import { photoTests } from "./own-photos.mjs";
import { receiptTests } from "./own-receipts.mjs";
import { files, toolTests } from "./own-tool.mjs";

const AT_ONCE = 2;

async function main([base, folder, filter = ""]) {
  if (!base || !folder) {
    console.error("usage: node own.mjs BASE_URL OUTDIR [FILTER] < lines");
    return 64;
  }
  await mkdir(folder, { recursive: true });
  const demo = await readDemo(process.stdin);
  const browser = await start();
  const context = { base, folder, browser, ...demo };
  const have = await files(context);
  const onCertificates = [...certificateTests(context), ...forgedTests(context), ...lineTests(context)];
  const onTool = [...(await toolTests(context, have)), ...photoTests(context, have), ...(await receiptTests(context))];
  const queue = [...onCertificates, ...onTool].filter(([name]) => name.includes(filter));
  let [passed, failed] = [0, 0];
  const worker = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const [name, run] = next;
      try {
        await run();
        passed += 1;
        console.log(`PASS ${name}`);
      } catch (error) {
        failed += 1;
        console.log(`FAIL ${name}: ${String(error.message ?? error).split("\n").slice(0, 12).join("\n  ")}`);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  await browser.close();
  console.log(`own verification: ${passed} passed, ${failed} failed`);
  return failed ? 1 : 0;
}

process.exit(await main(process.argv.slice(2)));
