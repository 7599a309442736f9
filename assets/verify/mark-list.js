// How a mark stands by a list of marks that was kept (docs/SPEC-status.md, "The list of marks"; docs/SPEC-verdict.md, "Checks with a
// list of marks"). A list never makes an answer a better one.

import { canonical, isObject, parseStrict, without } from "./jcs.js";
import { verifyIssued } from "./proof.js";
import { Refusal } from "./refusal.js";
import { floorSecond, parseInstant, toText } from "./time.js";
import { claimed, draft, keyWindow } from "./verdict.js";
import { isIdentifier, isListOf } from "./words.js";

const TYPE = "starmark-mark-list";
const BYTES_MAX = 16 << 20;
/** The states told, in their order. */
const TOLD = ["frozen", "ended", "replaced", "revoked", "under_investigation", "not_understood"];

const isMarks = (marks) =>
  isObject(marks) && Object.entries(marks).every(([state, ids]) => TOLD.includes(state) && isListOf(isIdentifier)(ids));

function document(host, { asOf, marks }) {
  const groups = {};
  for (const state of TOLD) {
    const ids = [...marks].filter(([, told]) => told === state).map(([id]) => id);
    if (ids.length > 0) groups[state] = ids.sort();
  }
  return { type: TYPE, version: 1, issuer: `did:web:${host}`, as_of: toText(asOf), marks: groups };
}

/** Reads the bytes of a list, and verifies that the body signed it with a key that counts. */
export async function readMarkList(bytes, keys, now) {
  const signed = parseStrict(bytes, BYTES_MAX);
  const evidence = await verifyIssued("credential", signed, keys);
  const window = keyWindow(evidence.key, claimed(evidence.created), now);
  // One that seems to be of a time to come proves that the clock is behind, and nothing against the list.
  if (window.result !== "ok" && window.code !== "signed_in_the_future") throw new Refusal("mark_list_key", window.message);
  const { type, version, issuer, as_of: text, marks: groups } = signed;
  const asOf = parseInstant(text);
  const ours = type === TYPE && version === 1 && issuer === keys.did && isMarks(groups) && asOf !== undefined;
  const marks = new Map(ours ? Object.entries(groups).flatMap(([state, ids]) => ids.map((id) => [id, state])) : []);
  const list = { asOf, marks };
  const same = () => canonical(document(keys.host, list)) === canonical(without(signed, "proof"));
  if (!ours || floorSecond(asOf) !== asOf || !same())
    throw new Refusal("not_a_mark_list", `this is not a list of marks of ${keys.host}`);
  return list;
}

const FAILED = {
  frozen: ["mark_frozen", "已停用", "out of use for the time being"],
  ended: ["mark_ended", "许可已终止", "its licence ended"],
  replaced: ["mark_replaced", "已由新标志取代", "replaced by a new mark"],
  revoked: ["mark_revoked", "已撤销许可", "its licence taken back"],
};

/** The check `status` of a mark; nothing where the question is about a time before the list and the mark does not stand in it. */
export function statusInList({ asOf: of, marks }, mark, asOf, now) {
  const check = draft("status", "mark_list", of < now ? of : now);
  const state = marks.get(mark);
  const day = toText(of);
  // A question about now is about the list's time too, whatever this device's clock shows.
  if (asOf < of && asOf !== now) {
    if (state === undefined) return undefined;
    const en = `it stands in the list of marks of ${day}, which does not tell since when`;
    return check.unknown("mark_listed_later", `${day} 的标志清单里有它，清单没有说从什么时候起`, en);
  }
  if (state === undefined) {
    const open = check.unknown(
      "mark_not_listed",
      `${day} 没有停用；后来有没有被暂停或撤销，不能排除`,
      `not out of use at ${day}; that it has been suspended or withdrawn since cannot be ruled out`,
    );
    return { ...open, required: asOf > now };
  }
  if (state === "under_investigation") {
    const en = `the certification body was looking into reports that it is misused, by the list of marks of ${day}`;
    return check.unknown("mark_under_investigation", `${day} 的标志清单里：发证机构在调查它是否被冒用`, en);
  }
  if (state === "not_understood") {
    const en = `the list of marks of ${day} cannot tell how it stands`;
    return check.unknown("recorded_by_newer_version", `${day} 的标志清单说不清它的状态`, en);
  }
  const [code, zh, en] = FAILED[state];
  return check.failed(code, `${day} 的标志清单里${zh}`, `${en}, by the list of marks of ${day}`);
}
