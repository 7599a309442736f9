// The QR codes in a picture, read in a browser: by its own detector where it has one, and by the decoder in `vendor`.

import { mustBeReadable } from "./photo.js";
import { Refusal } from "./refusal.js";

const CODES_MAX = 16;
/** Longest sides at which a whole picture is tried: decoders lose codes that are too large as well as those that are too small. */
const TRIES = [900, 1_600];
/** Side of the tiles in which a larger picture is searched pixel by pixel, and how far they reach into one another. */
const TILE = 2_400;
const OVERLAP = 600;
/** Pictures with a longest side below this are doubled: a cut-out from a screen has two pixels a module. */
const DOUBLED_BELOW = 450;
/** Milliseconds the decoder may spend on second thoughts about one view, and the whole search may take. */
const RETRIES_MS = 2_000;
const SEARCH_MS = 90_000;
/** What is darker than this becomes white where pale codes are looked for. */
const DARK = 110;

/** Every distinct text of the QR codes in a PNG, JPEG or WebP file, sorted; refused where it could not be searched from end to end. */
export async function codesIn(bytes) {
  mustBeReadable(bytes);
  let picture;
  try {
    picture = await createImageBitmap(new Blob([bytes]));
  } catch {
    throw new Refusal("photo_unreadable", "the file is no whole picture; take a PNG, a JPEG or a WebP");
  }
  try {
    const found = new Set([...(await byPlatform(picture)), ...(await byDecoder(picture))]);
    if (found.size > CODES_MAX) throw new Refusal("photo_crowded", `the picture holds more than ${CODES_MAX} codes`);
    return [...found].sort();
  } finally {
    picture.close();
  }
}

/** What the browser's own detector reads, where it has one. */
async function byPlatform(picture) {
  try {
    const codes = await new globalThis.BarcodeDetector({ formats: ["qr_code"] }).detect(picture);
    return codes.map((code) => code.rawValue);
  } catch {
    return [];
  }
}

/**
 * What the decoder in `vendor` reads: in the whole picture at several sizes, and in tiles as it is. A second code is looked for as
 * thoroughly as the first, for whoever holds the picture may open either.
 */
async function byDecoder(picture) {
  const { decodeQRBatch } = await import("./vendor/qr/decode.js");
  const begun = performance.now();
  const found = new Set();
  for (const view of viewsOf(picture)) {
    const maxSize = { width: view.width, height: view.height };
    // A code in grey beside a black one, or one seen from behind, is one to other readers. White on black the decoder reads itself.
    for (const toned of [(same) => same, pale]) {
      for (const turned of [(same) => same, mirrored]) {
        if (performance.now() - begun > SEARCH_MS) {
          throw new Refusal("photo_not_searched", "the picture is too large to be searched here in time: cut out the mark");
        }
        const how = { maxSize, effort: 8, timeLimit: RETRIES_MS, textDecoder: textOf };
        const [texts] = await decodeQRBatch([turned(toned(view))], how);
        texts.filter((text) => typeof text === "string").forEach((text) => found.add(text));
      }
    }
  }
  return found;
}

/**
 * The text of a stretch of bytes in a code, under its ECI assignment: a byte order mark stays, as other readers keep it. All that a
 * mark may hold is ASCII, which the other character sets share.
 */
function textOf(bytes, eci) {
  const name = { 25: "utf-16be", 26: "utf-8" }[eci] ?? "windows-1252";
  return new TextDecoder(name, { ignoreBOM: true }).decode(bytes);
}

/** The views of a picture that are searched, each made when it is its turn. */
function* viewsOf(picture) {
  const { width, height } = picture;
  const longest = Math.max(width, height);
  const whole = { x: 0, y: 0, width, height };
  if (longest < DOUBLED_BELOW) {
    yield view(picture, whole, 2);
    return;
  }
  for (const side of TRIES) if (side < longest) yield view(picture, whole, side / longest);
  for (const y of starts(height)) {
    for (const x of starts(width)) {
      yield view(picture, { x, y, width: Math.min(TILE, width), height: Math.min(TILE, height) }, 1);
    }
  }
}

/** Where the tiles along a side begin: as few as reach from end to end. */
export function starts(side) {
  const count = Math.max(1, Math.ceil((side - OVERLAP) / (TILE - OVERLAP)));
  return Array.from({ length: count }, (_, i) => (count === 1 ? 0 : Math.round((i * (side - TILE)) / (count - 1))));
}

/** The pixels of a part of a picture at another size; transparent ones show white paper. */
function view(picture, part, factor) {
  const [width, height] = [part.width, part.height].map((side) => Math.max(1, Math.round(side * factor)));
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.fillStyle = "#fff";
  context.fillRect(0, 0, width, height);
  context.imageSmoothingEnabled = factor < 1;
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, part.x, part.y, part.width, part.height, 0, 0, width, height);
  return context.getImageData(0, 0, width, height);
}

/** What is dark becomes white, and what is pale becomes dark: a code in grey stands out where a black one hid it. */
function pale({ width, height, data }) {
  const out = new Uint8ClampedArray(data.length);
  for (let i = 0; i < data.length; i += 4) {
    const grey = (data[i] * 299 + data[i + 1] * 587 + data[i + 2] * 114) / 1000;
    out[i] = out[i + 1] = out[i + 2] = grey < DARK ? 255 : ((grey - DARK) * 255) / (255 - DARK);
    out[i + 3] = 255;
  }
  return { width, height, data: out };
}

/** Left for right. */
export function mirrored({ width, height, data }) {
  const pixels = new Uint32Array(data.buffer, data.byteOffset, width * height);
  const out = new Uint32Array(width * height);
  for (let at = 0; at < out.length; at += width) out.set(pixels.subarray(at, at + width).toReversed(), at);
  return { width, height, data: new Uint8ClampedArray(out.buffer) };
}
