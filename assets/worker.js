// Stands between this site's pages and the network on a device whose owner asked for it: without a network every page is answered with
// the one on which the device itself verifies. VERSION and FILES are put before this by src/http/pages/offline.rs.
"use strict";

const SHELL = `starmark-shell-${VERSION}`;
const FACTS = "starmark-facts";
const KEYS = "/.well-known/did.json";
const MARKS = "/status/marks";
const SYNCED = "/offline/synced";
/** Status lists of certificates that are kept, at most; each has room for 131,072 of them. */
const LISTS_MAX = 16;
/** Milliseconds after which a page that is asked for brings the keys and lists up to date. */
const STALE = 3_600_000;
/** Milliseconds in which a mark's page has to come: whoever stands in a shop waits no longer. */
const PATIENCE = 6_000;
/** Milliseconds in which a fact has to come, and for which none is waited for once a page did not. */
const SHORT = 3_000;
const DOWN = 30_000;

let downSince = 0;

const fresh = (path) => fetch(path, { cache: "no-store", credentials: "omit", redirect: "error" });

async function must(path) {
  const answer = await fresh(path);
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return [path, answer];
}

/** Both lists of each number there is. */
async function statusLists() {
  const lists = [];
  for (let number = 1; number <= LISTS_MAX; number += 1) {
    const both = ["revocation", "suspension"].map((purpose) => `/status/${purpose}/${number}`);
    const answers = await Promise.all(both.map(fresh));
    if (answers.some((answer) => answer.status === 404)) break;
    if (!answers.every((answer) => answer.ok)) throw new Error(`${both}: not given out`);
    lists.push(...both.map((path, i) => [path, answers[i]]));
  }
  return lists;
}

/** Brings keys and lists up to date: all of them, or none. */
async function sync() {
  const had = await Promise.all([must(KEYS), must(MARKS)]);
  had.push(...(await statusLists()));
  const bodies = await Promise.all(had.map(async ([path, answer]) => [path, await answer.arrayBuffer()]));
  const facts = await caches.open(FACTS);
  for (const [path, body] of bodies) await facts.put(path, new Response(body));
  await facts.put(SYNCED, new Response(String(Date.now())));
}

async function syncWhereStale() {
  const synced = await caches.match(SYNCED, { cacheName: FACTS });
  const age = Date.now() - Number(synced ? await synced.text() : 0);
  if (age >= 0 && age < STALE) return;
  await sync().catch(() => {});
}

async function install() {
  const shell = await caches.open(SHELL);
  await shell.addAll(FILES.map((path) => new Request(path, { cache: "no-cache", credentials: "omit" })));
  await sync();
  await self.skipWaiting();
}

async function activate() {
  const old = (await caches.keys()).filter((name) => name.startsWith("starmark-shell-") && name !== SHELL);
  await Promise.all(old.map((name) => caches.delete(name)));
  await self.clients.claim();
}

/** What comes within that time. What comes later is not waited for. */
function within(milliseconds, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("too slow")), milliseconds);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** The page on which this device verifies, in the language that was asked for. */
async function shell({ searchParams }) {
  const said = navigator.languages.map((tag) => tag.slice(0, 2).toLowerCase());
  const lang = searchParams.get("lang") ?? said.find((tag) => tag === "zh" || tag === "en");
  const path = lang === "en" ? "/verify?lang=en" : "/verify?lang=zh";
  return (await caches.match(path, { cacheName: SHELL, ignoreVary: true })) ?? Response.error();
}

async function page(event, url) {
  try {
    const asked = fetch(event.request);
    const answer = await (url.pathname.startsWith("/m/") ? within(PATIENCE, asked) : asked);
    downSince = 0;
    event.waitUntil(syncWhereStale());
    return answer;
  } catch {
    downSince = Date.now();
    return shell(url);
  }
}

/** The network's word, or what is kept where it has none. */
async function fact(request, path) {
  const kept = await caches.match(path, { cacheName: FACTS });
  if (!kept) return fetch(request);
  if (Date.now() - downSince < DOWN) return kept;
  return within(SHORT, fetch(request)).catch(() => kept);
}

const asset = async (request) => (await caches.match(request, { cacheName: SHELL, ignoreVary: true })) ?? fetch(request);

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(activate()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (request.mode === "navigate") event.respondWith(page(event, url));
  else if (url.pathname === KEYS) event.respondWith(fact(request, url.pathname));
  else if (url.pathname.startsWith("/assets/")) event.respondWith(asset(request));
});
self.addEventListener("message", (event) => {
  if (event.data !== "sync") return;
  const done = sync().then(
    () => true,
    () => false,
  );
  event.waitUntil(done.then((could) => event.ports[0]?.postMessage(could)));
});
