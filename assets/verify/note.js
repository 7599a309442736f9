// Signed notes (C2SP signed-note): a text, a blank line, and signatures, as the checkpoints of logs are signed.

import { concat, equal, sha256, unbase64, utf8 } from "./bytes.js";
import { verifies } from "./keys.js";
import { Refusal } from "./refusal.js";

const NOTE_MAX = 1_000_000;
const SIGNATURES_MAX = 100;
const NAME_MAX = 255;
const KEY_ID = 4;
const ED25519 = 1;
/** An em dash and a space, a name, a space, base64. */
const SIGNATURE_LINE = /^\u2014 ([^\p{White_Space}\p{Cc}+]+) ([A-Za-z0-9+/=]+)\n$/u;

function refuse(code, why) {
  throw new Refusal(code, why);
}

/** Reads a note; none of its signatures has been verified. */
export function readNote(note) {
  if (utf8(note).length > NOTE_MAX) refuse("note_too_large", `the note has more than ${NOTE_MAX} bytes`);
  if ([...note].some((character) => character < " " && character !== "\n")) {
    refuse("note_text", "the note has a control character; only line feeds are allowed");
  }
  // The text may hold blank lines: the last one ends it.
  const blank = note.lastIndexOf("\n\n");
  if (blank < 0) refuse("note_text", "the note has no blank line between its text and its signatures");
  const lines = note.slice(blank + 2).match(/[^\n]*\n|[^\n]+$/g) ?? [];
  if (lines.length === 0) refuse("note_signature_line", "the note has no signature line");
  if (lines.length > SIGNATURES_MAX)
    refuse("note_too_many_signatures", `the note has more than ${SIGNATURES_MAX} signatures`);
  return { text: note.slice(0, blank + 1), signatures: lines.map(signature) };
}

function signature(line) {
  const [, name = "", base64 = ""] = SIGNATURE_LINE.exec(line) ?? [];
  const bytes = unbase64(base64);
  if (!bytes || bytes.length <= KEY_ID || utf8(name).length > NAME_MAX) {
    refuse("note_signature_line", "a line is no signature line: — name base64");
  }
  return { name, key: bytes.subarray(0, KEY_ID), bytes: bytes.subarray(KEY_ID) };
}

/** Whether this key, under that name, has signed the note. A line that names it and is not by it spoils the note. */
export async function signedBy(note, name, publicKey) {
  const digest = await sha256(concat(utf8(`${name}\n`), Uint8Array.of(ED25519), publicKey));
  const lines = note.signatures.filter((line) => line.name === name && equal(line.key, digest.subarray(0, KEY_ID)));
  for (const line of lines) {
    if (!(await verifies(publicKey, utf8(note.text), line.bytes))) {
      refuse("note_signature_bad", `a signature in the name of ${name} does not match the note`);
    }
  }
  return lines.length > 0;
}
