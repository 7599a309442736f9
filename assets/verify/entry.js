// Entries of the public log about certificates (docs/SPEC-log.md, docs/SPEC-events.md): one text for one event, and back.

import { at } from "./jcs.js";
import { Refusal } from "./refusal.js";
import { isDay, isInstant, parseInstant } from "./time.js";
import { REASONS, ROLES, fits, isCount, isIdentifier, isOneOf, isString } from "./words.js";

const reasonOf = (change) => isOneOf(REASONS[change]);

/** The members of each change, besides those of every entry. */
const CHANGES = {
  issued: { record_sha256: isString },
  surveyed: { on_site_ended_on: isDay, outcome: isOneOf(new Set(["passed", "failed"])), next_due_on: isDay },
  suspended: { reason: reasonOf("suspended"), confirmed_on: isDay, until: isDay },
  reinstated: { passed_on: isDay },
  withdrawn: { reason: reasonOf("withdrawn") },
  cancelled: { reason: reasonOf("cancelled") },
  superseded: { by: isIdentifier, reason: reasonOf("superseded") },
  corrected: { corrects: isCount(2 ** 32 - 1), reason: reasonOf("corrected") },
};

/** Reads an entry of a certificate's life as a step of it. What says more or other than this version knows is refused. */
export function readStep(entry) {
  const change = at(entry, "change");
  const known = isString(change) && Object.hasOwn(CHANGES, change);
  const members = {
    subject: (subject) => subject === "certificate",
    id: isIdentifier,
    change: () => known,
    effective_at: isInstant,
    recorded_at: isInstant,
    actor: isOneOf(ROLES),
  };
  if (!known || !fits(entry, { ...members, ...CHANGES[change] })) {
    throw new Refusal("entry_unreadable", "this is no entry of the log: it says more than this version can read");
  }
  return { ...entry, effectiveAt: parseInstant(entry.effective_at), recordedAt: parseInstant(entry.recorded_at) };
}
