// Instants and days. An instant is a count of nanoseconds since 1970 (BigInt); a day is its text, YYYY-MM-DD, a calendar day
// in China (UTC+8, no summer time).

const SECOND = 1_000_000_000n;
const MILLISECOND = 1_000_000n;
const CHINA = 8n * 3600n * SECOND;
const DAY_MS = 86_400_000;
const RFC3339 = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))$/;
/** Last instant that is told: 9999-12-30T22:00:00.999999999Z. */
const LAST = BigInt(Date.UTC(9999, 11, 30, 22)) * MILLISECOND + SECOND - 1n;

const earliest = (a, b) => (a < b ? a : b);

/** Days since 1970 of a day's text; nothing where there is no such day. */
function dayNumber(day) {
  const parts = typeof day === "string" && /^(\d{4})-(\d\d)-(\d\d)$/.exec(day);
  if (!parts) return undefined;
  const [year, month, date] = parts.slice(1).map(Number);
  const moment = new Date(0);
  moment.setUTCFullYear(year, month - 1, date);
  return moment.getUTCMonth() === month - 1 && moment.getUTCDate() === date ? moment.getTime() / DAY_MS : undefined;
}

export const isDay = (text) => dayNumber(text) !== undefined;

/** The day `count` days later. */
export function addDays(day, count) {
  return new Date((dayNumber(day) + count) * DAY_MS).toISOString().slice(0, -"T00:00:00.000Z".length);
}

/** First instant of a day. */
export const dayStart = (day) => earliest(BigInt(dayNumber(day) * DAY_MS) * MILLISECOND - CHINA, LAST);

/** Last whole second of a day. */
export const dayEnd = (day) => earliest(BigInt((dayNumber(day) + 1) * DAY_MS) * MILLISECOND - CHINA - SECOND, LAST);

/** The instant after the last one of a day. */
export const dayAfter = (day) => earliest(BigInt((dayNumber(day) + 1) * DAY_MS) * MILLISECOND - CHINA, LAST);

/** The day in China at an instant. */
export const chinaDay = (instant) => toText(instant + CHINA).split("T")[0];

/** Reads an RFC 3339 instant however it is written; nothing for another text. */
export function readInstant(text) {
  const parts = typeof text === "string" && RFC3339.exec(text);
  if (!parts) return undefined;
  const [, day, hour, minute, second, fraction = "", sign = "+", zoneHour = "0", zoneMinute = "0"] = parts;
  const days = dayNumber(day);
  if (days === undefined || hour > 23 || minute > 59 || second > 60 || zoneHour > 23 || zoneMinute > 59)
    return undefined;
  // A leap second is the one before it.
  const clock = (Number(hour) * 60 + Number(minute)) * 60 + Math.min(second, 59);
  const zone = (Number(zoneHour) * 60 + Number(zoneMinute)) * 60 * (sign === "-" ? -1 : 1);
  const instant = BigInt(days * 86_400 + clock - zone) * SECOND + BigInt(fraction.padEnd(9, "0"));
  return instant <= LAST ? instant : undefined;
}

/** Reads an instant in its one form, as it stands in everything we sign; nothing for another text. */
export function parseInstant(text) {
  const instant = readInstant(text);
  return instant !== undefined && toText(instant) === text ? instant : undefined;
}

export const isInstant = (text) => parseInstant(text) !== undefined;

/** The one form of an instant: UTC, `Z`, a fraction only where it is not zero and without zeros at its end. */
export function toText(instant) {
  const seconds = floorSecond(instant) / SECOND;
  const fraction = String(instant - seconds * SECOND)
    .padStart(9, "0")
    .replace(/0+$/, "");
  const whole = new Date(Number(seconds) * 1000).toISOString().slice(0, -".000Z".length);
  return `${whole}${fraction && `.${fraction}`}Z`;
}

/** The beginning of an instant's second. */
export const floorSecond = (instant) => instant - (((instant % SECOND) + SECOND) % SECOND);

/** The second after that of an instant. */
export const nextSecond = (instant) => floorSecond(instant) + SECOND;

/** An instant as people read it, China time, to the minute. */
export const clock = (instant) =>
  toText(instant + CHINA)
    .replace("T", " ")
    .slice(0, "2026-05-08 09:30".length);

/** The same to the second. */
export const clockSeconds = (instant) =>
  toText(instant + CHINA)
    .replace("T", " ")
    .slice(0, "2026-05-08 09:30:00".length);

export const fromMilliseconds = (milliseconds) => BigInt(Math.floor(milliseconds)) * MILLISECOND;

/**
 * The instant a question about `text` means: a day stands for its last second, or for now where it is today; nothing where it is
 * neither a day nor an instant of the years 2000 to 2150.
 */
export function asOf(text, now) {
  const inReach = (day) => day >= "2000" && day < "2151";
  if (isDay(text)) {
    if (!inReach(text)) return undefined;
    return text === chinaDay(now) ? now : dayEnd(text);
  }
  const instant = readInstant(text);
  return instant !== undefined && inReach(chinaDay(instant)) ? instant : undefined;
}
