// <starmark-badge certificate="16 digits" lang="zh|en">: how a certificate stands now, or that this cannot be told. Styles are set
// on elements, so that a site's policy need allow none.
const BASE = new URL(import.meta.url).origin;
/** In ms: when a page that is shown again asks again, and how long an answer is waited for. */
const [STALE, PATIENCE] = [300_000, 10_000];
const BOX = "display:block;box-sizing:border-box;width:324px;max-width:100%;min-height:144px;padding:14px;border:1px dashed;border-radius:6px;background:#fff;color:#4b5560;font:14px/1.5 sans-serif";
const STANDING = {
  valid: ["有效", "In force"],
  suspended: ["暂停", "Suspended"],
  withdrawn: ["已撤销", "Withdrawn"],
  cancelled: ["已注销", "Cancelled"],
  superseded: ["已换证", "Superseded"],
  expired: ["已到期", "Expired"],
  not_yet_effective: ["尚未生效", "Not yet in force"],
  undetermined: ["无法判断", "Cannot tell"],
};
const LEVEL = { five_star: "五星级", four_star: "四星级", three_star: "三星级", qualified: "达标级" };
const ASKING = ["正在查证书的状态……", "Asking how the certificate stands…"];
const UNABLE = ["现在查不到证书的状态，无法判断是否有效。", "How the certificate stands cannot be told now."];
const MISSING = ["查无此证：登记簿上没有证书 ", "No such record: there is no certificate "];
const WRONG = ["certificate 要写证书的 16 位数字。", "certificate takes 16 digits."];
const NUMBER = ["证书编号 ", "certificate "];
const OPENS = ["在新窗口打开", "opens a new window"];

async function ask(id, signal) {
  const how = { cache: "no-store", credentials: "omit", referrerPolicy: "no-referrer", signal };
  const answer = await fetch(`${BASE}/api/v1/certificates/${id}`, how);
  const told = await answer.json();
  if (answer.status === 404 && /^(no_such_certificate|bad_identifier)$/.test(told.code)) return null;
  told.now = told.standing ?? "undetermined";
  const whole = answer.ok && told.id === id && Object.keys(STANDING).includes(told.now);
  if (whole && (told.verdict === "valid") === (told.now === "valid")) return told;
  throw Error("not understood");
}

class StarmarkBadge extends HTMLElement {
  static observedAttributes = ["certificate", "lang"];
  root = this.attachShadow({ mode: "open" });
  turn = 0;
  again = () => document.hidden || Date.now() - this.at < STALE || this.show();

  connectedCallback() {
    document.addEventListener("visibilitychange", this.again);
    this.show();
  }
  disconnectedCallback() {
    document.removeEventListener("visibilitychange", this.again);
  }
  attributeChangedCallback() {
    this.show();
  }

  async show() {
    const turn = ++this.turn;
    await null; // attributes that are set together are one question
    if (turn !== this.turn || !this.isConnected) return;
    this.at = Date.now();
    const n = +/^en/i.test(this.closest("[lang]")?.lang);
    const lang = n ? "en" : "zh";
    const id = this.getAttribute("certificate")?.replace(/[\s-]/g, "");
    const page = /^\d{16}$/.test(id) && `${BASE}/c/${id}?lang=${lang}`;
    const put = (element, style) => {
      if (turn !== this.turn) return;
      const link = document.createElement("a");
      if (page) Object.assign(link, { href: page, target: "_blank", rel: "noopener noreferrer" });
      link.style.cssText = "display:inline-block;max-width:100%";
      element.style.cssText = style;
      link.append(element);
      this.root.replaceChildren(link);
    };
    const say = (textContent) => put(Object.assign(document.createElement("span"), { textContent }), BOX);
    if (!page) return say(WRONG[n]);
    say(ASKING[n]);
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), PATIENCE);
    try {
      const told = await ask(id, stop.signal);
      if (!told) return say(MISSING[n] + id);
      const level = told.now === "valid" && (n ? told.level.replace("_", "-") : LEVEL[told.level]);
      const facts = [STANDING[told.now][n], told.holder, level, NUMBER[n] + told.number, OPENS[n]];
      const alt = facts.filter(Boolean).join(n ? ", " : "，");
      const picture = Object.assign(new Image(324, 144), { alt, referrerPolicy: "no-referrer" });
      // With its standing in the address, none of another standing comes from a cache.
      picture.src = `${BASE}/c/${id}/badge.svg?lang=${lang}&as=${told.now}`;
      await picture.decode();
      put(picture, "display:block;max-width:100%;height:auto");
    } catch {
      say(UNABLE[n]);
    }
    clearTimeout(timer);
  }
}

customElements.get("starmark-badge") ?? customElements.define("starmark-badge", StarmarkBadge);
