// Stands between this site's pages and the network on a device whose owner asked for it: without a network every page is answered with
// the one on which the device itself verifies. VERSION, FILES and the function `worthy` (assets/verify/worthy.js) are put before this by
// src/http/pages/offline.rs.

const { FACTS, KEYS, MARKS, PHOTO, SHELLS, keysIn, momentOf, mustBeList } = worthy();
const SHELL = SHELLS + VERSION;
const SCAN = "/scan";
const SYNCED = "/offline/synced";
/** Status lists of certificates that are kept, at most; each has room for 131,072 of them. */
const LISTS_MAX = 16;
/** Milliseconds after which a page that is asked for brings the keys and lists up to date. */
const STALE = 3_600_000;
/** Milliseconds in which a mark's page has to come: whoever stands in a shop waits no longer. */
const PATIENCE = 6_000;
/** Milliseconds in which any other page, or a file that is kept, has to begin. */
const LONGEST = 20_000;
/** Milliseconds in which a fact has to come, and for which none is waited for once a page did not. */
const SHORT = 3_000;
const DOWN = 30_000;

/** What gateways say that cannot reach this site. */
const GATEWAYS = [502, 503, 504];

let downSince = 0;

const bytes = (text) => new TextEncoder().encode(text);

/** A file of the network's and its text; nothing where there is none of that name. */
async function fresh(path) {
  const answer = await fetch(path, { cache: "no-store", credentials: "omit", redirect: "error", signal: AbortSignal.timeout(LONGEST) });
  if (answer.status === 404) return undefined;
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return [path, await answer.text()];
}

/** Both lists of each number there is, signed with those keys. */
async function statusLists(keys) {
  const lists = [];
  for (let number = 1; number <= LISTS_MAX; number += 1) {
    const both = await Promise.all(["revocation", "suspension"].map((purpose) => fresh(`/status/${purpose}/${number}`)));
    if (both.includes(undefined)) break;
    for (const [path, text] of both) await mustBeList(bytes(text), path, keys);
    lists.push(...both);
  }
  return lists;
}

async function keptText(path) {
  const kept = await caches.match(path, { cacheName: FACTS });
  return kept?.text();
}

/** Brings keys and lists up to date: all of the lists or none, none that the body did not sign, and none that is older than what is kept. */
async function syncOnce() {
  const put = async ([path, text]) => (await caches.open(FACTS)).put(path, new Response(text));
  const must = async (path) => (await fresh(path)) ?? Promise.reject(new Error(`${path}: none`));
  const [path, text] = await must(KEYS);
  const keys = await keysIn(bytes(text));
  // The keys by themselves: that one was compromised is news that waits for nothing.
  await put([path, text]);
  const marks = await must(MARKS);
  const moment = await momentOf(bytes(marks[1]), keys);
  // What cannot be read any more stands in nobody's way.
  const before = await momentOf(bytes((await keptText(MARKS)) ?? ""), keys).catch(() => moment);
  if (moment < before) throw new Error("older than what is kept");
  for (const list of [marks, ...(await statusLists(keys))]) await put(list);
  await put([SYNCED, String(Date.now())]);
}

let syncing;

/** One at a time. */
function sync() {
  syncing ??= syncOnce().finally(() => {
    syncing = undefined;
  });
  return syncing;
}

async function syncWhereStale() {
  const age = Date.now() - Number((await keptText(SYNCED)) ?? 0);
  if (age >= 0 && age < STALE) return;
  await sync().catch(() => {});
}

/** Has all files, also where they were removed and this worker was not. */
async function keepFiles() {
  const shell = await caches.open(SHELL);
  if ((await shell.keys()).length >= FILES.length) return;
  await shell.addAll(FILES.map((path) => new Request(path, { cache: "no-cache", credentials: "omit" })));
}

async function install() {
  await keepFiles();
  await sync();
  await self.skipWaiting();
}

async function activate() {
  const old = (await caches.keys()).filter((name) => name.startsWith(SHELLS) && name !== SHELL);
  // Pages of the version before this one may still be open, and ask for more of it.
  await Promise.all(old.slice(0, -1).map((name) => caches.delete(name)));
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

/** The page on which this device verifies, or the one about what it keeps, in the language that was asked for. */
async function shell({ pathname, searchParams }) {
  const said = navigator.languages.map((tag) => tag.slice(0, 2).toLowerCase());
  const wanted = searchParams.get("lang") ?? said.find((tag) => tag === "zh" || tag === "en");
  const page = pathname === "/offline" ? pathname : "/verify";
  const path = `${page}?lang=${wanted === "en" ? "en" : "zh"}`;
  return (await caches.match(path, { cacheName: SHELL, ignoreVary: true })) ?? Response.error();
}

/** The answer with all of its body, which is not long. A gateway's word that nobody is behind it is no answer. */
async function whole(asked) {
  const answer = await asked;
  if (GATEWAYS.includes(answer.status)) throw new Error(`${answer.status}`);
  if (answer.type === "opaqueredirect") return answer;
  const headers = new Headers(answer.headers);
  for (const name of ["content-encoding", "content-length"]) headers.delete(name);
  return new Response(await answer.arrayBuffer(), { status: answer.status, statusText: answer.statusText, headers });
}

async function page(event, url) {
  try {
    const asked = fetch(event.request);
    const answer = await (url.pathname.startsWith("/m/") ? within(PATIENCE, whole(asked)) : within(LONGEST, asked));
    downSince = 0;
    event.waitUntil(syncWhereStale());
    return answer;
  } catch {
    downSince = Date.now();
    return shell(url);
  }
}

/** A photo that is handed in. Without a network the page that stands in is left it. */
async function photo(request, url) {
  const copy = request.clone();
  try {
    return await fetch(request);
  } catch {
    downSince = Date.now();
    const form = await copy.formData();
    const file = [...form.values()].find((value) => value instanceof File && value.size > 0);
    if (file) await (await caches.open(FACTS)).put(PHOTO, new Response(file));
    return shell(url);
  }
}

/** The network's word, or what is kept where it has none. */
async function fact(request, path) {
  const kept = await caches.match(path, { cacheName: FACTS });
  if (!kept) return fetch(request);
  if (Date.now() - downSince < DOWN) return kept;
  const asked = within(SHORT, whole(fetch(request)));
  return asked.then((answer) => (answer.ok ? answer : kept)).catch(() => kept);
}

/** Of whichever version the page that asks is. */
const asset = async (request) => (await caches.match(request, { ignoreVary: true })) ?? fetch(request);

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(activate()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== location.origin) return;
  const isPage = request.mode === "navigate";
  if (isPage && request.method === "POST" && url.pathname === SCAN) event.respondWith(photo(request, url));
  if (request.method !== "GET") return;
  if (isPage) event.respondWith(page(event, url));
  else if (url.pathname === KEYS) event.respondWith(fact(request, url.pathname));
  else if (url.pathname.startsWith("/assets/")) event.respondWith(asset(request));
});
self.addEventListener("message", (event) => {
  if (event.data !== "sync") return;
  const done = keepFiles().then(sync).then(
    () => true,
    () => false,
  );
  event.waitUntil(done.then((could) => event.ports[0]?.postMessage(could)));
});
