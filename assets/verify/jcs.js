// Canonical JSON (RFC 8785) and the strict reader in front of it (docs/SPEC-certificate.md, "Strict JSON").

import { fromUtf8, sha256, utf8 } from "./bytes.js";
import { Refusal } from "./refusal.js";

const MAX_BYTES = 1 << 20;
const MAX_DEPTH = 32;
const MAX_NUMBER_LENGTH = 64;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const SPACE = /[ \t\n\r]*/y;
const LONE_SURROGATE = /\p{Surrogate}/u;
const NONCHARACTER = /\p{Noncharacter_Code_Point}/u;

/**
 * A number written with a point or an exponent, or beyond 64 bits. Nothing we sign has one; it is a class of its own so that
 * 3.0 is never taken for 3.
 */
export class Decimal {
  constructor(value) {
    this.value = value;
  }
}

export const isObject = (value) =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Decimal);

/** What stands at the end of these members, each of an object; nothing where one is missing. */
export function at(value, ...members) {
  return members.reduce(
    (found, name) => (isObject(found) && Object.hasOwn(found, name) ? found[name] : undefined),
    value,
  );
}

export const without = (object, member) => {
  const { [member]: _, ...rest } = object;
  return Object.assign(Object.create(null), rest);
};

/** Reads one JSON text from bytes. Objects come without a prototype. */
export function parseStrict(bytes, most = MAX_BYTES) {
  if (bytes.length > most) throw new Refusal("json_too_large", `the document has more than ${most} bytes`);
  const text = fromUtf8(bytes);
  if (text === undefined) throw new Refusal("json_utf8", "the document is not UTF-8");
  return new Reader(text).whole();
}

class Reader {
  #text;
  #at = 0;

  constructor(text) {
    this.#text = text;
  }

  whole() {
    const value = this.#value(0);
    this.#space();
    if (this.#at !== this.#text.length) this.#syntax();
    return value;
  }

  #syntax() {
    throw new Refusal("json_syntax", `the document is not JSON at character ${this.#at}`);
  }

  #match(pattern) {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }

  #space() {
    this.#match(SPACE);
  }

  #take(character) {
    this.#space();
    const there = this.#text[this.#at] === character;
    if (there) this.#at += 1;
    return there;
  }

  #value(depth) {
    this.#space();
    switch (this.#text[this.#at]) {
      case "{":
        return this.#object(this.#deeper(depth));
      case "[":
        return this.#array(this.#deeper(depth));
      case '"':
        return this.#string();
      case "t":
        return this.#word("true", true);
      case "f":
        return this.#word("false", false);
      case "n":
        return this.#word("null", null);
      default:
        return this.#number();
    }
  }

  #deeper(depth) {
    if (depth >= MAX_DEPTH) throw new Refusal("json_too_deep", `the document nests deeper than ${MAX_DEPTH} levels`);
    this.#at += 1;
    return depth + 1;
  }

  #word(word, value) {
    if (!this.#text.startsWith(word, this.#at)) this.#syntax();
    this.#at += word.length;
    return value;
  }

  #array(depth) {
    const items = [];
    if (this.#take("]")) return items;
    do items.push(this.#value(depth));
    while (this.#take(","));
    if (!this.#take("]")) this.#syntax();
    return items;
  }

  #object(depth) {
    const members = Object.create(null);
    if (this.#take("}")) return members;
    do {
      this.#space();
      if (this.#text[this.#at] !== '"') this.#syntax();
      const name = this.#string();
      if (Object.hasOwn(members, name))
        throw new Refusal("json_duplicate_member", `the member “${shown(name)}” stands twice`);
      if (!this.#take(":")) this.#syntax();
      members[name] = this.#value(depth);
    } while (this.#take(","));
    if (!this.#take("}")) this.#syntax();
    return members;
  }

  #string() {
    const begin = this.#at;
    for (let i = begin + 1; ; i += this.#text[i] === "\\" ? 2 : 1) {
      if (i >= this.#text.length) this.#syntax();
      if (this.#text[i] === '"') {
        this.#at = i + 1;
        break;
      }
    }
    let text;
    try {
      text = JSON.parse(this.#text.slice(begin, this.#at));
    } catch {
      this.#syntax();
    }
    if (LONE_SURROGATE.test(text)) this.#syntax();
    if (NONCHARACTER.test(text)) throw new Refusal("json_character", "the document holds what is no character");
    return text;
  }

  #number() {
    const token = this.#match(NUMBER);
    if (!token) this.#syntax();
    if (!isExact(token))
      throw new Refusal("json_number", `the number ${shown(token)} is not read alike by every reader`);
    const value = Number(token);
    const integer = /^-?\d+$/.test(token) && value >= -(2 ** 63) && value < 2 ** 64;
    return integer ? value : new Decimal(value);
  }
}

/** Whether a number denotes, as a decimal, exactly what its canonical form denotes. */
function isExact(token) {
  const double = Number(token);
  if (token.length > MAX_NUMBER_LENGTH || !Number.isFinite(double) || Object.is(double, -0)) return false;
  return decimal(token) === decimal(String(double));
}

/** A decimal in one writing: sign, digits without zeros at either end, power of ten. */
function decimal(token) {
  const [, sign, whole, fraction = "", exponent = "0"] = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(token);
  const digits = (whole + fraction).replace(/0+$/, "");
  if (digits === "") return `${sign}0`;
  const moved = whole.length - digits.length;
  return `${sign}${digits.replace(/^0+/, "")}e${BigInt(exponent) + BigInt(moved)}`;
}

/** What was given, shortened for a message. */
export const shown = (text) => ([...text].length > 60 ? `${[...text].slice(0, 60).join("")}…` : text);

/** The canonical text of a value (RFC 8785). */
export function canonical(value, depth = 0) {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "string") return quoted(value);
  if (typeof value === "number") return numeral(value);
  if (value instanceof Decimal) return numeral(value.value);
  if (typeof value !== "object") throw new Refusal("json_syntax", "there is something that JSON does not have");
  if (depth >= MAX_DEPTH) throw new Refusal("json_too_deep", `the document nests deeper than ${MAX_DEPTH} levels`);
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item, depth + 1)).join(",")}]`;
  // The order of UTF-16 code units, which is that of JavaScript.
  const members = Object.keys(value).sort();
  return `{${members.map((name) => `${quoted(name)}:${canonical(value[name], depth + 1)}`).join(",")}}`;
}

function quoted(text) {
  if (LONE_SURROGATE.test(text)) throw new Refusal("json_syntax", "a text holds half a character");
  return JSON.stringify(text);
}

function numeral(number) {
  if (!Number.isFinite(number)) throw new Refusal("json_number", "a number is not finite");
  return JSON.stringify(number);
}

export const canonicalBytes = (value) => utf8(canonical(value));

/** SHA-256 of the canonical bytes. */
export const canonicalDigest = (value) => sha256(canonicalBytes(value));

/** Whether two values have the same canonical text. */
export const same = (one, other) => one !== undefined && other !== undefined && canonical(one) === canonical(other);
