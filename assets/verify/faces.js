// What a band says at one glance: its word and its class in the style sheet, as in `src/http/pages/words.rs`.

import { STANDINGS } from "./words.js";

const face = (name, zh, en) => Object.freeze({ name, zh, en });

const OTHER_NAMES = { not_yet_effective: "not-yet" };

/** By standing. */
export const FACE_OF_STANDING = new Map(
  [...STANDINGS].map(([standing, { zh, en }]) => [standing, face(OTHER_NAMES[standing] ?? standing, zh, en)]),
);
export const VALID = FACE_OF_STANDING.get("valid");
/** It was in force at the moment asked about, which is not now. */
export const WAS_VALID = face("was-valid", "当时有效", "In force then");
export const CANNOT_TELL = face("cannot-tell", "无法判断", "Cannot tell");
export const NO_RECORD = face("no-record", "查无此证", "No such record");

/** Of what a list of marks tells, by the code of its check. */
export const FACE_OF_MARK = new Map([
  ["mark_frozen", face("mark-frozen", "标志停用", "Mark frozen")],
  ["mark_ended", face("mark-ended", "标志许可已终止", "Mark licence ended")],
  ["mark_replaced", face("mark-replaced", "标志已更换", "Mark replaced")],
  ["mark_revoked", face("mark-revoked", "标志已撤销", "Mark revoked")],
  ["mark_under_investigation", face("mark-investigated", "标志调查中", "Mark under investigation")],
]);
/** Of what is genuine and does not hold, by the code of the check that says so. */
export const FACE_OF_CHECK = new Map([
  ["expired", FACE_OF_STANDING.get("expired")],
  ["not_yet_valid", FACE_OF_STANDING.get("not_yet_effective")],
  ["status_suspended", FACE_OF_STANDING.get("suspended")],
  ["status_revoked", face("withdrawn", "已失效", "No longer in force")],
]);

/** The faces that a certificate's page may have. */
export const OF_CERTIFICATE = [...FACE_OF_STANDING.values(), WAS_VALID, CANNOT_TELL];
