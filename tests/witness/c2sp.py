"""Merkle trees, signed notes and checkpoints, written from RFC 9162, RFC 8032 and the C2SP texts alone, with nothing but
Python's own library. For tests: the arithmetic is slow and takes no care of what its timing shows.

A tree is a list of leaf hashes. What is malformed raises ValueError.
"""

import base64, hashlib, struct

# --- Ed25519 (RFC 8032 section 5.1)
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]), (p[1] + p[0]) * (q[1] + q[0])
    c, d = 2 * p[3] * q[3] * D, 2 * p[2] * q[2]
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(n, p):
    q = (0, 1, 1, 0)
    while n:
        q, p, n = (add(q, p) if n & 1 else q), add(p, p), n >> 1
    return q


def point(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    xx = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(xx, (P + 3) // 8, P)
    x = x if x * x % P == xx else x * pow(2, (P - 1) // 4, P) % P
    if y >= P or x * x % P != xx or (x == 0 and sign):
        raise ValueError("no point of the curve")
    x = x if x & 1 == sign else P - x
    return x, y, 1, x * y % P


def encoded(p):
    z = pow(p[2], P - 2, P)
    return (p[1] * z % P | (p[0] * z % P & 1) << 255).to_bytes(32, "little")


BASE = point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def number(*parts):
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little")


def secret(seed):
    digest = hashlib.sha512(seed).digest()
    scalar = int.from_bytes(digest[:32], "little") & (1 << 254) - 8 | 1 << 254
    return scalar, digest[32:]


def public(seed):
    return encoded(times(secret(seed)[0], BASE))


def sign(seed, message):
    scalar, prefix = secret(seed)
    nonce = number(prefix, message) % L
    r = encoded(times(nonce, BASE))
    return r + ((nonce + number(r, public(seed), message) * scalar) % L).to_bytes(32, "little")


def is_signed(key, message, signature):
    try:
        x, y, z, t = point(key)
    except ValueError:
        return False
    s = int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or s >= L:
        return False
    k = number(signature[:32], key, message) % L
    return encoded(add(times(s, BASE), times(k, (P - x, y, z, P - t)))) == signature[:32]


# --- Merkle trees (RFC 9162 section 2.1)
EMPTY = hashlib.sha256(b"").digest()


def leaf(entry):
    return hashlib.sha256(b"\0" + entry).digest()


def node(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def half(size):
    """The largest power of two below size."""
    return 1 << (size - 1).bit_length() - 1


def root(tree):
    if len(tree) < 2:
        return tree[0] if tree else EMPTY
    k = half(len(tree))
    return node(root(tree[:k]), root(tree[k:]))


def inclusion(index, tree):
    if len(tree) == 1:
        return []
    k = half(len(tree))
    if index < k:
        return inclusion(index, tree[:k]) + [root(tree[k:])]
    return inclusion(index - k, tree[k:]) + [root(tree[:k])]


def consistency(old, tree, whole=True):
    if old == 0:
        return []
    if old == len(tree):
        return [] if whole else [root(tree)]
    k = half(len(tree))
    if old <= k:
        return consistency(old, tree[:k], whole) + [root(tree[k:])]
    return consistency(old - k, tree[k:], False) + [root(tree[:k])]


def is_consistent(old, old_root, new, new_root, proof):
    """RFC 9162 section 2.1.4.2; an old size of 0 and equal sizes as C2SP tlog-witness has them."""
    if old == 0 or old == new:
        return not proof and old_root == (EMPTY if old == 0 else new_root)
    if old & (old - 1) == 0:
        proof = [old_root] + proof
    if old > new or not proof:
        return False
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = proof[0]
    for c in proof[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = node(c, fr), node(c, sr)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node(sr, c)
        fn, sn = fn >> 1, sn >> 1
    return fr == old_root and sr == new_root and sn == 0


# --- Signed notes (C2SP signed-note) and cosignatures (C2SP tlog-cosignature)
NOTE, COSIGNATURE = 1, 4


def unbase64(text):
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data).decode() != text:
        raise ValueError("another way to write base64")
    return data


def b64(data):
    return base64.b64encode(data).decode()


def key_id(name, kind, key):
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + key).digest()[:4]


def vkey(name, kind, key):
    return f"{name}+{key_id(name, kind, key).hex()}+{b64(bytes([kind]) + key)}"


def read_vkey(text):
    """Name, kind, public key."""
    name, written, key = text.split("+", 2)
    kind, key = unbase64(key)[0], unbase64(key)[1:]
    if key_id(name, kind, key).hex() != written or len(key) != 32:
        raise ValueError("the key's id is not its own")
    return name, kind, key


def line(name, identity, signature):
    return f"— {name} {b64(identity + signature)}\n"


def signed_line(text, name, seed):
    return line(name, key_id(name, NOTE, public(seed)), sign(seed, text.encode()))


def cosigned(text, time):
    return f"cosignature/v1\ntime {time}\n{text}".encode()


def cosigned_line(text, name, seed, time):
    signature = struct.pack(">Q", time) + sign(seed, cosigned(text, time))
    return line(name, key_id(name, COSIGNATURE, public(seed)), signature)


def read_note(note):
    """The text, and of each signature line name, key id and signature."""
    if any(c < " " and c != "\n" for c in note) or "\n\n" not in note or not note.endswith("\n"):
        raise ValueError("no signed note")
    text, lines = note.rsplit("\n\n", 1)
    signatures = []
    for one in lines[:-1].split("\n"):
        dash, name, data = one.split(" ")
        data = unbase64(data)
        if dash != "—" or not name or "+" in name or any(c.isspace() for c in name) or len(data) < 5:
            raise ValueError("no signature line")
        signatures.append((name, data[:4], data[4:]))
    return text + "\n", signatures


def read_size(text):
    if not text.isascii() or not text.isdigit() or str(int(text)) != text or int(text) >= 1 << 63:
        raise ValueError("no size in decimal")
    return int(text)


def read_checkpoint(text):
    """Origin, size, root; extension lines are passed over."""
    lines = text.split("\n")
    if len(lines) < 4 or lines[-1] or not all(lines[:-1]):
        raise ValueError("no checkpoint")
    origin, size, hash_ = lines[0], read_size(lines[1]), unbase64(lines[2])
    if len(hash_) != 32:
        raise ValueError("no root hash")
    return origin, size, hash_
