// What is shown of a receipt: the same words as on its page (`templates/receipt.html`, `src/http/pages/receipt/view.rs`).

import { hex, sha256 } from "./bytes.js";
import { CANNOT_TELL, FACE_OF_STANDING, NO_RECORD, WAS_VALID } from "./faces.js";
import { clockSeconds, parseInstant } from "./time.js";
import { beside, checkList, dated, element, facts, main } from "./view.js";
import { LEVELS } from "./words.js";

const FIELDS = {
  holder: { zh: "持证人", en: "holder" },
  uscc: { zh: "统一社会信用代码", en: "credit code" },
  level: { zh: "级别", en: "level" },
  scope: { zh: "范围", en: "scope" },
};
const HEADS = [
  { zh: "行", en: "No." },
  { zh: "查询内容", en: "Asked" },
  { zh: "结论", en: "Answer" },
  { zh: "持证人", en: "Holder" },
  { zh: "级别", en: "Level" },
  { zh: "范围", en: "Scope" },
];
const CHANGED = {
  zh: "当天状态有变化，这是当天结束时的情况；要问开标的时刻，请按具体时刻再查",
  en: "its standing changed in the course of that day; this is how the day ended: ask about the exact time of the opening",
};

const at = (text) => clockSeconds(parseInstant(text));

/** How it stood when; with both clocks where what was known is of another time than the answer. */
export function whenOf({ as_of, known_at, made_at }) {
  const [asOf, knownAt] = [at(as_of), at(known_at)];
  if (known_at === made_at) {
    return {
      zh: `这是 ${asOf}（北京时间）的情况，不是现在的。`,
      en: `This is how it stood at ${asOf}, China time, not how it stands now.`,
    };
  }
  return {
    zh: `这是 ${asOf} 的情况，按 ${knownAt} 已登记的内容（北京时间），不是现在的。`,
    en: `This is how it stood at ${asOf}, from what was on record at ${knownAt} (China time), not how it stands now.`,
  };
}

/** Path of a receipt's own page, where the body keeps it. */
const pathOf = ({ id }) => `/r/${id.split("/").at(-1)}`;

/** Where a receipt cannot prove itself since its key was compromised later: what does, with the way there. */
export function whatSettles({ genuine, checks }) {
  if (!genuine || !checks.some((check) => check.code === "key_compromised_later")) return undefined;
  const way = {
    zh: "要弄清楚，请看本机构保存的那一份；那里的文件指纹与下面的一致，才是它：",
    en: "What settles it is the copy that the body has kept; it is this one only where its fingerprint there is the one below: ",
  };
  return [main(way), element("a", { href: pathOf(genuine) }, genuine.id)];
}

/** The word of an answer: what was in force then is not called in force now. */
function faceOf({ verdict, standing, checks }) {
  if (verdict === "valid") return WAS_VALID;
  if (standing !== undefined && standing !== "valid") return FACE_OF_STANDING.get(standing);
  return checks.some((check) => check.code === "no_such_certificate") ? NO_RECORD : CANNOT_TELL;
}

/** What a row says besides its word: why, since when, what is overdue. A certificate's end is told once, not by two checks. */
function notesOf({ standing, checks, changed_that_day }) {
  const twice = ({ check, code }) =>
    (check === "validity" && code === standing) || (code === "not_yet_valid" && standing === "not_yet_effective");
  const news = checks.filter((check) => check.result !== "ok" && !twice(check));
  const notes = news.map(({ message, message_zh }) => ({ zh: message_zh, en: message }));
  return changed_that_day ? [...notes, CHANGED] : notes;
}

const shapeOf = (name) => document.getElementById(`shape-${name}`).content.cloneNode(true);

/** The word in its colour, with its shape; in grey where nothing proves it. */
function tag(face, proven) {
  const word = proven ? main(face) : main({ zh: `写的是：${face.zh}`, en: `It says: ${face.en}` });
  const name = proven ? face.name : CANNOT_TELL.name;
  return element("span", { class: `tag ${name}` }, shapeOf(name), element("span", {}, word));
}

/** Beside a fact: whether it is what was expected. */
function held(compared) {
  if (!compared) return undefined;
  const sign = (text) => element("span", { "aria-hidden": "true" }, text);
  if (compared.same)
    return element("span", { class: "held soft" }, sign("✓ "), main({ zh: "与要求一致", en: "as expected" }));
  const differs = main({ zh: "不符，要求的是：", en: "differs; expected: " });
  return element("span", { class: "held differs" }, element("b", {}, sign("≠ "), differs), compared.expected);
}

const cell = (name, ...children) => element("td", { role: "cell", class: name }, ...children);

function factCell(field, name, ...children) {
  const label = element("span", { class: "label", "aria-hidden": "true" }, main({ ...FIELDS[field], en: capital(field) }));
  return cell(name, label, element("div", {}, ...children));
}

const capital = (word) => word.slice(0, 1).toUpperCase() + word.slice(1);

function asked(answer) {
  const { certificate } = answer;
  if (!certificate) return cell("asked", element("span", { class: "mono" }, answer.asked));
  const { id, number, issued_on, valid_until } = certificate;
  const days = main({ zh: `${issued_on} 至 ${valid_until}`, en: `${issued_on} to ${valid_until}` });
  const now = element("span", { class: "unseen" }, main({ zh: "现在的状态：", en: "How it stands now: " }));
  return cell(
    "asked",
    element("a", { class: "mono", href: `/c/${id}` }, now, number),
    [number, id].includes(answer.asked) ? undefined : element("span", { class: "soft typed" }, answer.asked),
    element("span", { class: "soft" }, ...dated(days)),
  );
}

function factCells(answer, proven) {
  const { certificate, comparison } = answer;
  const compared = (field) => comparison.find((one) => one.field === field);
  if (!certificate) {
    const unmet = comparison.map(({ field, expected }) => {
      const { zh, en } = FIELDS[field];
      const why = main({ zh: `要求的${zh}无从对照：`, en: `Nothing to compare the expected ${en} with: ` });
      return element("span", { class: "held differs" }, element("b", {}, "≠ ", why), expected);
    });
    const nothing = unmet.length > 0 ? unmet : [element("span", { class: "soft" }, "–")];
    return [
      element("td", { role: "cell", class: "fact nothing", colspan: "3" }, element("div", {}, ...nothing)),
    ];
  }
  const { holder, level, scope } = certificate;
  const wasHeld = proven && answer.verdict === "valid";
  return [
    factCell("holder", "fact", element("span", {}, holder.name), held(compared("holder")), element("span", { class: "mono soft" }, holder.uscc), held(compared("uscc"))),
    factCell("level", "fact grade", element(wasHeld ? "span" : "del", {}, main(LEVELS.get(level))), held(compared("level"))),
    factCell("scope", "fact", element("span", {}, scope), held(compared("scope"))),
  ];
}

function row(answer, number, proven) {
  const notes = notesOf(answer).map((note) => element("span", { class: "why" }, ...dated(main(note))));
  const differs = answer.comparison.some((compared) => !compared.same);
  return element(
    "tr",
    { role: "row", class: differs ? "differs" : undefined },
    cell("no", String(number)),
    asked(answer),
    cell("said", tag(faceOf(answer), proven), ...notes),
    ...factCells(answer, proven),
  );
}

/** How many answers have each word, in the order in which they first come; and how many expectations are not confirmed. */
function tally({ answers, differences }) {
  const counts = new Map();
  for (const face of answers.map(faceOf)) counts.set(face, (counts.get(face) ?? 0) + 1);
  const one = (count, word, name) =>
    element("li", { class: name }, element("b", {}, String(count)), " ", element("span", {}, main(word)));
  const items = [...counts].map(([face, count]) => one(count, face, face.name));
  if (answers.some((answer) => answer.comparison.length > 0)) {
    const word = { zh: "处与要求不符", en: differences === 1 ? "difference" : "differences" };
    items.push(one(differences, word, differences > 0 ? "differing some" : "differing"));
  }
  return element("ul", { class: "tally" }, ...items);
}

function table(receipt, proven) {
  const caption = {
    zh: `${receipt.answers.length} 条核验结果`,
    en: `Answers about ${receipt.answers.length} certificates`,
  };
  const heads = HEADS.map((head) => element("th", { scope: "col", role: "columnheader" }, main(head)));
  return element(
    "table",
    { class: "answers", role: "table" },
    element("caption", { class: "unseen" }, main(caption)),
    element("thead", { role: "rowgroup" }, element("tr", { role: "row" }, ...heads)),
    element("tbody", { role: "rowgroup" }, ...receipt.answers.map((answer, i) => row(answer, i + 1, proven))),
  );
}

const titled = (title, ...children) => element("section", {}, element("h3", {}, ...beside(title)), ...children);

async function about(receipt, { keys, file }) {
  const date = (text) => element("span", { class: "date" }, at(text));
  const digest = hex(await sha256(file));
  const told = facts([
    [{ zh: "问的时刻", en: "As of" }, date(receipt.as_of)],
    [{ zh: "按何时登记", en: "As known at" }, date(receipt.known_at)],
    [{ zh: "出具时间", en: "Made at" }, date(receipt.made_at)],
    [{ zh: "出具机构", en: "Made by" }, keys.name ?? keys.host],
    [{ zh: "网址", en: "Address" }, element("a", { class: "mono", href: pathOf(receipt) }, receipt.id)],
    [{ zh: "文件指纹", en: "Fingerprint" }, [element("span", { class: "soft" }, "SHA-256 "), element("span", { class: "mono" }, digest)]],
  ]);
  const zone = { zh: "时间都是北京时间（UTC+8）。", en: "All times are China time (UTC+8)." };
  return titled({ zh: "这份回执", en: "This receipt" }, told, element("p", { class: "soft" }, main(zone)));
}

/** The asker's own words: anybody can have any text signed so, and it is called what it is. */
function note(reference) {
  const label = { zh: "查询方自己写的备注，未经核实：", en: "The asker's own words, not checked: " };
  return element("p", { class: "note" }, main(label), element("q", {}, reference));
}

/** Everything below the band of a receipt whose signature holds. `by` tells by whose keys it was verified. */
export async function receiptSheet(found, { keys, file }, by) {
  const receipt = found.genuine;
  const proven = found.verdict === "valid";
  const unproven = {
    zh: "下面是文件里写的，没有得到证明。",
    en: "Below stands what the file says; it is not proven.",
  };
  const head = [
    proven ? tally(receipt) : element("p", { class: "warning", role: "note" }, element("b", {}, main(unproven))),
    receipt.reference === undefined ? undefined : note(receipt.reference),
  ];
  return element(
    "div",
    { class: "receipt" },
    ...head.filter(Boolean),
    table(receipt, proven),
    element(
      "div",
      { class: "below" },
      await about(receipt, { keys, file }),
      titled({ zh: "凭谁的密钥", en: "By whose keys" }, by),
      titled({ zh: "核验了什么", en: "What was checked" }, checkList(found.checks)),
    ),
  );
}
