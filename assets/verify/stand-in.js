// Without a network the verifier's page stands in the place of every other of this site (assets/worker.js): what it begins with then,
// and what it says beside the answers.

import { isMarkText } from "./input.js";
import { isDigits } from "./mark.js";
import { main } from "./view.js";
import { trimmed } from "./words.js";

const AWAY = { zh: "没有网络", en: "No network" };
const SCAN = "/scan";

/** The text of the code that an address is about: a mark's page, or the one code that the camera read. */
function markOf({ origin, pathname, searchParams }) {
  const digits = pathname.replace(/^\/m\/+/, "").replace(/\/+$/, "");
  // Its keys are this site's, under whichever name it was opened.
  if (pathname.startsWith("/m/")) return isDigits(digits) ? digits : origin + pathname;
  const codes = pathname === SCAN ? searchParams.getAll("code").map(trimmed) : [];
  return codes.length === 1 && isMarkText(codes[0]) ? codes[0] : undefined;
}

export class StandIn {
  /** For the page of that address. What is answered goes before everything else where the address is about a mark. */
  constructor(address, answer) {
    this.away = document.getElementById("away");
    this.host = address.host;
    /** The code to begin with, if any. */
    this.text = markOf(address);
    /** Whether a photo may have been handed in there. */
    this.takesPhotos = address.pathname === SCAN;
    this.away.hidden = false;
    document.querySelector(".printed").remove();
    const other = new URL(address);
    other.searchParams.set("lang", document.documentElement.lang === "en" ? "zh" : "en");
    document.querySelector("a.lang").href = other.href;
    const isFirst = this.text !== undefined || this.takesPhotos;
    document.querySelector("main").prepend(...(isFirst ? [answer, this.away] : [this.away]));
    this.beside({});
  }

  #part(name, is) {
    this.away.querySelector(`.of-${name}`).hidden = !is;
  }

  /** Says what goes with an answer: what was found, by which list of marks; or why there is none. */
  beside({ found, marks, said }) {
    const isMark = Boolean(found?.standsIn);
    this.#part("mark", isMark && marks);
    this.#part("mark-alone", isMark && !marks);
    this.#part("page", this.text === undefined && !isMark);
    this.#part("genuine", isMark && found.genuine && found.verdict !== "invalid");
    this.#part("bad", isMark && found.verdict === "invalid");
    this.#part("none", said);
    this.away.querySelector(".of-none").textContent = said ? main(said) : "";
    document.title = `${document.getElementById("verdict")?.firstChild.textContent ?? main(AWAY)} · ${this.host}`;
  }
}
