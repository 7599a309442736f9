// The line under the band of a certificate's page: what this browser itself found, in its own words.

import { FACE_OF_STANDING, VALID, WAS_VALID } from "./faces.js";
import { knownUntil, standingAt } from "./life.js";
import { chinaDay, clock } from "./time.js";
import { dated, element, main } from "./view.js";
import { LEVELS } from "./words.js";

const SAID = {
  open: {
    zh: "您的浏览器没能全部核实，以上结论有一部分只凭本网站。",
    en: "Your browser could not settle all of it: part of the answer above is this site’s word.",
  },
  unable: {
    zh: "没有在您的浏览器里核验，以上结论只凭本网站。",
    en: "Not verified in your browser: the answer above is this site’s word.",
  },
  failed: {
    zh: "浏览器核验不通过：与本页不符。请不要相信本页。",
    en: "Your browser finds otherwise than this page says. Do not trust this page.",
  },
};
const MORE = { zh: "详情", en: "Details" };

/** Holder, level and standing as the verified record and log tell them; nothing where they leave open how it stands. */
export function answerOf(found, { at, instant, now }) {
  const { holder, level, issued_on, valid_until } = found.genuine;
  const isValid = found.verdict === "valid";
  if (!isValid && !found.standing) return undefined;
  const since = found.life && standingAt(found.life, instant, knownUntil(found.life, now))?.since;
  return {
    at,
    holder: holder.name,
    level: LEVELS.get(level),
    isHeld: isValid,
    stands: isValid ? inForce(at, valid_until) : standsSince(found.standing, { since, issued_on, valid_until }),
  };
}

const inForce = (at, until) =>
  at === undefined ? { zh: `${VALID.zh}，到 ${until}`, en: `${VALID.en} until ${until}` } : WAS_VALID;

function standsSince(standing, { since, issued_on, valid_until }) {
  const { zh, en } = FACE_OF_STANDING.get(standing);
  if (standing === "expired") return { zh: `${zh}，到 ${valid_until} 为止`, en: `${en} on ${valid_until}` };
  if (standing === "not_yet_effective") return { zh: `${zh}，${issued_on} 起`, en: `${en}, from ${issued_on}` };
  return since === undefined ? { zh, en } : { zh: `${zh}，${chinaDay(since)} 起`, en: `${en} since ${chinaDay(since)}` };
}

function told(intro, { holder, level, isHeld, stands }) {
  const shown = isHeld ? main(level) : element("del", {}, main(level));
  const tail = element("span", { class: "tail" }, shown, " · ", ...dated(main(stands)));
  return [...dated(main(intro)), element("b", {}, holder), " · ", tail];
}

function found({ at, ...answered }) {
  const when = at === undefined ? undefined : clock(at);
  const intro = when
    ? { zh: `浏览器核验 ${when}：`, en: `Verified in your browser, as of ${when}: ` }
    : { zh: "浏览器核验：", en: "Verified in your browser: " };
  return told(intro, answered);
}

/** What the line says in one of its states: `ok`, `open`, `unable` or `failed`. */
export function line({ state, answered }) {
  const says = state === "ok" ? found(answered) : [main(SAID[state])];
  if (state === "failed" && answered) {
    says.push(element("br"), ...told({ zh: "签名的记录是：", en: "The signed record says: " }, answered));
  }
  return [
    element("span", { class: "mark", "aria-hidden": "true" }),
    element("span", { class: "says" }, element("span", {}, ...says)),
    element("span", { class: "more" }, main(MORE)),
  ];
}
