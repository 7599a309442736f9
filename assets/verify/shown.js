// What a certificate's page shows, held against its signed record: what a reader sees, not what the page says of itself.

import { FACE_OF_STANDING, OF_CERTIFICATE, VALID, WAS_VALID } from "./faces.js";
import { knownUntil, standingAt } from "./life.js";
import { asOf, chinaDay, clock, parseInstant } from "./time.js";
import { main, other } from "./view.js";
import { LEVELS } from "./words.js";

const STARS = { qualified: 0, three_star: 3, four_star: 4, five_star: 5 };
const PLACES = 5;
/** Pixels below which a box is not seen. */
const LEAST_SIDE = 8;
const LEAST_OPACITY = 0.9;

/** Label and value of every fact. Each stands there once. */
const FACTS = [
  [{ zh: "编号", en: "Number" }, ({ number }) => number],
  [{ zh: "范围", en: "Scope" }, ({ scope }) => scope],
  [{ zh: "标准", en: "Standard" }, ({ standard }) => standard],
  [{ zh: "有效期", en: "Validity" }, ({ issued_on, valid_until }) => `${issued_on} — ${valid_until}`],
  [{ zh: "首次发证", en: "First issued" }, ({ first_issued_on }) => first_issued_on],
  [{ zh: "地址", en: "Address" }, ({ holder }) => holder.address],
  [{ zh: "认证机构", en: "Certification body" }, ({ body }) => body.name],
  [{ zh: "批准号", en: "Approval number" }, ({ body }) => body.approval_number],
];
const SURVEILLANCE = { zh: "下次监督", en: "Next surveillance" };

/** What may stand in each part of the page, in this order; `?` after what may be absent. */
const PARTS = [
  [".top", ["brand", "host", "menu", "lang"]],
  ["main", ["verdict", "own", "own-said", "sheet"]],
  [".band", ["inner"]],
  [".band .inner", ["word", "asof?", "sentence", "sentence warn?", "sentence?"]],
  [".band .word", ["shape", "verdict"]],
  [".sheet", ["columns"]],
  [".columns", ["first", "second"]],
  [".first", ["subject", "advice?", "facts"]],
  [".second", ["history?", "day", "checks"]],
];

/** What a step of the life is called in the history. */
const STEPS = {
  issued: [
    { zh: "发证", en: "Issued" },
    { zh: "换发新证", en: "Issued in another's place" },
  ],
  surveyed: [
    { zh: "监督审查通过", en: "Surveillance passed" },
    { zh: "监督审查未通过", en: "Surveillance failed" },
  ],
  suspended: [{ zh: "暂停", en: "Suspended" }],
  reinstated: [
    { zh: "恢复", en: "Reinstated" },
    { zh: "取消暂停", en: "Suspension called off" },
  ],
  withdrawn: [{ zh: "撤销", en: "Withdrawn" }],
  cancelled: [{ zh: "注销", en: "Cancelled" }],
  superseded: [{ zh: "换证", en: "Superseded" }],
  corrected: [{ zh: "更正", en: "Corrected" }],
};

const all = (selector) => [...document.querySelectorAll(selector)];
const only = (selector) => {
  const found = all(selector);
  return found.length === 1 ? found[0] : undefined;
};
const textOf = (element) => element?.textContent.replace(/\s+/g, " ").trim();

/** Whether an element is there to be seen: neither it nor what it stands in is hidden, clipped, pale or tiny. */
function isSeen(element) {
  if (!element) return false;
  const { width, height, right } = element.getBoundingClientRect();
  if (width < LEAST_SIDE || height < LEAST_SIDE || right <= 0) return false;
  for (let at = element; at && at !== document.documentElement; at = at.parentElement) {
    const { visibility, opacity, clipPath, overflowX, overflowY } = getComputedStyle(at);
    if (visibility !== "visible" || opacity < LEAST_OPACITY || clipPath !== "none") return false;
    const box = at.getBoundingClientRect();
    const cuts = overflowX !== "visible" || overflowY !== "visible";
    if (cuts && (box.width < LEAST_SIDE || box.height < LEAST_SIDE)) return false;
  }
  return true;
}

/** Whether an element is seen with exactly that text, none of it set apart: days alone have an element of their own. */
function shows(element, text) {
  const plain = element && [...element.children].every((child) => child.tagName === "SPAN" && child.className === "date");
  return plain && textOf(element) === text.replace(/\s+/g, " ").trim() && isSeen(element);
}

const nameOf = (element) =>
  element.getAttribute("aria-labelledby") || element.id || element.className.baseVal || element.className;
const bare = (name) => name.replace("?", "");

/** Whether the page has the parts it should have, each once and in its order, and nothing is drawn by hand. */
function isWhole() {
  const ordered = ([selector, allowed]) => {
    const parent = only(selector);
    if (!parent) return false;
    const names = [...parent.children].map((child) => nameOf(child).replace("band ", "")).map(alias);
    const rest = [...allowed];
    for (const name of names) {
      while (rest.length > 0 && bare(rest[0]) !== name && rest[0].endsWith("?")) rest.shift();
      if (rest.length === 0 || bare(rest.shift()) !== name) return false;
    }
    return rest.every((name) => name.endsWith("?"));
  };
  return PARTS.every(ordered) && all("main style, main [style]:not(svg, svg *, #own, #own *, input, button)").length === 0;
}

/** The section for what to do is named by its heading. */
const alias = (name) => (name === "todo" ? "advice" : name);

/** The face the band shows; nothing where it shows none of a certificate's, or not as one is shown. */
function faceShown() {
  const band = only(".band");
  const heading = only("h1");
  if (!band?.contains(heading) || !isSeen(heading)) return undefined;
  const found = OF_CERTIFICATE.find((face) => band.classList.contains(face.name));
  const classes = found === VALID ? ["band", found.name] : ["band", found?.name, "hatched"];
  const [word, side] = heading.childNodes;
  const said = heading.childNodes.length === 2 && word.nodeType === Node.TEXT_NODE && side.className === "side";
  const isSo = said && word.data.trim() === main(found ?? {}) && textOf(side) === other(found ?? {});
  return isSo && classes.length === band.classList.length && classes.every((name) => band.classList.contains(name))
    ? found
    : undefined;
}

/** Whether the page may be taken for one that says "in force": it does, or what it shows is no face of a certificate's. */
export const praises = () => [undefined, VALID, WAS_VALID].includes(faceShown());

/** The faces that go with what was found; nothing where it leaves open which. */
function facesOf(found, then) {
  if (found.verdict === "undetermined") return undefined;
  if (found.verdict === "valid") return [then ? WAS_VALID : VALID];
  if (found.standing) return [FACE_OF_STANDING.get(found.standing)];
  const codes = found.checks.filter((check) => check.result === "failed").map((check) => check.code);
  const ended = ["withdrawn", "cancelled", "superseded"];
  const standings = [
    ...(codes.includes("status_revoked") || codes.includes("expired") || codes.includes("status_suspended") ? ended : []),
    ...(codes.includes("status_suspended") ? ["suspended"] : []),
    ...(codes.includes("expired") ? ["expired"] : []),
    ...(codes.includes("not_yet_valid") ? ["not_yet_effective", "suspended", ...ended] : []),
  ];
  return standings.map((standing) => FACE_OF_STANDING.get(standing));
}

/** Whether the level stands there as held, with its stars; or struck out, with what that means. */
function showsLevel(level, held) {
  const place = only(".level");
  const names = [...(place?.children ?? [])].map((child) => child.className || child.localName);
  const stars = STARS[level];
  const expected = [...(stars > 0 ? ["stars"] : []), ...(held ? ["strong", "side"] : ["del", "now"])];
  if (!isSeen(place) || place.className !== (held ? "level" : "level void")) return false;
  if (names.join() !== expected.join()) return false;
  const filled = held ? stars : 0;
  const drawn = "★".repeat(filled) + "☆".repeat(PLACES - filled);
  if (stars > 0 && textOf(place.children[0]) !== drawn) return false;
  return shows(place.querySelector("strong, del"), main(LEVELS.get(level))) && isSeen(place.lastElementChild);
}

function showsFacts(terms, life) {
  const list = only("dl");
  if (!list?.matches("main .first > section > dl.facts")) return [{ zh: "各项内容", en: "facts" }];
  const rows = [...list.children].map((row) => {
    const [name, value] = row.children;
    const isRow = row.children.length === 2 && name.localName === "dt" && value.localName === "dd";
    return isRow && isSeen(name) ? { label: textOf(name), value } : { label: "" };
  });
  const differs = [];
  for (const [name, valueOf] of FACTS) {
    const at = rows.findIndex(({ label }) => label === main(name));
    const [row] = at < 0 ? [] : rows.splice(at, 1);
    if (!row || !shows(row.value, valueOf(terms))) differs.push(name);
  }
  const at = rows.findIndex(({ label }) => label === main(SURVEILLANCE));
  const [row] = at < 0 ? [] : rows.splice(at, 1);
  const due = life && [terms.surveillance_due_on, ...life.steps.map((step) => step.next_due_on)].filter(Boolean);
  if (row && due && !due.some((day) => shows(row.value, day))) differs.push(SURVEILLANCE);
  if (rows.length > 0) differs.push({ zh: "多出的内容", en: "something that is not in it" });
  return differs;
}

/** Whether the sites listed are those of the record. The list is folded, so that it need not be seen. */
function showsSites({ sites }) {
  const shown = all(".sites > li");
  const lists = all(".first details");
  if (sites.length === 0) return lists.length === 0 && shown.length === 0;
  if (lists.length !== 1 || !isSeen(lists[0].querySelector("summary")) || shown.length !== sites.length) return false;
  return sites.every(({ name, address }, i) => {
    const [first, line, second] = shown[i].childNodes;
    const isSo = shown[i].childNodes.length === 3 && first.localName === "b" && line.localName === "br";
    return isSo && textOf(first) === name.replace(/\s+/g, " ") && textOf(second) === address.replace(/\s+/g, " ");
  });
}

/**
 * Whether the history has every step of the life that was on record when the page was made, by its day and its name, and whether it
 * was taken back. Steps that the log does not have yet may follow.
 */
function showsHistory(life, now) {
  if (!life) return true;
  const { steps, takenBack } = life;
  const lines = new Map(all(".history > li").map((line) => [line.id, line]));
  const isStep = (step, place) => {
    const line = lines.get(`step-${place}`);
    const names = step.change === "surveyed" ? [STEPS.surveyed[step.outcome === "passed" ? 0 : 1]] : STEPS[step.change];
    const [day, name] = ["time", "b"].map((part) => line?.querySelector(part));
    const isTaken = takenBack.has(place) && takenBack.get(place) <= now;
    return (
      line?.className === (isTaken ? "corrected" : "") &&
      shows(day, chinaDay(step.effectiveAt)) &&
      names.some((one) => shows(name, main(one)))
    );
  };
  const known = steps.filter((step) => step.recordedAt <= now);
  const numbers = [...lines.keys()].map((id) => Number(/^step-(\d+)$/.exec(id)?.[1] ?? -1));
  const isOfLife = numbers.every((number) => number >= 0 && (number < known.length || number >= steps.length));
  return isOfLife && lines.size === all(".history > li").length && known.every(isStep);
}

/** Whether the page says of which moment it is exactly where another than now was asked about, and says that one. */
function showsMoment({ at, now }) {
  const line = only(".asof");
  const asked = new URLSearchParams(location.search).get("as_of");
  if (!at) return all(".asof").length === 0 && asked === null;
  const instant = parseInstant(at);
  const meant = asked === null ? undefined : asOf(asked, parseInstant(now));
  const when = clock(instant);
  const said = main({ zh: `这是 ${when}（北京时间）的情况`, en: `This is how it stood at ${when}, China time` });
  return isSeen(line) && asked !== null && (meant ?? instant) === instant && textOf(line).startsWith(said);
}

/** Whether the sentence names the day on which all depends, where the life tells it. */
function showsDay(face, { terms, life, at }) {
  if (!life) return true;
  const next = life.steps.find((step) => step.change === "superseded");
  const since = at === undefined ? undefined : standingAt(life, at.instant, knownUntil(life, at.now))?.since;
  const ended = ["suspended", "withdrawn", "cancelled", "superseded"].includes(face.name);
  const days = ended ? [since && chinaDay(since)] : [face.name === "not-yet" ? terms.issued_on : terms.valid_until];
  if (face === VALID && next) days.push(chinaDay(next.effectiveAt));
  const sentence = all(".band .sentence")[0];
  return isSeen(sentence) && days.some((day) => day && textOf(sentence).includes(day));
}

/**
 * What of the page is not as the verified record says, each by its name in both languages; and the face that is shown. `said` is
 * what the page says of itself: of which moment it is, and when it was made.
 */
export function compare(found, said, moment) {
  const { id, ...terms } = found.genuine;
  const shown = faceShown();
  const faces = facesOf(found, Boolean(said.at));
  const unsure = shown?.name === "cannot-tell";
  const agrees = shown !== undefined && (!faces || unsure || faces.includes(shown));
  // Only what is in force now is praised.
  const held = shown === VALID;
  const advised = all(".advice").length === (held || shown === WAS_VALID ? 0 : 1) && all(".advice").every(isSeen);
  const context = { terms, life: found.life, at: moment };
  const differs = [
    [location.pathname.endsWith(`/c/${id}`), { zh: "证书", en: "certificate" }],
    [isWhole(), { zh: "版面", en: "layout" }],
    [agrees, { zh: "状态", en: "standing" }],
    [!shown || !agrees || !faces || unsure || showsDay(shown, context), { zh: "状态的日期", en: "day of the standing" }],
    [showsMoment(said), { zh: "所问的时间", en: "moment asked about" }],
    [shows(only(".holder"), terms.holder.name), { zh: "企业名称", en: "holder" }],
    [shows(only(".uscc"), terms.holder.uscc), { zh: "信用代码", en: "credit code" }],
    [only(".subject")?.children.length === 3, { zh: "企业一栏", en: "holder's part" }],
    [showsLevel(terms.level, held), { zh: "级别", en: "level" }],
    [advised, { zh: "怎么办一栏", en: "what to do" }],
    [showsSites(terms), { zh: "覆盖场所", en: "sites" }],
    [showsHistory(found.life, parseInstant(said.now)), { zh: "经历", en: "history" }],
  ]
    .filter(([holds]) => !holds)
    .map(([, what]) => what);
  return { differs: [...differs, ...showsFacts(terms, found.life)], sure: Boolean(faces) && !unsure };
}
