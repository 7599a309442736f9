// The signed file that is attached to a receipt's print or a certificate on paper (docs/SPEC-verdict.md, "A PDF"). What is verified is
// the attachment alone.

import { inflate } from "./gunzip.js";
import { orNothing } from "./refusal.js";

const FILE_MAX = 32 << 20;
/** What a receipt may have at most (receipt.js). */
const ATTACHMENT_MAX = 32 << 20;
/** The dictionary of an embedded file (ISO 32000-2, 7.11.4) up to where its bytes begin. */
const EMBEDDED = /<<(?:(?!endobj|stream)[\s\S]){0,400}?\/Type\s*\/EmbeddedFile\b(?:(?!endobj|stream)[\s\S]){0,400}?>>\s*stream\r?\n/g;

const begins = (bytes, text) => [...text].every((character, i) => bytes[i] === character.charCodeAt(0));

export const isPdf = (bytes) => begins(bytes, "%PDF-");

/** The bytes of the one file that is attached to a PDF of ours; nothing where there is none, several, or it is packed otherwise. */
export async function attachmentOf(bytes) {
  if (bytes.length > FILE_MAX) return undefined;
  // One character a byte.
  const text = new TextDecoder("latin1").decode(bytes);
  const found = [...text.matchAll(EMBEDDED)];
  if (found.length !== 1) return undefined;
  const [dictionary] = found[0];
  const length = Number(/\/Length\s+(\d{1,7})\b/.exec(dictionary)?.[1] ?? -1);
  const begin = found[0].index + dictionary.length;
  const packed = bytes.subarray(begin, begin + length);
  const behind = bytes.subarray(begin + length, begin + length + 16).filter((byte) => byte > 0x20);
  if (length < 0 || !begins(behind, "endstream")) return undefined;
  if (!/\/Filter\s*\/FlateDecode\b/.test(dictionary)) return /\/Filter/.test(dictionary) ? undefined : packed;
  return orNothing(() => inflate(packed, ATTACHMENT_MAX, "deflate"));
}
