// A certificate's life: which change may follow which, and its standing at an instant (docs/SPEC-events.md, "Which state
// follows which"; docs/SPEC-verdict.md).

import { Refusal } from "./refusal.js";
import { chinaDay, dayAfter, dayStart } from "./time.js";
import { REASONS, STANDINGS } from "./words.js";
import { draft, inTheFuture } from "./verdict.js";

const WORST_FIRST = [...STANDINGS.keys()];

/** A life formed from its steps, oldest first; refused where no rule explains their order. */
export function formLife(terms, steps) {
  let state;
  steps.forEach((step, i) => {
    state = follow(state, step, steps.slice(0, i));
  });
  if (!state) throw new Refusal("not_issued", "there are no entries");
  return { terms, steps };
}

const succession = (steps) => steps.find((step) => step.change === "superseded");

function follow(state, step, before) {
  const refuse = (why) => {
    throw new Refusal("not_a_life", `${step.change}: ${why}`);
  };
  if (!state) return step.change === "issued" ? "in_force" : refuse("it was not issued yet");
  const next = succession(before);
  if (next && (step.recordedAt >= next.effectiveAt || step.effectiveAt >= next.effectiveAt))
    refuse("another has taken its place");
  if (next && step.change === "superseded") refuse("another is to take its place already");
  if (state === "ended") refuse("it has ended");
  const suspended = state === "suspended";
  switch (step.change) {
    case "surveyed":
      return state;
    case "suspended":
      return suspended ? refuse("it is suspended already") : "suspended";
    case "reinstated":
      return suspended ? "in_force" : refuse("it is not suspended");
    case "superseded":
      return suspended ? refuse("it is suspended") : state;
    case "withdrawn":
    case "cancelled":
      return "ended";
    default:
      return refuse("it is issued already");
  }
}

/** Standing at an instant from what was on record at another, since when, and by which step; nothing where it was not on record. */
export function standingAt({ terms, steps }, asOf, knownAt) {
  if (steps[0].recordedAt > knownAt) return undefined;
  const told = steps.filter((step) => step.recordedAt <= knownAt && step.effectiveAt <= asOf);
  const ended = told.filter((step) => ["withdrawn", "cancelled", "superseded"].includes(step.change));
  const found = ended.map((step) => ({ standing: step.change, since: step.effectiveAt, step }));
  const [begins, ends] = [dayStart(terms.issued_on), dayAfter(terms.valid_until)];
  if (asOf >= ends) found.push({ standing: "expired", since: ends });
  const last = told.findLast((step) => step.change === "suspended" || step.change === "reinstated");
  if (last?.change === "suspended") found.push({ standing: "suspended", since: last.effectiveAt, step: last });
  if (asOf < begins) found.push({ standing: "not_yet_effective", since: steps[0].recordedAt });
  found.push({ standing: "valid", since: begins });
  return WORST_FIRST.map((word) => found.find((one) => one.standing === word)).find(Boolean);
}

/** The check `status` from a life that the log proves. */
export function statusOfLife(life, asOf, now) {
  const check = draft("status", "log", now);
  const found = standingAt(life, asOf, now);
  if (!found) {
    const en = "at that time the register did not have this certificate yet";
    return check.unknown("not_on_record_then", "那时登记簿上还没有这张证书", en);
  }
  const { standing, step } = found;
  if (standing === "valid") {
    return asOf > now
      ? inTheFuture(check)
      : check.ok("valid", "没有暂停、撤销或注销", "not suspended, withdrawn or cancelled");
  }
  const from = life.terms.issued_on;
  if (standing === "not_yet_effective")
    return check.failed(standing, `${from} 起才生效`, `takes effect on ${from} only`);
  const since = chinaDay(found.since);
  const word = STANDINGS.get(standing);
  const reason = step && REASONS[step.change]?.get(step.reason);
  return check.failed(
    standing,
    `${since} 起${word.zh}${reason ? `：${reason.zh}` : ""}`,
    `${word.en.toLowerCase()} since ${since}${reason ? `: ${reason.en}` : ""}`,
  );
}
