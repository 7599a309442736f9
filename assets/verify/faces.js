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

/** The faces that a certificate's page may have. */
export const OF_CERTIFICATE = [...FACE_OF_STANDING.values(), WAS_VALID, CANNOT_TELL];
