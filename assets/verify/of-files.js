// The page on which a reader verifies a file, a photo or an address: everything happens here, nothing is sent anywhere. All that
// is ever asked for are this site's own modules and its public keys. Without a network it stands in the place of every page of this
// site on a device that keeps it (assets/worker.js), and begins with the mark whose address was opened.

import { answerOf } from "./answer.js";
import { codesIn } from "./codes.js";
import { keptLists, keptMarks, photoLeft } from "./device.js";
import { isMarkText, isPicture, problemIn, unreadable, verifyFile, verifyText } from "./input.js";
import { shown } from "./jcs.js";
import { mustVerify } from "./keys.js";
import { attachmentOf, isPdf } from "./pdf.js";
import { verifyPhoto } from "./photo.js";
import { Refusal, Unable } from "./refusal.js";
import { keysOfSite } from "./site.js";
import { StandIn } from "./stand-in.js";
import { statusThen } from "./status.js";
import { asOf, fromMilliseconds } from "./time.js";
import { main } from "./view.js";
import { trimmed } from "./words.js";

const byId = (id) => document.getElementById(id);

/** Nanoseconds a device's clock may be behind before that is told. */
const SLOW = 300_000_000_000n;
const READY = { zh: "可以开始了：还没有选文件。", en: "Ready: no file has been chosen yet." };

class Desk {
  #keys;
  #last;
  #standIn;
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
    if (location.pathname === byId("hand").dataset.path) return this.say(READY);
    return this.standIn();
  }

  /** Without a network, in the place of another page: begins with what that page was about. */
  async standIn() {
    this.#standIn = new StandIn(new URL(location.href), this.answer);
    const { text, takesPhotos } = this.#standIn;
    if (text) return this.verify((context) => verifyText(text, context), text, true);
    const photo = takesPhotos && (await photoLeft());
    return photo ? this.chosen([photo], true) : this.say(READY);
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

  chosen(files, standsIn = false) {
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
    }, file.name, standsIn);
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

  /**
   * Verifies one thing; the day asked about can be changed afterwards. What was begun before is given up. `standsIn`: it is what the
   * page was about in whose place this one stands.
   */
  verify(make, name, standsIn = false) {
    this.#last = async () => {
      this.clear();
      const turn = this.#turn;
      this.say({ zh: "正在核验…", en: "Verifying…" });
      const told = await this.#told(make, standsIn);
      if (turn !== this.#turn) return;
      this.say(told.said ?? { zh: `核验完了：${shown(name)}`, en: `Verified: ${shown(name)}` });
      if (told.parts) {
        this.answer.replaceChildren(...told.parts);
        this.answer.hidden = false;
        byId("verdict").focus({ preventScroll: true });
        this.answer.querySelector(".band").scrollIntoView({ block: "nearest" });
      }
      this.#standIn?.beside(told);
    };
    return this.#last();
  }

  async #told(make, standsIn) {
    try {
      const context = await this.#context();
      const found = { ...(await make(context)), standsIn };
      if (found.refused) return { said: found.refused };
      return { parts: await answerOf(found, context, context.asOf === context.now), found, marks: context.marks };
    } catch (error) {
      if (error instanceof Unable) return { said: { zh: error.zh, en: error.message } };
      return {
        said: { zh: "核验程序出了错，什么也没有核验。", en: "The verifier has a fault: nothing was verified." },
      };
    }
  }

  async #context() {
    const shows = fromMilliseconds(Date.now());
    const day = byId("at").value;
    this.#keys ??= await keysAtHand();
    const keys = this.#keys;
    const [marks, lists] = await Promise.all([keptMarks(keys, shows), keptLists()]);
    // A list that the body signed has surely been made: it is no earlier than that.
    const now = marks && marks.asOf > shows ? marks.asOf : shows;
    const statusByLists = (place, context) => statusThen(place, lists, context);
    return { keys, now, asOf: (day && asOf(day, now)) || now, marks, statusByLists, isSlow: now - shows > SLOW };
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
