// Starts Debian's Chromium so that it asks nobody but the server under test.

import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export const start = () =>
  chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", headless: true, args: FLAGS });

/** The cases of the demo, as it tells them on its standard output, up to the line that says it is ready. */
export async function linesOf(input) {
  const out = [];
  for await (const line of createInterface({ input })) {
    if (!line.trim()) continue;
    const read = JSON.parse(line);
    if (read.page) out.push(read);
    if (read.ready) break;
  }
  return out;
}
