// The words of the scheme, each with the one form it has in what is signed: identifiers, names, numbers, codes, levels, reasons.

import { isObject } from "./jcs.js";

const UNSEEN =
  /[\p{Cc}\p{Noncharacter_Code_Point}\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\u{e0000}-\u{e0fff}]/u;
const DASH =
  /[\u02d7\u06d4\u2500\u2796\u30fc\u058a\u05be\u1400\u1806\u2010-\u2015\u2043\u2053\u2212\u2e17\u2e1a\u2e3a\u2e3b\u2e40\u2e5d\u30a0\u{10ead}]/u;
const BLANK_AT_AN_END = /^\p{White_Space}|\p{White_Space}$/u;
const NUMBER = /^[\p{Alphabetic}\p{N}\-/._()#*]{1,40}$/u;
const NOT_ALPHANUMERIC = /[^\p{Alphabetic}\p{N}]/gu;
const USCC = "0123456789ABCDEFGHJKLMNPQRTUWXY";
const USCC_WEIGHTS = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];
const HOST_MAX = 13;
const HOST_LABEL = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;

export const ID_DIGITS = 16;
export const NAME_MAX = 120;
export const ADDRESS_MAX = 200;
export const SCOPE_MAX = 600;

const bilingual = (zh, en) => Object.freeze({ zh, en });

/** The levels there are, by wire name. */
export const LEVELS = new Map([
  ["qualified", bilingual("达标级", "qualified")],
  ["three_star", bilingual("三星级", "three-star")],
  ["four_star", bilingual("四星级", "four-star")],
  ["five_star", bilingual("五星级", "five-star")],
]);
const LEVEL_OF_STARS = new Map([
  [0, "qualified"],
  [3, "three_star"],
  [4, "four_star"],
  [5, "five_star"],
]);

/** The level with that many stars; nothing for a number no level has. */
export const levelOfStars = (stars) => LEVEL_OF_STARS.get(stars);

/** Standings, the worst first: of several that hold at once the first counts. */
export const STANDINGS = new Map([
  ["withdrawn", bilingual("已撤销", "Withdrawn")],
  ["cancelled", bilingual("已注销", "Cancelled")],
  ["superseded", bilingual("已换证", "Superseded")],
  ["expired", bilingual("已到期", "Expired")],
  ["suspended", bilingual("暂停", "Suspended")],
  ["not_yet_effective", bilingual("尚未生效", "Not yet in force")],
  ["valid", bilingual("有效", "In force")],
]);

export const ROLES = new Set(["registrar", "decision_maker", "mark_officer", "reader", "operator", "system"]);

/** Reasons by change; the same code has another meaning under another change. */
export const REASONS = {
  suspended: new Map([
    ["0111", bilingual("持续或严重不满足认证要求", "persistent or serious failure to meet the requirements")],
    ["0112", bilingual("未履行认证合同义务", "duties of the certification contract not met")],
    ["0113", bilingual("有效期内受到主管部门处罚", "penalised by an authority during validity")],
    ["0114", bilingual("地方认证监管部门发现问题", "found by the local certification authority")],
    ["0115", bilingual("资质证照到期，换证已受理尚未批准", "licence expired, renewal accepted but not yet granted")],
    ["0116", bilingual("持证组织主动申请暂停", "the holder asked for it")],
    ["0117", bilingual("发生重大事故，反映重大缺陷", "major accident showing a major defect")],
    ["0118", bilingual("能耗限值不符合要求", "energy limits not met")],
    ["0199", bilingual("其他严重不符合未按期纠正", "other serious nonconformity not corrected in time")],
    ["surveillance_overdue", bilingual("逾期未接受监督审查", "surveillance overdue")],
  ]),
  withdrawn: new Map([
    ["0101", bilingual("审查未通过", "evaluation not passed")],
    ["0111", bilingual("法律地位被注销或撤销", "legal status cancelled or revoked")],
    ["0112", bilingual("拒绝监督或提供虚假材料", "refused supervision or gave false material")],
    [
      "0113",
      bilingual("经主管部门确认的重大质量安全事故", "major quality or safety accident confirmed by an authority"),
    ],
    ["0114", bilingual("其他严重违法行为并受处罚", "other serious breach of law, penalised")],
    ["0115", bilingual("暂停期满，问题未解决", "suspension ended with its cause not resolved")],
    ["0116", bilingual("不再运行服务体系", "service system no longer run")],
    [
      "0117",
      bilingual(
        "违规使用认证信息，情节严重或逾期未改正",
        "misuse of certification information, serious or not corrected",
      ),
    ],
    ["0120", bilingual("被新证书替代", "replaced by a new certificate")],
    ["0121", bilingual("未履行认证合同义务", "duties of the certification contract not met")],
    ["0122", bilingual("持证组织放弃认证", "the holder gave up certification")],
    ["0199", bilingual("其他", "other")],
  ]),
  cancelled: new Map([
    ["holder_request", bilingual("应持证组织申请注销", "at the holder's request")],
    ["holder_gone", bilingual("持证组织已终止", "the holder no longer exists")],
  ]),
  superseded: new Map([
    ["recertified", bilingual("再认证换发新证", "recertified")],
    ["level_changed", bilingual("级别变更换发新证", "level changed")],
    ["scope_changed", bilingual("范围变更换发新证", "scope changed")],
    ["holder_changed", bilingual("名称或地址变更换发新证", "name or address changed")],
    ["reissued", bilingual("更正换发新证", "re-issued with a correction")],
  ]),
  corrected: new Map([
    ["wrong_certificate", bilingual("登记到了别的证书上", "meant for another certificate")],
    ["wrong_reason", bilingual("登记的原因有误", "recorded with the wrong reason")],
    ["wrong_dates", bilingual("登记的日期有误", "recorded with wrong dates")],
    ["wrong_outcome", bilingual("登记的监督结果有误", "recorded with the wrong outcome of a surveillance")],
    ["not_decided", bilingual("没有作出这项决定", "nothing of the kind was decided")],
    ["overturned", bilingual("原决定经申诉、复议或诉讼被撤销", "the decision was overturned on appeal")],
    ["other", bilingual("其他登记错误", "another error of the register")],
  ]),
};

const length = (text) => [...text].length;

/** A text without the blanks at its ends. What is unseen but no blank (U+FEFF, say) stays. */
export const trimmed = (text) => text.replace(/^\p{White_Space}+|\p{White_Space}+$/gu, "");

/** A text as it is shown: nothing unseen in it, every blank a plain space, none at its ends. */
export const isSeen = (text) =>
  typeof text === "string" &&
  text !== "" &&
  !UNSEEN.test(text) &&
  !/[^\P{White_Space} ]/u.test(text) &&
  !/^ | $/.test(text);

/** A one-line text in normal form (NFC) of at most that many characters. */
export const isText = (longest) => (text) =>
  typeof text === "string" &&
  text !== "" &&
  length(text) <= longest &&
  !BLANK_AT_AN_END.test(text) &&
  text.normalize("NFC") === text &&
  !UNSEEN.test(text);

export const isName = isText(NAME_MAX);
export const isAddress = isText(ADDRESS_MAX);
export const isScope = isText(SCOPE_MAX);

/** A certificate number in normal form: half-width, upper case, plain hyphens, no spaces, and not of an identifier's form. */
export const isNumber = (text) =>
  typeof text === "string" &&
  NUMBER.test(text) &&
  text.normalize("NFKC") === text &&
  text.toUpperCase() === text &&
  !UNSEEN.test(text) &&
  !DASH.test(text) &&
  !isIdentifier(text.replace(NOT_ALPHANUMERIC, ""));

/** The check character that completes 17 values (GB 32100-2015). */
export function usccCheck(values) {
  const sum = values.reduce((total, value, i) => total + value * USCC_WEIGHTS[i], 0);
  return USCC[(31 - (sum % 31)) % 31];
}

/** A unified social credit code (GB 32100-2015) with a right check character. */
export function isUscc(text) {
  if (typeof text !== "string" || text.length !== 18) return false;
  const values = [...text].map((character) => USCC.indexOf(character));
  return !values.includes(-1) && text[17] === usccCheck(values.slice(0, 17));
}

/** The code whose first 17 characters are this number to the base 31; nothing beyond 17 characters. */
export function usccOf(number) {
  const values = [];
  for (let i = 0, rest = number; i < 17; i += 1, rest /= 31n) values.unshift(Number(rest % 31n));
  if (number >= 31n ** 17n) return undefined;
  return values.map((value) => USCC[value]).join("") + usccCheck(values);
}

/** The check digit of decimal digits (ISO/IEC 7064 MOD 11,10). */
function checkDigit(digits) {
  const product = [...digits].reduce((p, digit) => (((p + Number(digit)) % 10 || 10) * 2) % 11, 10);
  return String((11 - product) % 10);
}

/** The 16 digits of a certificate or a mark: 48 bits in 15 digits, and a check digit. */
export function isIdentifier(text) {
  if (typeof text !== "string" || !/^\d{16}$/.test(text)) return false;
  const body = text.slice(0, -1);
  return text.endsWith(checkDigit(body)) && BigInt(body) < 1n << 48n;
}

/** The identifier of six bytes. */
export function identifierOf(number) {
  const body = String(number).padStart(ID_DIGITS - 1, "0");
  return body + checkDigit(body);
}

/** A verification host: lower-case DNS labels, no port, at most 13 characters. */
export const isHost = (text) =>
  typeof text === "string" && text.length <= HOST_MAX && text.split(".").every((label) => HOST_LABEL.test(label));

export const isDigest = (text) => typeof text === "string" && /^[0-9a-f]{64}$/.test(text);

/** Whether an object has exactly these members, each as its test wants it. A name that ends in `?` may be absent. */
export function fits(value, members) {
  if (!isObject(value)) return false;
  const tests = Object.entries(members).map(([name, test]) => [name.replace(/\?$/, ""), name.endsWith("?"), test]);
  const known = new Set(tests.map(([name]) => name));
  const holds = ([name, optional, test]) => (Object.hasOwn(value, name) ? test(value[name]) : optional);
  return Object.keys(value).every((name) => known.has(name)) && tests.every(holds);
}

export const isHolder = (value) => fits(value, { name: isName, uscc: isUscc, address: isAddress });
export const isSite = (value) => fits(value, { name: isName, address: isAddress });
export const isString = (value) => typeof value === "string";
export const isCount = (most) => (value) => typeof value === "number" && value >= 0 && value <= most;
export const isListOf = (test) => (value) => Array.isArray(value) && value.every((item) => test(item));
export const isOneOf = (words) => (value) => words.has(value);
