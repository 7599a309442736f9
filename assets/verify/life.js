// A certificate's life: which change may follow which, and its standing at an instant (docs/SPEC-events.md, "Which state
// follows which"; docs/SPEC-verdict.md).

import { Refusal } from "./refusal.js";
import { chinaDay, dayAfter, dayStart } from "./time.js";
import { REASONS, STANDINGS } from "./words.js";
import { draft, inTheFuture } from "./verdict.js";

const WORST_FIRST = [...STANDINGS.keys()];

/** A life formed from its steps, oldest first; refused where no rule explains their order. */
export function formLife(terms, steps) {
  const life = { terms, steps: [], takenBack: new Map() };
  let state;
  for (const step of steps) {
    if (state && step.change === "corrected") {
      const places = takenBackBy(life, step);
      state = stateWithout(life, places);
      for (const place of places) life.takenBack.set(place, step.recordedAt);
    } else {
      state = follow(state, step, succession(life.steps));
    }
    life.steps.push(step);
  }
  if (!state) refuse("there are no entries");
  return life;
}

function refuse(why) {
  throw new Refusal("not_a_life", why);
}

const succession = (steps) => steps.find((step) => step.change === "superseded");

/** The state after one more step, of a certificate with that successor on record. */
function follow(state, step, next) {
  if (!state) return step.change === "issued" ? "in_force" : refuse("it was not issued yet");
  if (next && (step.recordedAt >= next.effectiveAt || step.effectiveAt >= next.effectiveAt)) {
    refuse("another has taken its place");
  }
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

/**
 * The steps that count, with their places, as known at an instant (always, without one): not the errata, nor what an erratum on
 * record then takes back.
 */
function counted({ steps, takenBack }, knownAt) {
  const known = (instant) => knownAt === undefined || instant <= knownAt;
  const isTaken = (place) => takenBack.has(place) && known(takenBack.get(place));
  const all = steps.map((step, place) => ({ step, place }));
  return all.filter(({ step, place }) => known(step.recordedAt) && step.change !== "corrected" && !isTaken(place));
}

/** The places of the steps that an erratum takes back: the one it names, and with a suspension the reinstatement that lifted it. */
function takenBackBy(life, erratum) {
  const place = erratum.corrects;
  const change = life.steps[place]?.change ?? refuse("there is no such step to take back");
  if (erratum.effectiveAt !== erratum.recordedAt) refuse("an erratum counts from when it is recorded");
  if (life.takenBack.has(place)) refuse("the step was taken back already");
  if (change === "surveyed") return [place];
  if (["issued", "superseded", "corrected"].includes(change)) refuse(`a step ${change} is never taken back`);
  const changesState = (step) => step.change !== "surveyed" && step.change !== "superseded";
  const next = counted(life).find((later) => later.place > place && changesState(later.step));
  if (!next) return [place];
  if (change === "suspended" && next.step.change === "reinstated") return [place, next.place];
  return refuse("only the latest change is taken back");
}

/** The state that is left without these steps: whatever else counts must follow still. */
function stateWithout(life, places) {
  let state;
  for (const { step, place } of counted(life).filter((one) => !places.includes(one.place))) {
    state = follow(state, step, succession(life.steps.slice(0, place)));
  }
  return state;
}

/** Standing at an instant from what was on record at another, since when, and by which step; nothing where it was not on record. */
export function standingAt(life, asOf, knownAt) {
  const { terms, steps } = life;
  if (steps[0].recordedAt > knownAt) return undefined;
  const told = counted(life, knownAt)
    .map(({ step }) => step)
    .filter((step) => step.effectiveAt <= asOf);
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

const newestOf = (life) => life.steps.at(-1).recordedAt;

/** Until when a life that the log proves is told: all of it counts, also by a clock that is slow. */
export const knownUntil = (life, now) => (newestOf(life) > now ? newestOf(life) : now);

/** The check `status` from a life that the log proves: it knows of what was recorded until its newest step. */
export function statusOfLife(life, asOf, now) {
  const newest = newestOf(life);
  const check = draft("status", "log", newest < now ? newest : now);
  const found = standingAt(life, asOf, knownUntil(life, now));
  if (!found) {
    const en = "at that time the register did not have this certificate yet";
    return check.unknown("not_on_record_then", "那时登记簿上还没有这张证书", en);
  }
  const { standing, step } = found;
  // A suspension may be lifted, as what is valid may be suspended; what has ended has.
  if (asOf > now && (standing === "valid" || standing === "suspended")) return inTheFuture(check);
  if (standing === "valid") return check.ok("valid", "没有暂停、撤销或注销", "not suspended, withdrawn or cancelled");
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
