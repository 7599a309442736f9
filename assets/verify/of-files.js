// The page on which a reader verifies a file, a photo or an address: everything happens here, nothing is sent anywhere. All that
// is ever asked for are this site's own modules and its public keys.

import { codesIn } from "./codes.js";
import { CANNOT_TELL, FACE_OF_STANDING, VALID, WAS_VALID } from "./faces.js";
import { isMarkText, isPicture, problemIn, unreadable, verifyFile, verifyText } from "./input.js";
import { shown } from "./jcs.js";
import { mustVerify } from "./keys.js";
import { attachmentOf, isPdf } from "./pdf.js";
import { verifyPhoto } from "./photo.js";
import { receiptSheet, whatSettles, whenOf } from "./receipt-view.js";
import { Refusal, Unable } from "./refusal.js";
import { byWhom, keysOfSite } from "./site.js";
import { asOf, chinaDay, clock, fromMilliseconds, parseInstant } from "./time.js";
import { obstacle } from "./verdict.js";
import { beside, checkList, dated, element, facts, main, other, otherLang } from "./view.js";
import { LEVELS, trimmed } from "./words.js";

const byId = (id) => document.getElementById(id);

const FACES = {
  signed: { zh: "签名真实", en: "Genuinely signed" },
  receipt: { zh: "回执真实", en: "Genuine receipt" },
  invalid: { zh: "无效", en: "Not valid" },
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

const IN_PDF = { zh: "PDF 里附的签名文件", en: "The signed file attached to the PDF" };

const statusIsKnown = ({ checks }) => checks.some((check) => check.check === "status" && check.result === "ok");

const capital = (sentence) => sentence.slice(0, 1).toUpperCase() + sentence.slice(1);

/** Word, class and sentence of the band. Green is for what is in force now, and for nothing else. */
function face(found, isNow) {
  const check = obstacle(found.checks);
  const why = check && { zh: `${check.message_zh}。`, en: `${capital(check.message)}.` };
  if (found.verdict === "undetermined") {
    return {
      word: CANNOT_TELL,
      shape: check?.code === "incomplete_code" ? "incomplete" : CANNOT_TELL.name,
      sentence: why,
    };
  }
  if (found.verdict === "invalid") {
    const word = found.input === "receipt" ? FACES.forged : FACES.invalid;
    const genuine = found.genuine && found.standing;
    return {
      word,
      shape: genuine ? FACE_OF_STANDING.get(found.standing).name : "not-genuine",
      sentence: why,
    };
  }
  if (found.input === "receipt")
    return { word: FACES.receipt, shape: "signed", sentence: receiptSentence(found.genuine) };
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

function receiptSentence(receipt) {
  const { zh, en } = whenOf(receipt);
  return { zh: `机构当时确实这样回答。${zh}`, en: `The body did answer so. ${en}` };
}

function band(found, isNow, asked) {
  const { word, shape, sentence } = face(found, isNow);
  const hatched = shape === "valid" ? "" : " hatched";
  const inner = element(
    "div",
    { class: "inner" },
    element("p", { class: "kind" }, main(found.inPdf ? IN_PDF : KINDS[found.input])),
    element(
      "div",
      { class: "word" },
      byId(`shape-${shape}`).content.cloneNode(true),
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
  const isMark = found.input === "mark" || found.input === "photo";
  return section({ zh: "上面写的", en: "What it says" }, facts(isMark ? ofMark(found) : ofCertificate(found)));
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
  if (!found.genuine || found.input === "receipt" || told) return undefined;
  const { id, mark } = found.genuine;
  const path = id ? `/c/${id}` : `/m/${mark}`;
  const text = { zh: "打开它的页面，看现在的状态", en: "Open its page to see how it stands now" };
  return section(
    { zh: "现在的状态", en: "How it stands now" },
    element("p", {}, element("a", { class: "button", href: path }, main(text))),
    element("p", { class: "soft" }, main({ zh: `这会向 ${host} 查询。`, en: `This asks ${host}.` })),
  );
}

async function answerOf(found, { keys, now, asOf: instant }, isNow) {
  const isReceipt = found.input === "receipt";
  const asked =
    isNow || isReceipt
      ? undefined
      : { zh: `问的是 ${clock(instant)}（北京时间）`, en: `Asked about ${clock(instant)}, China time` };
  const clocks = { zh: "（北京时间，您设备的时钟）", en: ", China time, by your device" };
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

class Desk {
  #keys;
  #last;
  #turn = 0;

  constructor() {
    this.state = byId("state");
    this.answer = byId("answer");
  }

  async open() {
    try {
      await mustVerify();
    } catch (error) {
      const zh = `${error.zh}所以这里核验不了。请用新版的浏览器，或者用命令行 starmark verify。`;
      const en = `${error.message} So nothing is verified here: take a recent browser, or starmark verify on the command line.`;
      return this.say({ zh, en });
    }
    byId("hand").classList.add("on");
    byId("all").disabled = false;
    byId("hand").addEventListener("submit", (event) => this.typed(event));
    byId("file").addEventListener("change", (event) => this.chosen(event.target.files));
    byId("at").addEventListener("change", () => this.#last?.());
    this.droppable(byId("drop"));
    return this.say({ zh: "可以开始了：还没有选文件。", en: "Ready: no file has been chosen yet." });
  }

  say(text) {
    this.state.textContent = main(text);
  }

  droppable(place) {
    const over = (is) => (event) => {
      event.preventDefault();
      place.classList.toggle("over", is);
    };
    place.addEventListener("dragover", over(true));
    place.addEventListener("dragleave", over(false));
    place.addEventListener("drop", (event) => {
      over(false)(event);
      this.chosen(event.dataTransfer.files);
    });
    // A file dropped beside it would be opened in the page's place.
    for (const type of ["dragover", "drop"]) document.addEventListener(type, (event) => event.preventDefault());
  }

  chosen(files) {
    if (files.length === 0) return;
    if (files.length > 1) {
      this.clear();
      this.say({ zh: "一次只核验一个文件。", en: "One file at a time." });
      return;
    }
    const [file] = files;
    this.verify(async (context) => {
      const bytes = new Uint8Array(await file.arrayBuffer());
      if (isPicture(bytes)) return verifyPhoto(bytes, context, codesIn);
      const json = (isPdf(bytes) && (await attachmentOf(bytes))) || bytes;
      const why = unreadable(json) ?? problemIn(json);
      if (why) return { refused: why };
      return { ...(await verifyFile(json, context)), file: json, inPdf: json !== bytes };
    }, file.name);
  }

  typed(event) {
    event.preventDefault();
    const text = trimmed(byId("text").value);
    if (!isMarkText(text)) {
      const zh = "请粘贴标志的整个网址，或者码里的全部数字。";
      const en = "Paste the whole address of a mark, or all the digits of its code.";
      this.clear();
      this.say({ zh, en });
      byId("text").focus();
      return;
    }
    this.verify((context) => verifyText(text, context), text);
  }

  clear() {
    this.#turn += 1;
    this.answer.hidden = true;
    this.answer.replaceChildren();
  }

  /** Verifies one thing; the day asked about can be changed afterwards. What was begun before is given up. */
  verify(make, name) {
    this.#last = async () => {
      this.clear();
      const turn = this.#turn;
      this.say({ zh: "正在核验…", en: "Verifying…" });
      const told = await this.#told(make);
      if (turn !== this.#turn) return;
      this.say(told.said ?? { zh: `核验完了：${shown(name)}`, en: `Verified: ${shown(name)}` });
      if (!told.parts) return;
      this.answer.replaceChildren(...told.parts);
      this.answer.hidden = false;
      byId("verdict").focus({ preventScroll: true });
      this.answer.scrollIntoView({ block: "nearest" });
    };
    return this.#last();
  }

  async #told(make) {
    try {
      const context = await this.#context();
      const found = await make(context);
      if (found.refused) return { said: found.refused };
      return { parts: await answerOf(found, context, context.asOf === context.now) };
    } catch (error) {
      if (error instanceof Unable) return { said: { zh: error.zh, en: error.message } };
      return {
        said: { zh: "核验程序出了错，什么也没有核验。", en: "The verifier has a fault: nothing was verified." },
      };
    }
  }

  async #context() {
    const now = fromMilliseconds(Date.now());
    const day = byId("at").value;
    this.#keys ??= await keysAtHand();
    return { keys: this.#keys, now, asOf: (day && asOf(day, now)) || now };
  }
}

/** The site's keys, or that nothing was verified without them. */
async function keysAtHand() {
  try {
    return await keysOfSite();
  } catch (error) {
    if (error instanceof Refusal) {
      throw new Unable(
        "This site's list of keys cannot be read: nothing was verified.",
        "本网站的密钥清单读不懂，什么也没有核验。",
      );
    }
    throw new Unable("This site's keys were not had: nothing was verified.", "没有取到本网站的密钥，什么也没有核验。");
  }
}

new Desk().open();
