// What the flows share: Debian's Chromium, started so that it asks nobody but the server under test; the demo's lines; a network that
// can be cut; pictures of codes.

import { createServer, request } from "node:http";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";
import encodeQR from "../../assets/verify/vendor/qr/index.js";

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

/** A picture of a code on a table, as PNG or JPEG. */
export async function picture(page, text, type = "image/png") {
  const grid = encodeQR(text, "raw", { border: 4 });
  const bytes = await page.evaluate(
    async ([modules, mime]) => {
      const canvas = Object.assign(document.createElement("canvas"), { width: 1600, height: 1200 });
      const context = canvas.getContext("2d");
      context.fillStyle = "#b8ae9a";
      context.fillRect(0, 0, 1600, 1200);
      context.fillStyle = "#fff";
      context.fillRect(300, 200, modules.length * 10, modules.length * 10);
      context.fillStyle = "#111";
      modules.forEach((row, y) => row.forEach((dark, x) => dark && context.fillRect(300 + x * 10, 200 + y * 10, 10, 10)));
      const blob = await new Promise((made) => canvas.toBlob(made, mime, 0.8));
      return [...new Uint8Array(await blob.arrayBuffer())];
    },
    [grid, type],
  );
  return { name: "photo", mimeType: type, buffer: Buffer.from(bytes) };
}
