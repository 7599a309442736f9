// Lets the reader's browser verify the certificate page it shows: the bundle is fetched and verified here, and held against what
// the page says. It never makes the page's answer a better one.

import { readBundle, verifyRead } from "./bundle.js";
import { mustVerify } from "./keys.js";
import { answerOf, line } from "./line.js";
import { Refusal, Unable } from "./refusal.js";
import { compare, praises } from "./shown.js";
import { byWhom, fetched, keysOfSite } from "./site.js";
import { clock, fromMilliseconds, parseInstant } from "./time.js";
import { draft, failed } from "./verdict.js";
import { checkList, element, main } from "./view.js";

/** Nanoseconds that clocks of reader and body may differ by. */
const CLOCKS_DIFFER = 600_000_000_000n;
/** Checks of what the record is; the others are of how it stands. */
const OF_RECORD = ["trust", "signature", "key", "log"];

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

const own = document.getElementById("own");
/** What something in this browser has done to the page since it came. Whoever altered it on its way left no trace here. */
const changes = [];
const since = new MutationObserver((records) => changes.push(...records));
if (own) since.observe(document.querySelector("main"), { subtree: true, childList: true, characterData: true, attributes: true });

/** Whether a translator or an extension has been at work: then the words are its own, and nothing follows from them. */
const isReworded = () =>
  [...changes, ...since.takeRecords()].some(({ target }) => !own.contains(target)) ||
  /\btranslated-(ltr|rtl)\b/.test(document.documentElement.className) ||
  document.querySelector("main font") !== null;

/** The check that the page shows what the record says. */
function ofPage(found, said, moment) {
  const check = draft("page", "record", moment.now);
  const { differs, sure } = compare(found, said, moment);
  if (differs.length > 0 && isReworded()) {
    const zh = "本页打开后被翻译或浏览器扩展改动过，没有与签名的记录比对";
    const en = "a translator or an extension has changed this page since it was opened: it was not held against the signed record";
    return { page: check.unknown("page_reworded", zh, en), sure: false };
  }
  const words = (language, comma) => differs.map((what) => what[language]).join(comma);
  const page =
    differs.length === 0
      ? check.ok(
          "page_agrees",
          "签名的记录里的企业、级别、状态、各项内容、场所和经历，本页如实写着；其他文字没有核对",
          "holder, level, standing, facts, sites and history stand here as in the signed record; other words were not checked",
        )
      : check.failed(
          "page_differs",
          `与签名的记录不一致：${words("zh", "、")}`,
          `otherwise than in the signed record: ${words("en", ", ")}`,
        );
  return { page, sure };
}

/** What the checks come to beside what the page shows: `ok`, `open` or `failed`. */
function state(found, checks, sure) {
  const ofRecord = checks.filter((check) => check.required && OF_RECORD.includes(check.check));
  // A list that this site itself gives out and that does not hold was altered on its way.
  const altered = checks.some((check) => check.code === "status_list_unreadable");
  const against = ofRecord.filter((check) => check.result === "failed");
  const leaked = against.length > 0 && against.every((check) => check.code === "key_compromised");
  // A record whose key had leaked proves nothing, and a page that does not praise it claims nothing by it.
  if (leaked && !altered && !failed(checks, "page") && !praises()) return "open";
  if (altered || against.length > 0 || failed(checks, "page")) return "failed";
  const settled = found.genuine && sure && (found.verdict === "valid" || found.standing);
  return settled ? "ok" : "open";
}

/** Where the bundle is of the certificate whose address this is, whatever the page says of itself. */
function bundleOf({ at, now }) {
  const id = location.pathname.split("/").at(-1);
  return `/api/v1/bundle/${id}${at && at !== now ? `?as_of=${at}` : ""}`;
}

async function verify(said) {
  await mustVerify();
  const [keys, bundleBytes] = await Promise.all([keysOfSite(), fetched(bundleOf(said))]);
  const bundle = await readBundle(bundleBytes);
  const now = nowBeside(parseInstant(said.now), bundle.madeAt);
  const instant = said.at && said.at !== said.now ? parseInstant(said.at) : now;
  const found = await verifyRead(bundle, { keys, now, asOf: instant });
  if (!found.genuine) return { state: state(found, found.checks, false), checks: found.checks, keys, now };
  const { page, sure } = ofPage(found, said, { instant, now });
  const checks = [...found.checks, page];
  const answered = answerOf(found, { at: said.at && parseInstant(said.at), instant, now });
  return { state: state(found, checks, sure), checks, keys, now, answered };
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
  const more = [
    keys && (await byWhom(keys, now, { zh: "（北京时间）", en: ", China time" })),
    element("p", { class: "soft" }, main(LIMITS)),
    element("p", {}, download),
  ];
  return [checkList(checks), ...more.filter(Boolean)];
}

/** Draws the answer into the line, in place of all that the page had there; the line keeps its height, so that nothing moves. */
async function run(own) {
  const { now, at } = own.dataset;
  own.classList.add("on");
  const found = await answer({ now, at });
  const summary = element("summary", {}, ...line(found));
  const before = own.querySelector("summary")?.getBoundingClientRect().height ?? 0;
  own.replaceChildren(summary, element("div", { class: "found" }, ...(await details({ ...found, bundle: bundleOf({ now, at }) }))));
  own.dataset.state = found.state;
  summary.style.minHeight = `${before}px`;
  addEventListener("resize", () => summary.style.removeProperty("min-height"), { once: true });
  if (found.state === "failed") {
    // Nothing is left that could pass for "in force".
    document.body.classList.add("doubted");
    for (const band of document.querySelectorAll(".band")) band.classList.add("hatched");
  }
  document.getElementById("own-said")?.replaceChildren(summary.querySelector(".says").textContent);
}

if (own) run(own);
