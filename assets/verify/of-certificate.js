// Lets the reader's browser verify the certificate page it shows: the bundle is fetched and verified here, and held against what
// the page says. It never makes the page's answer a better one.

import { readBundle, verifyRead } from "./bundle.js";
import { parseStrict } from "./jcs.js";
import { fingerprint, mustVerify, readKeys } from "./keys.js";
import { Refusal, Unable } from "./refusal.js";
import { clock, fromMilliseconds, parseInstant } from "./time.js";
import { draft, failed } from "./verdict.js";
import { checkList, element, facts, grouped, main } from "./view.js";
import { LEVELS } from "./words.js";

const KEYS = "/.well-known/did.json";
/** Nanoseconds that clocks of reader and body may differ by. */
const CLOCKS_DIFFER = 600_000_000_000n;
/** Checks of what the record is; the others are of how it stands. */
const OF_RECORD = ["trust", "signature", "key", "log"];

async function fetched(path) {
  let answer;
  try {
    answer = await fetch(path, { cache: "no-store", credentials: "omit" });
  } catch {
    throw new Unable("The network is down: the files to verify were not had.", "网络不通，没有取到核验用的文件。");
  }
  if (!answer.ok) {
    const { status } = answer;
    throw new Unable(`The files to verify were not given out (${status}).`, `没有取到核验用的文件（${status}）。`);
  }
  return new Uint8Array(await answer.arrayBuffer());
}

/** Now, by the reader's clock; where the body's is a little ahead, by that one. */
function nowBeside(...bodys) {
  const own = fromMilliseconds(Date.now());
  for (const instant of bodys) {
    const apart = instant > own ? instant - own : own - instant;
    if (apart > CLOCKS_DIFFER) {
      const [yours, ours] = [clock(own), clock(instant)];
      throw new Unable(
        `Your device's time (${yours}) and this site's (${ours}) are too far apart: nothing was concluded.`,
        `您设备的时间（${yours}）与本网站的（${ours}）差得太多，没有判断。`,
      );
    }
  }
  return bodys.reduce((latest, instant) => (instant > latest ? instant : latest), own);
}

/** The check that the page shows what the record says: holder, code, level, number, scope, days. */
function ofPage({ id, terms }, now) {
  const check = draft("page", "record", now);
  const shown = (selector) => document.querySelector(selector)?.textContent.trim();
  const listed = new Set(Array.from(document.querySelectorAll(".facts dd"), (found) => found.textContent.trim()));
  const level = LEVELS.get(terms.level);
  const differs = [
    [shown(".holder") === terms.holder.name, { zh: "企业名称", en: "holder" }],
    [shown(".uscc") === terms.holder.uscc, { zh: "信用代码", en: "credit code" }],
    [[level.zh, level.en].includes(shown(".level strong, .level del")), { zh: "级别", en: "level" }],
    [listed.has(terms.number), { zh: "编号", en: "number" }],
    [listed.has(terms.scope), { zh: "范围", en: "scope" }],
    [listed.has(`${terms.issued_on} — ${terms.valid_until}`), { zh: "有效期", en: "validity" }],
    [document.getElementById("own").dataset.id === id, { zh: "证书", en: "certificate" }],
  ].filter(([holds]) => !holds);
  if (differs.length === 0) {
    return check.ok(
      "page_agrees",
      "企业、级别、编号、范围和日期与签名文件一致",
      "holder, level, number, scope and days are those of the signed record",
    );
  }
  const words = (language) => differs.map(([, what]) => what[language]).join(language === "zh" ? "、" : ", ");
  return check.failed(
    "page_differs",
    `与签名文件不一致：${words("zh")}`,
    `otherwise than in the signed record: ${words("en")}`,
  );
}

/** What the checks come to beside the page's own answer: `ok`, `open` or `failed`. */
function state(found, checks, said) {
  const ofRecord = checks.filter((check) => check.required && OF_RECORD.includes(check.check));
  // A list that this site itself gives out and that does not hold was altered on its way.
  const altered = checks.some((check) => check.code === "status_list_unreadable");
  if (altered || ofRecord.some((check) => check.result === "failed") || failed(checks, "page")) return "failed";
  if (!found.genuine || found.verdict === "undetermined" || said.verdict === "undetermined") return "open";
  return found.verdict === said.verdict && (found.standing ?? "") === said.standing ? "ok" : "failed";
}

async function verify(said) {
  await mustVerify();
  const [keysBytes, bundleBytes] = await Promise.all([fetched(KEYS), fetched(said.bundle)]);
  const keys = await readKeys(parseStrict(keysBytes));
  const bundle = await readBundle(bundleBytes);
  const now = nowBeside(parseInstant(said.now), bundle.madeAt);
  const found = await verifyRead(bundle, { keys, now, asOf: said.at ? parseInstant(said.at) : now });
  const { id, ...terms } = found.genuine ?? {};
  const checks = found.genuine ? [...found.checks, ofPage({ id, terms }, now)] : found.checks;
  return { state: state(found, checks, said), checks, keys, now };
}

/** Runs it; whatever goes wrong is told as what it is. */
async function answer(said) {
  try {
    return await verify(said);
  } catch (error) {
    if (error instanceof Refusal) {
      const check = draft("signature", "record", fromMilliseconds(Date.now()));
      return { state: "failed", checks: [check.failed(error.code, "核验用的文件读不懂，或者被改动过", error.message)] };
    }
    const why = error instanceof Unable ? { zh: error.zh, en: error.message } : FAULT;
    return { state: "unable", why: main(why) };
  }
}

const FAULT = { zh: "核验程序出了错。", en: "The verifier has a fault." };
const WHY_UNABLE = {
  zh: "这不说明证书有问题。要自己核验，可以下载证书包，用命令行 starmark verify 核验。",
  en: "This says nothing against the certificate. To verify it yourself, download the bundle and use starmark verify on the command line.",
};
const LIMITS = {
  zh: "核验程序和密钥都来自本网站。要完全不依赖它，请下载证书包，用命令行 starmark verify 和您另外得到的密钥核验。监督审查只有登记簿知道，这里没有核验。",
  en: "The verifier and the keys come from this site. To depend on it for nothing, download the bundle and use starmark verify with keys you had from elsewhere. Surveillance is known to the register alone and was not verified here.",
};

async function details({ checks, why, keys, now, bundle }) {
  const download = element("a", { href: bundle, download: "" }, main({ zh: "下载证书包", en: "Download the bundle" }));
  if (why)
    return [element("p", {}, why), element("p", { class: "soft" }, main(WHY_UNABLE)), element("p", {}, download)];
  const whose = keys && [
    [{ zh: "谁的密钥", en: "Whose keys" }, element("b", { class: "mono" }, keys.host)],
    [{ zh: "密钥指纹", en: "Fingerprint" }, element("span", { class: "mono" }, grouped(await fingerprint(keys)))],
    [
      { zh: "核验时间", en: "Verified at" },
      [element("span", { class: "date" }, clock(now)), main({ zh: "（北京时间）", en: ", China time" })],
    ],
  ];
  const more = [
    whose ? facts(whose) : undefined,
    element("p", { class: "soft" }, main(LIMITS)),
    element("p", {}, download),
  ];
  return [checkList(checks), ...more.filter(Boolean)];
}

async function run(own) {
  const { bundle, now, at, verdict, standing } = own.dataset;
  own.classList.add("on");
  const found = await answer({ bundle, now, at, verdict, standing });
  own.querySelector(".found").replaceChildren(...(await details({ ...found, bundle })));
  own.dataset.state = found.state;
  if (found.state === "failed") {
    // Nothing is left that could pass for "in force".
    document.body.classList.add("doubted");
    document.querySelector(".band").classList.add("hatched");
  }
  document.getElementById("own-said").textContent = own.querySelector(`.says .${found.state}`).textContent;
}

const own = document.getElementById("own");
if (own) run(own);
