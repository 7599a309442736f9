// The answer about a file, a photo or an address, drawn: the band with its word and shape, and what it rests on.

import { CANNOT_TELL, FACE_OF_CHECK, FACE_OF_MARK, FACE_OF_STANDING, VALID, WAS_VALID } from "./faces.js";
import { receiptSheet, whatSettles, whenOf } from "./receipt-view.js";
import { byWhom } from "./site.js";
import { chinaDay, clock, parseInstant } from "./time.js";
import { obstacle } from "./verdict.js";
import { beside, checkList, dated, element, facts, main, other, otherLang } from "./view.js";
import { LEVELS } from "./words.js";

const FACES = {
  signed: { zh: "签名真实", en: "Genuinely signed" },
  receipt: { zh: "回执真实", en: "Genuine receipt" },
  invalid: { zh: "无效", en: "Not valid" },
  notGenuine: { zh: "不是真标志", en: "Not genuine" },
  forged: { zh: "回执不真实", en: "Not a genuine receipt" },
};
const KINDS = {
  certificate: { zh: "证书文件", en: "Certificate" },
  bundle: { zh: "证书包", en: "Bundle" },
  receipt: { zh: "核验回执", en: "Receipt" },
  mark: { zh: "标志", en: "Mark" },
  photo: { zh: "标志的照片", en: "Photo of a mark" },
  page: { zh: "网址", en: "Address" },
};

const isOfMark = ({ input }) => input === "mark" || input === "photo";

/** Of an answer in the place of a page that the network did not bring. */
const STANDS_IN = { zh: "标志 · 没有网络，由这台设备核验", en: "Mark · no network: verified by this device" };
const IN_PDF = { zh: "PDF 里附的签名文件", en: "The signed file attached to the PDF" };

/** What held by the lists that are kept, which say nothing of what came since. */
const SINCE_OPEN = new Set(["mark_not_listed", "status_not_listed_then"]);

/** Nanoseconds of a day, and how many of them make a list old. */
const DAY = 86_400_000_000_000n;
const OLD = 7n;

const statusIsKnown = ({ checks }) => checks.some((check) => check.check === "status" && check.result === "ok");

const capital = (sentence) => sentence.slice(0, 1).toUpperCase() + sentence.slice(1);

/** Word, class and sentence of the band. Green is for what is in force now, and for nothing else. */
function face(found, isNow) {
  const check = obstacle(found.checks);
  const why = check && { zh: `${check.message_zh}。`, en: `${capital(check.message)}.` };
  const ofMark = FACE_OF_MARK.get(check?.code);
  if (ofMark) return { word: ofMark, shape: ofMark.name, sentence: why };
  if (found.verdict === "undetermined") {
    return {
      word: CANNOT_TELL,
      shape: check?.code === "incomplete_code" ? "incomplete" : CANNOT_TELL.name,
      sentence: why,
    };
  }
  if (found.verdict === "invalid") return { ...whyInvalid(found, check), sentence: why };
  if (found.input === "receipt")
    return { word: FACES.receipt, shape: "signed", sentence: receiptSentence(found.genuine) };
  const listed = found.checks.find(({ code }) => SINCE_OPEN.has(code));
  if (listed) {
    const days = (parseInstant(found.as_of) - parseInstant(listed.known_at)) / DAY;
    const old = days < OLD ? { zh: "", en: "" } : { zh: `清单已有 ${days} 天没有更新。`, en: ` The list is ${days} days old.` };
    const sentence = { zh: `在有效期内，${listed.message_zh}。${old.zh}`, en: `Within its days; ${listed.message}.${old.en}` };
    return { word: FACES.signed, shape: "signed", sentence };
  }
  if (!statusIsKnown(found)) {
    const zh = "在有效期内；后来有没有被暂停或撤销，这里没有查。";
    const en = "Within its days. Whether it was suspended or withdrawn since was not asked here.";
    return { word: FACES.signed, shape: "signed", sentence: { zh, en } };
  }
  const until = found.genuine.valid_until;
  if (!isNow)
    return {
      word: WAS_VALID,
      shape: WAS_VALID.name,
      sentence: { zh: `有效期到 ${until}。`, en: `Its validity ends on ${until}.` },
    };
  return {
    word: VALID,
    shape: VALID.name,
    sentence: { zh: `到 ${until} 为止有效。`, en: `In force until ${until}.` },
  };
}

function whyInvalid(found, check) {
  if (found.input === "receipt") return { word: FACES.forged, shape: "not-genuine" };
  if (!found.genuine) return { word: isOfMark(found) ? FACES.notGenuine : FACES.invalid, shape: "not-genuine" };
  if (found.standing) return { word: FACES.invalid, shape: FACE_OF_STANDING.get(found.standing).name };
  const told = FACE_OF_CHECK.get(check.code);
  return told ? { word: told, shape: told.name } : { word: FACES.invalid, shape: "not-genuine" };
}

function receiptSentence(receipt) {
  const { zh, en } = whenOf(receipt);
  return { zh: `机构当时确实这样回答。${zh}`, en: `The body did answer so. ${en}` };
}

function kindOf({ input, inPdf, standsIn }) {
  if (standsIn) return STANDS_IN;
  return inPdf ? IN_PDF : KINDS[input];
}

function band(found, isNow, asked) {
  const { word, shape, sentence } = face(found, isNow);
  const hatched = shape === "valid" ? "" : " hatched";
  const inner = element(
    "div",
    { class: "inner" },
    element("p", { class: "kind" }, main(kindOf(found))),
    element(
      "div",
      { class: "word" },
      document.getElementById(`shape-${shape}`).content.cloneNode(true),
      element(
        "h2",
        { id: "verdict", tabindex: "-1" },
        main(word),
        element("span", { class: "side", lang: otherLang() }, other(word)),
      ),
    ),
  );
  if (asked) inner.append(element("p", { class: "asof" }, ...dated(main(asked))));
  if (sentence) inner.append(element("p", { class: "sentence" }, ...dated(main(sentence))));
  const settles = found.input === "receipt" && whatSettles(found);
  if (settles) inner.append(element("p", { class: "sentence" }, ...settles));
  return element("section", { class: `band ${shape}${hatched}`, "aria-labelledby": "verdict" }, inner);
}

const days = (from, until) => dated(`${from} — ${until}`);

/** A level is shown as held only where the certificate is in force; a file's own word for it is no more than that. */
function levelOf(level, found) {
  const word = LEVELS.get(level);
  if (found.verdict === "invalid") return element("del", {}, main(word));
  return [main(word), " ", element("span", { class: "side", lang: otherLang() }, other(word))];
}

function ofCertificate(found) {
  const { holder, level, number, scope, standard, issued_on, valid_until, body } = found.genuine;
  return [
    [{ zh: "企业", en: "Holder" }, element("b", {}, holder.name)],
    [{ zh: "信用代码", en: "Credit code" }, element("span", { class: "mono" }, holder.uscc)],
    [{ zh: "级别", en: "Level" }, levelOf(level, found)],
    [{ zh: "编号", en: "Number" }, number],
    [{ zh: "范围", en: "Scope" }, scope],
    [{ zh: "标准", en: "Standard" }, standard],
    [{ zh: "有效期", en: "Validity" }, days(issued_on, valid_until)],
    [{ zh: "认证机构", en: "Certification body" }, `${body.name}（${body.approval_number}）`],
  ];
}

function ofMark(found) {
  const { mark, level, holder_uscc, issued_on, valid_until } = found.genuine;
  return [
    [{ zh: "标志", en: "Mark" }, element("span", { class: "mono" }, mark)],
    [{ zh: "级别", en: "Level" }, levelOf(level, found)],
    [{ zh: "信用代码", en: "Credit code" }, holder_uscc ?? "—"],
    [{ zh: "有效期", en: "Validity" }, days(issued_on, valid_until)],
  ];
}

/** What a genuine thing says, by its kind. */
function says(found) {
  if (!found.genuine) return undefined;
  return section({ zh: "上面写的", en: "What it says" }, facts(isOfMark(found) ? ofMark(found) : ofCertificate(found)));
}

const section = (title, ...children) => element("section", {}, element("h3", {}, ...beside(title)), ...children);

/** What is said where the lists at hand are of another day than the one asked about. */
const OF_ANOTHER_DAY = new Set(["status_list_out_of_window", "status_told_before"]);

/** Where more is told: this site's own page, of how it stands now, or of the day asked about. */
function wayOn(found, host) {
  const day = chinaDay(parseInstant(found.as_of));
  if (found.genuine && found.checks.some((check) => OF_ANOTHER_DAY.has(check.code))) {
    const text = {
      zh: `打开它在 ${day} 的页面，从那里下载当天的证书包`,
      en: `Open its page of ${day}, and download the bundle of that day there`,
    };
    const link = element("a", { class: "button", href: `/c/${found.genuine.id}?as_of=${day}` }, main(text));
    return section({ zh: "要问那一天", en: "About that day" }, element("p", {}, link));
  }
  const told = found.checks.some((check) => check.check === "status" && check.result !== "undetermined");
  // Its page is what is missing.
  if (!found.genuine || found.input === "receipt" || told || found.standsIn) return undefined;
  const { id, mark } = found.genuine;
  const path = id ? `/c/${id}` : `/m/${mark}`;
  const text = { zh: "打开它的页面，看现在的状态", en: "Open its page to see how it stands now" };
  return section(
    { zh: "现在的状态", en: "How it stands now" },
    element("p", {}, element("a", { class: "button", href: path }, main(text))),
    element("p", { class: "soft" }, main({ zh: `这会向 ${host} 查询。`, en: `This asks ${host}.` })),
  );
}

/** The whole answer, as parts of a page: the band, and what it rests on. */
export async function answerOf(found, { keys, now, asOf: instant, isSlow }, isNow) {
  const isReceipt = found.input === "receipt";
  const asked =
    isNow || isReceipt
      ? undefined
      : { zh: `问的是 ${clock(instant)}（北京时间）`, en: `Asked about ${clock(instant)}, China time` };
  const clocks = isSlow
    ? { zh: "（北京时间，按存下的清单：您设备的时钟慢了）", en: ", China time, by the list that is kept: your device’s clock is behind" }
    : { zh: "（北京时间，您设备的时钟）", en: ", China time, by your device" };
  const by = await byWhom(keys, now, clocks);
  if (isReceipt && found.genuine) {
    return [band(found, isNow, asked), await receiptSheet(found, { keys, file: found.file }, by)];
  }
  const first = element("div", { class: "first" }, ...[says(found), wayOn(found, keys.host)].filter(Boolean));
  const checked = section({ zh: "核验了什么", en: "What was checked" }, checkList(found.checks));
  const second = element("div", { class: "second" }, checked, section({ zh: "凭谁的密钥", en: "By whose keys" }, by));
  const columns = element("div", { class: "columns" }, ...(first.hasChildNodes() ? [first, second] : [second]));
  return [band(found, isNow, asked), element("div", { class: "sheet" }, columns)];
}
