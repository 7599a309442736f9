// Starts Debian's Chromium so that it asks nobody but the server under test.

import { createServer, request } from "node:http";
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

/** What the demo tells on its standard output, up to the line that says it is ready: its cases, and a token for its staff. */
export async function readDemo(input) {
  const lines = [];
  for await (const line of createInterface({ input })) {
    if (!line.trim()) continue;
    const read = JSON.parse(line);
    if (read.page) lines.push(read);
    if (read.ready) return { lines, token: read.token };
  }
  return { lines };
}

/** Counts what held and tells what did not: `say` takes one fault or several, empty ones aside; `end` tells the sums and gives the exit code. */
export function tally() {
  let [passed, failed] = [0, 0];
  const say = (name, why) => {
    const faults = [why].flat().filter(Boolean);
    if (faults.length) console.log(`FAIL ${name}: ${faults.join("; ")}`);
    if (faults.length) failed += 1;
    else passed += 1;
  };
  const end = (what) => {
    console.log(`${what}: ${passed} passed, ${failed} failed`);
    return failed ? 1 : 0;
  };
  return { say, end };
}

/** Its cases alone. */
export const linesOf = async (input) => (await readDemo(input)).lines;

/** Has a server listen at a free port of this machine, which is told. */
export const listen = (server) => new Promise((there) => server.listen(0, "127.0.0.1", () => there(server.address().port)));

/**
 * The server under test at another port, where the network can be `up`, `down` (connections break), `slow` (nothing ever comes), or
 * answer in our place: `instead` gives status and text for a path, or nothing.
 */
export async function gateway(base) {
  const gate = { network: "up", asked: [], instead: () => undefined };
  const server = createServer((from, to) => {
    gate.asked.push(from.url);
    if (gate.network === "down") from.socket.destroy();
    if (gate.network !== "up") return;
    const instead = gate.instead(new URL(from.url, base).pathname);
    if (instead) {
      to.writeHead(instead[0], { "content-type": "text/html" });
      to.end(instead[1]);
      return;
    }
    const onward = request(new URL(from.url, base), { method: from.method, headers: from.headers }, (answer) => {
      to.writeHead(answer.statusCode, answer.headers);
      answer.pipe(to);
    });
    onward.on("error", () => to.destroy());
    from.pipe(onward);
  });
  gate.ours = `http://127.0.0.1:${await listen(server)}`;
  gate.cut = (network) => {
    gate.network = network;
    server.closeAllConnections();
  };
  gate.stop = () => {
    server.closeAllConnections();
    return new Promise((gone) => server.close(gone));
  };
  return gate;
}
