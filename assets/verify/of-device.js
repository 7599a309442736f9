// The page on which a reader has this device keep what verifying takes, brings it up to date, or removes it.

import { ask, canKeep, forget, isKept, keep, keptMarks, worker } from "./device.js";
import { keysOfSite } from "./site.js";
import { clock, fromMilliseconds } from "./time.js";
import { main } from "./view.js";

const [state, keepIt, update, remove] = "state keep update forget".split(" ").map((id) => document.getElementById(id));

const say = (text) => {
  state.textContent = main(text);
};

const CANNOT = {
  zh: "这个浏览器存不了：可能是无痕窗口，或者太旧。",
  en: "This browser keeps nothing: a private window, perhaps, or too old a browser.",
};
const FAILED = { zh: "没有存成：网络不通，或者地方不够。", en: "It was not kept: no network, or no room." };
const STALE = {
  zh: "没有更新成：网络不通，或者网站没有给出。原来存的还在。",
  en: "It was not updated: no network, or the site did not give it out. What was kept is still there.",
};

/** When the list is of that is kept; nothing where it cannot be told. */
async function keptSince() {
  const now = fromMilliseconds(Date.now());
  try {
    const marks = await keptMarks(await keysOfSite(), now);
    return marks && clock(marks.asOf);
  } catch {
    return undefined;
  }
}

async function show(before) {
  const active = (await isKept()) && (await worker())?.active;
  keepIt.hidden = !canKeep || Boolean(active);
  update.hidden = remove.hidden = !active;
  const since = active && (await keptSince());
  if (before) say(before);
  else if (!canKeep) say(CANNOT);
  else if (!active) say({ zh: "这台设备上还没有存。", en: "Nothing is kept on this device." });
  else if (!since) say({ zh: "存了，但清单读不懂：请更新。", en: "It is kept, but the list cannot be read: update it." });
  else say({ zh: `已存好。密钥和清单是 ${since}（北京时间）的。`, en: `Kept. Keys and lists are of ${since}, China time.` });
}

/** Waits until the worker that is being installed has all it keeps. */
function settled({ installing, waiting }) {
  const coming = installing ?? waiting;
  if (!coming) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const look = () => {
      if (coming.state === "activated") resolve();
      if (coming.state === "redundant") reject(new Error("not kept"));
    };
    coming.addEventListener("statechange", look);
    look();
  });
}

async function install() {
  keepIt.disabled = true;
  say({ zh: "正在存……", en: "Keeping it…" });
  let failed;
  try {
    await settled(await keep());
    // A worker whose files were removed may be at work still.
    if (!(await isKept()) && !(await ask((await worker()).active, "sync"))) failed = FAILED;
  } catch {
    failed = FAILED;
  }
  keepIt.disabled = false;
  await show(failed);
  if (!failed) update.focus();
}

async function bringUpToDate() {
  update.disabled = true;
  say({ zh: "正在更新……", en: "Updating…" });
  const active = (await worker())?.active;
  const could = active && (await ask(active, "sync"));
  update.disabled = false;
  await show(could ? undefined : STALE);
}

async function clear() {
  await forget();
  await show({ zh: "已经从这台设备删除。", en: "It was removed from this device." });
  keepIt.focus();
}

keepIt.addEventListener("click", install);
update.addEventListener("click", bringUpToDate);
remove.addEventListener("click", clear);
show();
