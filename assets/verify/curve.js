// Which 32 bytes are a public key, and which 64 may be a signature (RFC 8032; docs/SPEC-keys.md, "Public keys"). Signatures
// themselves are WebCrypto's to verify. Everything here is public: nothing has to take the same time.

import { toBigInt } from "./bytes.js";

const P = 2n ** 255n - 19n;
const ORDER = 2n ** 252n + 27_742_317_777_372_353_535_851_937_790_883_648_493n;
const SIGN = 1n << 255n;
/** The y of the points of order 8, besides its negative. */
const Y_OF_ORDER_8 = 0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n;
/** The y of every point of small order. */
const SMALL_ORDER = new Set([0n, 1n, P - 1n, Y_OF_ORDER_8, P - Y_OF_ORDER_8]);

const mod = (a) => ((a % P) + P) % P;
const little = (bytes) => toBigInt(Uint8Array.from(bytes).reverse());

function power(base, exponent) {
  let result = 1n;
  for (let square = base, rest = exponent; rest > 0n; rest >>= 1n, square = (square * square) % P) {
    if (rest & 1n) result = (result * square) % P;
  }
  return result;
}

const D = mod(-121_665n * power(121_666n, P - 2n));
const SQRT_OF_MINUS_1 = power(2n, (P - 1n) / 4n);

/** The point these bytes are, in extended coordinates; nothing where they are no point in its one writing. */
function point(bytes) {
  const written = little(bytes);
  const y = written & (SIGN - 1n);
  if (y >= P) return undefined;
  const [u, v] = [mod(y * y - 1n), mod(D * y * y + 1n)];
  let x = (((u * power(v, 3n)) % P) * power(u * power(v, 7n), (P - 5n) / 8n)) % P;
  const found = mod(v * x * x);
  if (found === mod(-u)) x = (x * SQRT_OF_MINUS_1) % P;
  else if (found !== u) return undefined;
  const negative = (written & SIGN) !== 0n;
  if (x === 0n && negative) return undefined;
  if ((x & 1n) !== (negative ? 1n : 0n)) x = P - x;
  return [x, y, 1n, (x * y) % P];
}

/** The sum of two points (RFC 8032, section 5.1.4). */
function add([x1, y1, z1, t1], [x2, y2, z2, t2]) {
  const a = mod((y1 - x1) * (y2 - x2));
  const b = mod((y1 + x1) * (y2 + x2));
  const c = mod(2n * D * t1 * t2);
  const d = mod(2n * z1 * z2);
  const [e, f, g, h] = [b - a, d - c, d + c, b + a];
  return [mod(e * f), mod(g * h), mod(f * g), mod(e * h)];
}

const isNeutral = ([x, y, z]) => x === 0n && y === z;

function times(scalar, base) {
  let sum = [0n, 1n, 1n, 0n];
  for (let doubled = base, rest = scalar; rest > 0n; rest >>= 1n, doubled = add(doubled, doubled)) {
    if (rest & 1n) sum = add(sum, doubled);
  }
  return sum;
}

/** Whether 32 bytes are the one writing of a point of the prime-order group other than the neutral one. */
export function isPublicKey(bytes) {
  const read = bytes.length === 32 ? point(bytes) : undefined;
  return read !== undefined && !isNeutral(read) && isNeutral(times(ORDER, read));
}

/** Whether 64 bytes have the strict form of a signature: R in its one writing and of no small order, S below the group order. */
export function isSignature(bytes) {
  if (bytes.length !== 64) return false;
  const y = little(bytes.subarray(0, 32)) & (SIGN - 1n);
  return y < P && !SMALL_ORDER.has(y) && little(bytes.subarray(32)) < ORDER;
}
