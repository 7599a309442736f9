// What pages show of an answer, made from elements and texts, never from markup.

import { clock, parseInstant } from "./time.js";

const zh = () => document.documentElement.lang.startsWith("zh");

/** Of two texts the one in the page's language; `other` gives the other one. */
export const main = (text) => (zh() ? text.zh : text.en);
export const other = (text) => (zh() ? text.en : text.zh);
export const otherLang = () => (zh() ? "en" : "zh-CN");

/** An element with attributes and children; a text becomes text, and nothing stays nothing. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes))
    if (value !== undefined) made.setAttribute(attribute, value);
  made.append(...children.filter((child) => child !== undefined && child !== null));
  return made;
}

/** A text in both languages: the page's first, the other beside it. */
export const beside = (text) => [main(text), " ", element("span", { class: "side", lang: otherLang() }, other(text))];

/** A text with every day in it kept on one line, every time to the second as well, and every instant as people read it. */
export function dated(text) {
  const read = text.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, (written) => {
    const instant = parseInstant(written);
    return instant === undefined ? written : clock(instant);
  });
  const parts = read.split(/(\d{4}-\d\d-\d\d(?: \d\d:\d\d(?!:))?|\d\d:\d\d:\d\d)/);
  return parts.map((part, i) => (i % 2 === 1 ? element("span", { class: "date" }, part) : part));
}

const NAMES = {
  signature: { zh: "签名", en: "Signature" },
  key: { zh: "密钥", en: "Key" },
  validity: { zh: "有效期", en: "Validity" },
  status: { zh: "状态", en: "Status" },
  mark: { zh: "标志", en: "Mark" },
  log: { zh: "公开日志", en: "Public log" },
  trust: { zh: "密钥来源", en: "Trust" },
  receipt: { zh: "回执内容", en: "Receipt" },
  page: { zh: "本页", en: "This page" },
};
const RESULTS = {
  ok: { sign: "✓", said: { zh: "通过", en: "holds" } },
  failed: { sign: "✕", said: { zh: "不通过", en: "does not hold" } },
  undetermined: { sign: "–", said: { zh: "未能确定", en: "not settled" } },
};

/** The checks of an answer, each with its result in words for screen readers. */
export function checkList(checks) {
  const row = ({ check, result, message, message_zh }) => {
    const found = { zh: message_zh, en: message };
    const { sign, said } = RESULTS[result];
    return element(
      "li",
      { class: result },
      element("span", { class: "sign", "aria-hidden": "true" }, sign),
      element(
        "div",
        {},
        element("b", {}, ...beside(NAMES[check])),
        element("span", { class: "unseen" }, `: ${main(said)}. `),
        element("p", {}, ...dated(main(found))),
        element("p", { class: "soft", lang: otherLang() }, ...dated(other(found))),
      ),
    );
  };
  return element("ul", { class: "checks" }, ...checks.map(row));
}

/** Name and value side by side; what has no value is left out. */
export function facts(pairs) {
  const told = pairs.filter(([, value]) => value !== undefined && value !== null);
  const row = ([name, value]) =>
    element("div", {}, element("dt", {}, main(name)), element("dd", {}, ...[value].flat()));
  return element("dl", { class: "facts" }, ...told.map(row));
}

/** A fingerprint in groups that can be read aloud. */
export const grouped = (digits) => digits.match(/.{1,4}/g).join(" ");
