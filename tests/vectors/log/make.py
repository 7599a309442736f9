#!/usr/bin/env python3
"""Writes the vectors of the log: one case per file, below FOLDER. What is good, what is refused, and by what defect.

    make.py FOLDER

Nothing of the product takes part: trees, notes and signatures are those of tests/witness/c2sp.py, a second writing of
RFC 9162, RFC 8032 and the C2SP texts. The seeds are in here, so these keys are good for nothing else.
"""

import json, pathlib, sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "witness"))
import c2sp
from c2sp import b64

LOG, WITNESS = "xb.example.cn/log", "witness.example.cn/w1"
LOG_SEED, WITNESS_SEED, OTHER_SEED = (bytes([i]) * 32 for i in (1, 2, 3))
TIME = 1_780_000_000


def entry(i):
    event = {"actor": "registrar", "change": "issued", "effective_at": f"2026-05-{i + 1:02}T04:00:00Z"}
    event |= {"id": f"{1234567890123450 + i}", "record_sha256": f"{i:064x}", "recorded_at": f"2026-05-{i + 1:02}T04:00:01Z"}
    return json.dumps(event | {"subject": "certificate"}, sort_keys=True, separators=(",", ":"))


ENTRIES = [entry(i) for i in range(21)]
LEAVES = [c2sp.leaf(e.encode()) for e in ENTRIES]


def tree(size):
    return LEAVES[:size]


def flipped(text, at=20):
    data = bytearray(c2sp.unbase64(text))
    data[at] ^= 1
    return b64(bytes(data))


class Shelf:
    def __init__(self, folder):
        self.folder, self.made = pathlib.Path(folder), {}

    def write(self, kind, name, case):
        path = self.folder / kind / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(case, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")

    def good(self, kind, name, about, **case):
        self.made[kind, name] = case
        self.write(kind, f"good-{name}", {"about": about, "expect": "good"} | case)

    def refused(self, kind, base, name, code, words, about, **changed):
        """The good case `base` with one defect: `changed` is all that differs."""
        case = {"about": about, "expect": "refused", "code": code, "words": words, "like": f"good-{base}"}
        self.write(kind, f"refused-{name}", case | self.made[kind, base] | changed)


ROOT = ("proof_root_mismatch", "root of the tree")
OLD_ROOT = ("proof_old_root_mismatch", "root of the earlier tree")
SHORT, LONG = ("proof_too_short", "too few hashes"), ("proof_too_long", "too many hashes")


def inclusions(shelf):
    def case(index, size):
        proof = [b64(h) for h in c2sp.inclusion(index, tree(size))]
        return {"entry": ENTRIES[index], "index": index, "size": size, "proof": proof, "root": b64(c2sp.root(tree(size)))}

    for name, about, index, size in [
        ("only-entry", "the tree has one leaf, the proof no hash", 0, 1),
        ("first-of-eight", "a full tree", 0, 8),
        ("third-of-seven", "a tree that is not full", 2, 7),
        ("last-of-seven", "a leaf at the right edge: its proof is shorter", 6, 7),
        ("last-of-seventeen", "a leaf alone on the right: one hash", 16, 17),
        ("eleventh-of-twenty-one", "in the midst", 10, 21),
    ]:
        shelf.good("inclusion", name, about, **case(index, size))
    base = case(2, 7)
    proof = base["proof"]

    def bad(name, code, about, **changed):
        shelf.refused("inclusion", "third-of-seven", name, *code, about, **changed)

    no_leaf = "proof_no_such_leaf"

    bad("wrong-index", ROOT, "the leaf is the third, not the fourth", index=3)
    bad("index-of-another-subtree", ROOT, "the leaf is in the left half", index=5)
    bad("index-past-the-end", (no_leaf, "leaf 7 does not stand in a tree of 7"), "leaves count from 0", index=7)
    bad("empty-tree", (no_leaf, "tree of 0 leaves"), "nothing stands in the empty tree", size=0)
    bad("size-too-small", LONG, "a tree of four needs one hash fewer", size=4)
    bad("size-too-large", SHORT, "a tree of nine needs one hash more", size=9)
    bad("missing-hash", SHORT, "the last hash is left out", proof=proof[:-1])
    bad("no-hashes", SHORT, "the proof is empty", proof=[])
    bad("extra-hash", LONG, "a hash stands behind", proof=proof + [b64(c2sp.EMPTY)])
    bad("root-as-last-hash", LONG, "the root itself stands behind", proof=proof + [base["root"]])
    bad("own-hash-as-first", LONG, "the leaf's own hash stands before", proof=[b64(LEAVES[2])] + proof)
    bad("hash-twice", LONG, "a hash stands twice", proof=[proof[0]] + proof)
    bad("swapped-hashes", ROOT, "two hashes have changed places", proof=[proof[1], proof[0], proof[2]])
    bad("changed-hash", ROOT, "one bit of a hash", proof=[proof[0], flipped(proof[1]), proof[2]])
    bad("changed-entry", ROOT, "one character of the entry", entry=ENTRIES[2].replace("issued", "issuer"))
    bad("entry-with-space", ROOT, "the same JSON written otherwise: the bytes count", entry=ENTRIES[2].replace(":", ": ", 1))
    bad("another-entry", ROOT, "the entry of another leaf", entry=ENTRIES[4])
    bad("root-of-another-size", ROOT, "the root of the tree of eight", root=b64(c2sp.root(tree(8))))
    bad("changed-root", ROOT, "one bit of the root", root=flipped(base["root"]))

    def rebuilt(leaf, node):
        """The root by other hashing, over the same tree."""
        level = [leaf(e.encode()) for e in ENTRIES[:7]]
        join = lambda t: t[0] if len(t) == 1 else node(join(t[: c2sp.half(len(t))]), join(t[c2sp.half(len(t)) :]))
        return b64(join(level))

    plain = lambda *parts: c2sp.hashlib.sha256(b"".join(parts)).digest()
    bad(
        "leaf-hashed-as-node",
        ROOT,
        "a root over leaves with 0x01 before them",
        root=rebuilt(lambda e: plain(b"\1", e), c2sp.node),
    )
    bad("leaf-without-prefix", ROOT, "a root over leaves without 0x00 before them", root=rebuilt(plain, c2sp.node))
    bad("node-without-prefix", ROOT, "a root over nodes without 0x01 before them", root=rebuilt(c2sp.leaf, plain))
    bad(
        "sides-exchanged",
        ROOT,
        "a root over nodes that have left and right exchanged",
        root=rebuilt(c2sp.leaf, lambda l, r: c2sp.node(r, l)),
    )
    # The node over the first two leaves, offered as a leaf: its two hashes as the entry.
    pair = b64(LEAVES[0] + LEAVES[1])
    about = {"about": "a node's two hashes are no entry: leaves have 0x00 before them", "expect": "refused"}
    above = [b64(c2sp.node(LEAVES[2], LEAVES[3])), proof[2]]
    inner = {"entry_base64": pair, "index": 0, "size": 4, "proof": above, "root": base["root"]}
    shelf.write("inclusion", "refused-node-offered-as-leaf", about | {"code": ROOT[0], "words": ROOT[1]} | inner)


def consistencies(shelf):
    def case(old, new, old_tree=LEAVES, new_tree=LEAVES):
        roots = {"old_root": b64(c2sp.root(old_tree[:old])), "new_root": b64(c2sp.root(new_tree[:new]))}
        return {"old": old, "new": new, "proof": [b64(h) for h in c2sp.consistency(old, new_tree[:new])]} | roots

    for name, about, old, new in [
        ("three-to-seven", "an earlier tree that is not full: its last subtree opens the proof", 3, 7),
        ("four-to-seven", "a full earlier tree: its root opens the proof unsent", 4, 7),
        ("one-to-two", "the least growth", 1, 2),
        ("six-to-twenty-one", "neither tree is full", 6, 21),
        ("seven-to-seven", "nothing was added: the proof is empty", 7, 7),
        ("from-empty", "every tree continues the empty one: the proof is empty", 0, 7),
        ("empty-to-empty", "the empty tree continues itself", 0, 0),
    ]:
        shelf.good("consistency", name, about, **case(old, new))
    # A log that rewrote its second entry, and one that dropped it, each with an honest proof about the tree it has now.
    rewritten = LEAVES[:1] + [c2sp.leaf(b"{}")] + LEAVES[2:]
    dropped = LEAVES[:1] + LEAVES[2:]
    for name, other in [("within-a-rewritten-log", rewritten), ("within-a-shortened-log", dropped)]:
        shelf.good("consistency", name, "the later tree alone tells nothing of an earlier one", **case(3, 7, other, other))
    base, full = case(3, 7), case(4, 7)
    proof = base["proof"]

    def bad(name, code, about, like="three-to-seven", **changed):
        shelf.refused("consistency", like, name, *code, about, **changed)

    bad(
        "rewritten-entry",
        OLD_ROOT,
        "an entry of the earlier tree was rewritten",
        "within-a-rewritten-log",
        old_root=base["old_root"],
    )
    bad(
        "dropped-entry",
        OLD_ROOT,
        "an entry of the earlier tree was dropped",
        "within-a-shortened-log",
        old_root=base["old_root"],
    )
    bad("old-larger-than-new", ("proof_no_such_past", "a tree of 7 leaves was never one of 8"), "logs do not shrink", old=8)
    bad("missing-hash", SHORT, "the last hash is left out", proof=proof[:-1])
    bad("first-hash-missing", SHORT, "the first hash is left out", proof=proof[1:])
    bad("no-hashes", SHORT, "the proof is empty", proof=[])
    bad("no-hashes-full-tree", SHORT, "the proof is empty", "four-to-seven", proof=[])
    bad("extra-hash", LONG, "a hash stands behind", proof=proof + [b64(c2sp.EMPTY)])
    bad(
        "old-root-sent",
        LONG,
        "the root of a full earlier tree is not part of the proof",
        "four-to-seven",
        proof=[full["old_root"]] + full["proof"],
    )
    bad("swapped-hashes", OLD_ROOT, "two hashes have changed places", proof=[proof[1], proof[0]] + proof[2:])
    bad("changed-hash", OLD_ROOT, "one bit of the first hash", proof=[flipped(proof[0])] + proof[1:])
    bad(
        "changed-last-hash",
        ROOT,
        "one bit of a hash that only the later tree needs",
        "four-to-seven",
        proof=full["proof"][:-1] + [flipped(full["proof"][-1])],
    )
    bad("old-size-too-small", LONG, "from a tree of two fewer hashes are needed", old=2)
    bad("old-size-too-large", LONG, "from a tree of four fewer hashes are needed", old=4)
    bad("new-size-too-small", LONG, "to a tree of four fewer hashes are needed", new=4)
    bad("new-size-too-large", SHORT, "to a tree of nine more hashes are needed", new=9)
    bad("old-root-of-another-size", OLD_ROOT, "the root of the tree of two", old_root=b64(c2sp.root(tree(2))))
    bad("new-root-of-another-size", ROOT, "the root of the tree of eight", new_root=b64(c2sp.root(tree(8))))
    bad("roots-exchanged", OLD_ROOT, "the roots have changed places", old_root=base["new_root"], new_root=base["old_root"])
    bad("same-size-other-root", ROOT, "two trees of one size", "seven-to-seven", new_root=flipped(base["new_root"]))
    bad("same-size-with-a-hash", LONG, "nothing was added: the proof is empty", "seven-to-seven", proof=[proof[0]])
    bad("from-empty-with-a-hash", LONG, "from the empty tree the proof is empty", "from-empty", proof=[proof[0]])
    bad("from-empty-with-another-root", OLD_ROOT, "the empty tree has one root", "from-empty", old_root=base["old_root"])
    bad("empty-with-another-root", ROOT, "the empty tree has one root", "empty-to-empty", new_root=base["old_root"])


def body(size, origin=LOG):
    return f"{origin}\n{size}\n{b64(c2sp.root(tree(size)))}\n"


def signed(text, seed=LOG_SEED, name=LOG):
    return f"{text}\n{c2sp.signed_line(text, name, seed)}"


def checkpoints(shelf):
    key = {"origin": LOG, "vkey": c2sp.vkey(LOG, c2sp.NOTE, c2sp.public(LOG_SEED))}
    shelf.good("checkpoint", "of-seven", "three lines, signed by the log", **key, note=signed(body(7)))
    shelf.good("checkpoint", "of-none", "of the empty tree", **key, note=signed(body(0)))
    root = b64(c2sp.root(tree(7)))

    def bad(name, words, about, text, code="bad_checkpoint", like="of-seven"):
        shelf.refused("checkpoint", like, name, code, words, f"{about}; the log has signed it", note=signed(text))

    text = body(7)
    bad("leading-zero", "“07” is no size", "a size has one way to be written", text.replace("\n7\n", "\n07\n"))
    bad("plus-sign", "“+7” is no size", "a size has one way to be written", text.replace("\n7\n", "\n+7\n"))
    bad("size-with-space", "“7 ” is no size", "a size has one way to be written", text.replace("\n7\n", "\n7 \n"))
    bad("size-not-decimal", "“0x7” is no size", "a size is decimal", text.replace("\n7\n", "\n0x7\n"))
    bad("size-negative", "“-7” is no size", "a size is not negative", text.replace("\n7\n", "\n-7\n"))
    bad(
        "size-beyond-63-bits",
        "9223372036854775808 leaves are more",
        "such a tree cannot be",
        text.replace("\n7\n", f"\n{1 << 63}\n"),
    )
    bad("extra-line", "not three lines", "extension lines are not accepted here", text + "extension\n")
    bad("missing-root", "not three lines", "two lines", f"{LOG}\n7\n")
    bad("blank-line-within", "not three lines", "a blank line before the root", f"{LOG}\n7\n\n{root}\n")
    bad("short-root", "32 bytes in base64", "31 bytes are no root", text.replace(root, b64(c2sp.root(tree(7))[:31])))
    bad("long-root", "32 bytes in base64", "33 bytes are no root", text.replace(root, b64(c2sp.root(tree(7)) + b"\0")))
    bad("root-in-hexadecimal", "32 bytes in base64", "a root is base64", text.replace(root, c2sp.root(tree(7)).hex()))
    bad("root-without-padding", "32 bytes in base64", "base64 has its padding", text.replace("=\n", "\n"))
    bad("empty-origin", "no origin", "an origin is not empty", text.replace(LOG, ""))
    bad("origin-with-space", "no origin", "origins here hold no space", text.replace("/log", " log"))
    bad(
        "empty-tree-with-another-root",
        "SHA-256 of nothing",
        "the empty tree has one root",
        text.replace("\n7\n", "\n0\n"),
        like="of-none",
    )
    bad("other-origin", "xb.example.org/log", "it speaks of another log", body(7, "xb.example.org/log"), "origin_mismatch")


def notes(shelf):
    text = body(7)
    log = c2sp.vkey(LOG, c2sp.NOTE, c2sp.public(LOG_SEED))
    witness = c2sp.vkey(WITNESS, c2sp.COSIGNATURE, c2sp.public(WITNESS_SEED))
    own, other = c2sp.signed_line(text, LOG, LOG_SEED), c2sp.signed_line(text, LOG, OTHER_SEED)
    cosigned = c2sp.cosigned_line(text, WITNESS, WITNESS_SEED, TIME)
    foreign = "— 示例.example/w AAAAAAABAgME\n"
    good = f"{text}\n{own}"
    shelf.good("note", "by-the-log", "one signature", vkey=log, note=good)
    about = "by the log and a witness; the witness's line is asked for"
    shelf.good("note", "cosigned", about, vkey=witness, note=good + cosigned, time=TIME)
    shelf.good(
        "note",
        "with-unknown-lines",
        "lines of keys that nobody here knows say nothing",
        vkey=log,
        note=f"{text}\n{foreign}{other}{own}",
    )
    spaced = "a note may hold blank lines\n\n\nand this is still its text\n"
    shelf.good("note", "with-blank-lines", "the last blank line ends the text", vkey=log, note=signed(spaced))
    peter = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
    peter += "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
    shelf.good(
        "note",
        "of-go",
        "the example of golang.org/x/mod/sumdb/note",
        vkey="PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        note=peter,
    )

    def bad(name, code, words, about, note=None, like="by-the-log", **changed):
        changed |= {} if note is None else {"note": note}
        shelf.refused("note", like, name, code, words, about, **changed)

    spoilt, unsigned = ("note_signature_bad", "does not match the note"), ("note_unsigned", "no signature by this key")
    data = c2sp.unbase64(own.split(" ")[2].strip())
    identity, signature = data[:4], data[4:]
    line = lambda s, i=identity, n=LOG: c2sp.line(n, i, s)
    bad("another-key", *unsigned, "signed under the log's name with another key, whose id is another", f"{text}\n{other}")
    bad(
        "another-name",
        *unsigned,
        "signed with the log's key under another name",
        f"{text}\n{c2sp.signed_line(text, LOG + '2', LOG_SEED)}",
    )
    bad("name-changed", *unsigned, "the line bears another name", good.replace(f"— {LOG}", f"— {LOG}2"))
    bad("key-id-changed", *unsigned, "the line bears another key's id", f"{text}\n{line(signature, b'abcd')}")
    bad(
        "key-id-clash",
        *spoilt,
        "another key's signature under the log's name and id",
        f"{text}\n{line(c2sp.sign(OTHER_SEED, text.encode()))}",
    )
    bad("changed-text", *spoilt, "one character of the text", good.replace("\n7\n", "\n8\n", 1))
    bad(
        "changed-signature",
        *spoilt,
        "one bit of the signature",
        f"{text}\n{line(signature[:20] + bytes([signature[20] ^ 1]) + signature[21:])}",
    )
    bad("short-signature", *spoilt, "63 bytes are no Ed25519 signature", f"{text}\n{line(signature[:63])}")
    bad("long-signature", *spoilt, "nor are 65", f"{text}\n{line(signature + bytes(1))}")
    order = (int.from_bytes(signature[32:], "little") + c2sp.L).to_bytes(32, "little")
    bad(
        "signature-not-reduced",
        *spoilt,
        "the scalar is beyond the group's order (RFC 8032 section 5.1.7)",
        f"{text}\n{line(signature[:32] + order)}",
    )
    bad("bad-line-behind-a-good-one", *spoilt, "every line of a known key must verify", good + line(signature[::-1]))
    bad("bad-line-before-a-good-one", *spoilt, "every line of a known key must verify", f"{text}\n{line(signature[::-1])}{own}")
    bad("blank-line-too-many", *spoilt, "a second blank line belongs to the text", good.replace("\n\n", "\n\n\n"))
    bad("missing-blank-line", "note_text", "no blank line", "text and lines run together", text + own)
    bad("crlf", "note_text", "control character", "lines end in line feeds alone", good.replace("\n", "\r\n"))
    bad("tab", "note_text", "control character", "no control character but the line feed", good.replace(" ", "\t", 1))
    bad("text-without-lines", "note_text", "no blank line", "nobody signed", text)
    bad("blank-line-and-nothing", "note_signature_line", "no signature line", "nobody signed", text + "\n")
    not_line = ("note_signature_line", "is no signature line")
    bad("no-line-end", *not_line, "the last line has no end", good[:-1])
    bad("hyphen", *not_line, "a line begins with an em dash", good.replace("—", "-"))
    bad("two-spaces", *not_line, "one space stands between", good.replace("— ", "—  "))
    bad("no-name", *not_line, "a line names its key", good.replace(f"— {LOG} ", "— "))
    bad("name-with-plus", *not_line, "a name holds no plus", good.replace(f"— {LOG}", f"— {LOG}+1"))
    bad("base64-without-padding", *not_line, "base64 has its padding", text + good[len(text) :].replace("=\n", "\n"))
    bad(
        "base64url",
        *not_line,
        "the standard alphabet",
        text + good[len(text) :].replace("+", "-").replace("/", "_").replace("xb.example.cn_log", LOG),
    )
    bad("key-id-alone", *not_line, "four bytes are an id without a signature", f"{text}\n{line(b'')}")
    bad("line-of-something-else", *not_line, "nothing else stands among the lines", good + "signed by the log\n")
    bad(
        "too-many-lines", "note_too_many_signatures", "more than 100", "a note has at most 100 signatures", good + foreign * 100
    )
    bad(
        "not-utf8",
        "note_text",
        "not UTF-8",
        "the text is UTF-8",
        None,
        note_base64=b64(good.encode().replace(b"cn/log", b"cn/\xfflog", 1)),
    )
    witness_line = lambda s: c2sp.line(WITNESS, c2sp.key_id(WITNESS, c2sp.COSIGNATURE, c2sp.public(WITNESS_SEED)), s)
    altered = witness_line((TIME + 60).to_bytes(8, "big") + c2sp.unbase64(cosigned.split(" ")[2].strip())[12:])
    bad("cosignature-with-altered-time", *spoilt, "a cosignature is for its time", good + altered, "cosigned")
    plain = witness_line(c2sp.sign(WITNESS_SEED, text.encode()))
    bad("cosignature-without-time", *spoilt, "a signature of the text alone is no cosignature", good + plain, "cosigned")
    bad(
        "cosignature-of-another-checkpoint",
        *spoilt,
        "the witness saw another tree",
        good + c2sp.cosigned_line(body(8), WITNESS, WITNESS_SEED, TIME),
        "cosigned",
    )
    bad(
        "cosignature-at-no-time",
        "note_time_bad",
        "no time",
        "a witness says when",
        good + c2sp.cosigned_line(text, WITNESS, WITNESS_SEED, 0),
        "cosigned",
    )
    bad("not-cosigned", *unsigned, "the witness has not signed", good, "cosigned")
    bad(
        "witness-of-another-name",
        *unsigned,
        "the witness's key under another name",
        good + c2sp.cosigned_line(text, WITNESS + "2", WITNESS_SEED, TIME),
        "cosigned",
    )
    log_id, key = log.split("+", 2)[1:]
    no_key = "bad_note_key"
    bad(
        "vkey-with-another-id",
        no_key,
        "the id is not that",
        "the id is not of this name and key",
        vkey=f"{LOG}+{int(log_id, 16) ^ 1:08x}+{key}",
    )
    bad("vkey-in-capitals", no_key, "lower-case", "the id is in lower case", vkey=f"{LOG}+{log_id.upper()}+{key}")
    bad(
        "vkey-of-unknown-type",
        no_key,
        "neither 0x01 nor 0x04",
        "type 0x02 is ECDSA",
        vkey=c2sp.vkey(LOG, 2, c2sp.public(LOG_SEED)),
    )
    bad(
        "vkey-with-short-key",
        no_key,
        "32 bytes",
        "31 bytes are no key",
        vkey=c2sp.vkey(LOG, c2sp.NOTE, c2sp.public(LOG_SEED)[:31]),
    )
    bad(
        "vkey-of-small-order",
        "bad_public_key",
        "prime-order group",
        "a key that would verify nearly anything",
        vkey=c2sp.vkey(LOG, c2sp.NOTE, b"\1" + bytes(31)),
    )


if __name__ == "__main__":
    place = Shelf(sys.argv[1])
    for write in (inclusions, consistencies, checkpoints, notes):
        write(place)
