#!/usr/bin/env python3
"""A second verifier of certificates and marks, written from docs/SPEC-*.md alone, with nothing but Python's own library.

    from_spec.py KEYS NOW [AT] < INPUTS

KEYS is a did.json; NOW and AT (default: NOW) are instants such as 2026-05-08T04:00:00Z. Each line of INPUTS is a JSON text:
{"mark": TEXT} or {"certificate": BASE64}. For each one line comes out: {"verdict": WORD, "genuine": BOOL, "checks":
[[CHECK, RESULT, CODE], ...]}. The key document is trusted and taken as it is; of a certificate's texts the normal forms
are not looked at.
"""
import base64, hashlib, json, re, sys
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

# --- SPEC-certificate: strict JSON


class Refused(Exception):
    """Carries the code."""

    result = "failed"


class Unsettled(Refused):
    """Nothing can be told."""

    result = "undetermined"


def strict_json(data, most=1 << 20):
    if len(data) > most:
        raise Refused("json_too_large")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("json_utf8")

    def number(token):
        double = float(token) if len(token) <= 64 else float("inf")
        minus_zero = double == 0 and token.startswith("-")
        if minus_zero or double in (float("inf"), float("-inf")) or Decimal(token) != Decimal(repr(double)):
            raise Refused("json_number")
        return int(double) if double.is_integer() else double

    def members(pairs):
        if len({name for name, _ in pairs}) < len(pairs):
            raise Refused("json_duplicate_member")
        return dict(pairs)

    def constant(_):
        raise Refused("json_syntax")

    try:
        value = json.loads(text, object_pairs_hook=members, parse_int=number, parse_float=number, parse_constant=constant)
    except (ValueError, RecursionError):
        raise Refused("json_syntax")
    look(value, 0)
    return value


def look(value, depth):
    if isinstance(value, (dict, list)):
        if depth >= 32:
            raise Refused("json_too_deep")
        parts = list(value) + list(value.values()) if isinstance(value, dict) else value
        for part in parts:
            look(part, depth + 1)
    elif isinstance(value, str):
        for c in map(ord, value):
            if 0xD800 <= c <= 0xDFFF:
                raise Refused("json_syntax")
            if c & 0xFFFE == 0xFFFE or 0xFDD0 <= c <= 0xFDEF:
                raise Refused("json_character")


def canonical(value):
    """RFC 8785; fractions are in nothing a body signs, so their text need not be right, only there."""
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return "{" + ",".join(canonical(n) + ":" + canonical(value[n]) for n in names) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def digest(value):
    return hashlib.sha256(canonical(value).encode()).digest()


# --- RFC 8032 section 5.1, read strictly (SPEC-keys)
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
    """A canonically written point, or None."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    xx = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(xx, (P + 3) // 8, P)
    x = x if x * x % P == xx else x * pow(2, (P - 1) // 4, P) % P
    if y >= P or x * x % P != xx or (x == 0 and sign):
        return None
    x = x if x & 1 == sign else P - x
    return x, y, 1, x * y % P


def encoded(p):
    z = pow(p[2], P - 2, P)
    return (p[1] * z % P | (p[0] * z % P & 1) << 255).to_bytes(32, "little")


def is_neutral(p):
    return p[0] == 0 and p[1] == p[2]


BASE = point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def signed_by(raw, message, signature):
    r, s = point(signature[:32]), int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or r is None or is_neutral(times(8, r)) or s >= L:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + raw + message).digest(), "little") % L
    x, y, z, t = point(raw)
    return encoded(add(times(s, BASE), times(k, (P - x, y, z, P - t)))) == signature[:32]


def base58(text):
    n = 0
    for c in text:
        n = n * 58 + "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz".index(c)
    zeros = len(text) - len(text.lstrip("1"))
    return bytes(zeros) + n.to_bytes((n.bit_length() + 7) // 8, "big")


# --- days and identifiers


def instant(text):
    form = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{0,5}[1-9])?Z", text, re.ASCII)
    if not form:
        raise ValueError(text)
    at = datetime.strptime(form[1], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
    return at + timedelta(microseconds=int((form[2] or ".0")[1:].ljust(6, "0")))


def day(text):
    if not isinstance(text, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
        raise ValueError(text)
    return date.fromisoformat(text)


def starts(of):
    return datetime(of.year, of.month, of.day, tzinfo=timezone(timedelta(hours=8)))


def ends(of):
    return starts(of) + timedelta(days=1) - timedelta(seconds=1)


def written(at):
    return at.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def is_identifier(text):
    if not isinstance(text, str) or not re.fullmatch(r"\d{16}", text, re.ASCII) or int(text[:15]) >= 2**48:
        return False
    p = 10
    for c in text[:15]:
        p = ((p + int(c)) % 10 or 10) * 2 % 11
    return (11 - p) % 10 == int(text[15])


# --- SPEC-keys


class Keys:
    def __init__(self, document):
        self.host = document["id"].removeprefix("did:web:")
        self.keys = [Key(entry) for entry in document["verificationMethod"]]


class Key:
    def __init__(self, entry):
        self.url, self.purpose = entry["id"], entry["purpose"]
        self.raw = base58(entry["publicKeyMultibase"][1:])[2:]
        window = [entry.get(name) for name in ("validFrom", "retiredAt", "revoked")]
        self.first, self.retired, self.revoked = (instant(text) if text else None for text in window)


# --- SPEC-certificate: the proof and the document
KEY_URL = re.compile(r"(credential|mark|log|receipt)-[1-9]\d{0,3}", re.ASCII)
OPTIONS = {"@context", "type", "cryptosuite", "created", "verificationMethod", "proofPurpose", "proofValue"}


def proof_signer(document, keys, purpose="credential"):
    """The key that signed, and when it says it did."""
    if not isinstance(document, dict):
        raise Refused("document_not_object")
    if (document.get("type") == "starmark-receipt") != (purpose == "receipt"):
        raise Refused("document_kind_wrong")
    if "proof" not in document:
        raise Refused("proof_missing")
    proof = document["proof"]
    if isinstance(proof, list):
        raise Refused("proof_several")
    if not isinstance(proof, dict):
        raise Refused("proof_malformed")

    def text(name):
        if not isinstance(proof.get(name), str):
            raise Refused("proof_malformed")
        return proof[name]

    if text("type") != "DataIntegrityProof":
        raise Refused("proof_type_unsupported")
    if text("cryptosuite") != "eddsa-jcs-2022":
        raise Refused("cryptosuite_unsupported")
    if set(proof) - OPTIONS:
        raise Refused("proof_option_unsupported")
    if text("proofPurpose") != "assertionMethod":
        raise Refused("proof_purpose_wrong")
    missing = object()
    if proof.get("@context", missing) != document.get("@context", missing):
        raise Refused("context_mismatch")
    try:
        created = instant(text("created"))
        value = text("proofValue")
        signature = base58(value[1:])
        if created.microsecond or value[:1] != "z" or len(value) > 89 or len(signature) != 64:
            raise ValueError("proof")
    except ValueError:
        raise Refused("proof_malformed")
    url = text("verificationMethod")
    key = next((k for k in keys.keys if k.url == url), None)
    if key is None and KEY_URL.fullmatch(url.removeprefix(f"did:web:{keys.host}#")):
        raise Unsettled("key_unknown")
    if key is None:
        raise Refused("key_unknown")
    if key.purpose != purpose:
        raise Refused("key_purpose_wrong")
    options = {name: v for name, v in proof.items() if name != "proofValue"}
    unsecured = {name: v for name, v in document.items() if name != "proof"}
    if not signed_by(key.raw, digest(options) + digest(unsecured), signature):
        raise Refused("signature_bad")
    issuer = document.get("issuer")
    if url.split("#")[0] not in (issuer, issuer.get("id") if isinstance(issuer, dict) else None):
        raise Refused("issuer_mismatch")
    return key, created


NEEDED = set(
    "certificateNumber holder level scheme standard scope sites certificationBody issuedOn validUntilDay firstIssuedOn"
    " surveillanceDueOn recertification".split()
)


def status_entries(entries, host):
    """The two entries of the place that the first one names."""
    number, place = entries[0]["statusListCredential"].rsplit("/", 1)[1], entries[0]["statusListIndex"]
    if not all(re.fullmatch(r"0|[1-9]\d*", text, re.ASCII) for text in (number, place)):
        raise ValueError(number)
    if not (1 <= int(number) <= 1_000_000 and int(place) < 131_072):
        raise ValueError(number)

    def entry(purpose):
        listed = f"https://{host}/status/{purpose}/{number}"
        return {
            "id": f"{listed}#{place}",
            "type": "BitstringStatusListEntry",
            "statusPurpose": purpose,
            "statusListIndex": place,
            "statusListCredential": listed,
        }

    return [entry("revocation"), entry("suspension")]


def dates_of(document, host):
    """First and last day of a document that is a certificate of this host."""
    try:
        page = f"https://{host}/c/"
        subject = document["credentialSubject"]
        first, last = day(subject["issuedOn"]), day(subject["validUntilDay"])
        day(subject["firstIssuedOn"]), day(subject["surveillanceDueOn"])
        formed = {
            "@context": ["https://www.w3.org/ns/credentials/v2", f"https://{host}/ns/v1"],
            "id": page + document["id"][-16:],
            "type": ["VerifiableCredential", "AfterSalesServiceCertificate"],
            "issuer": f"did:web:{host}",
            "validFrom": written(starts(first)),
            "validUntil": written(ends(last)),
            "credentialSubject": subject,
        }
        if "credentialStatus" in document:
            formed["credentialStatus"] = status_entries(document["credentialStatus"], host)
        good = (
            formed == {name: v for name, v in document.items() if name != "proof"}
            and is_identifier(document["id"][-16:])
            and NEEDED <= set(subject) <= NEEDED | {"supersedes", "scoreSheetDigest"}
            and set(subject["holder"]) == {"name", "uscc", "address"}
            and set(subject["certificationBody"]) == {"name", "address", "approvalNumber"}
            and all(set(site) == {"name", "address"} for site in subject["sites"])
            and subject["level"] in ("five_star", "four_star", "three_star", "qualified")
            and type(subject["recertification"]) is int
            and str(subject.get("scoreSheetDigest", "sha256:")).startswith("sha256:")
        )
        old = subject.get("supersedes", formed["id"])
        if good and old.startswith(page) and is_identifier(old.removeprefix(page)):
            return first, last
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError):
        pass
    raise Refused("not_a_certificate")


# --- SPEC-verdict, SPEC-mark


def key_check(key, first, last, now):
    if first > now + timedelta(minutes=5):
        return ["key", "undetermined", "signed_in_the_future"]
    if key.revoked and key.revoked <= first:
        return ["key", "failed", "key_compromised"]
    if key.revoked:
        return ["key", "undetermined", "key_compromised_later"]
    if last < key.first or (key.retired and key.retired <= first):
        return ["key", "failed", "key_out_of_window"]
    return ["key", "ok", "key_in_window"]


def validity_check(first, last, at):
    if at < starts(first):
        return ["validity", "failed", "not_yet_valid"]
    if at >= starts(last) + timedelta(days=1):
        return ["validity", "failed", "expired"]
    return ["validity", "ok", "within_dates"]


STATUS = ["status", "undetermined", "status_not_asked"]
GOOD = ["signature", "ok", "signature_good"]


def certificate(data, keys, now, at):
    try:
        document = strict_json(data)
        key, created = proof_signer(document, keys)
        first, last = dates_of(document, keys.host)
    except Refused as why:
        return [["signature", why.result, str(why)]]
    return [GOOD, key_check(key, created, created + timedelta(seconds=1), now), validity_check(first, last, at), STATUS]


def mark_digits(text, host):
    if re.fullmatch(r"\d+", text, re.ASCII):
        return text
    form = re.fullmatch(r"(https?)://([A-Za-z0-9.-]+)(:\d{1,5})?/m/([^/?#]*)", text, re.ASCII | re.DOTALL)
    if not form or int((form[3] or ":0")[1:]) > 65535 or len(form[2] + (form[3] or "")) > 259:
        raise Refused("not_a_mark_url")
    if form[2] not in ("127.0.0.1", "localhost") and (form[1] != "https" or form[2] != host or form[3]):
        raise Refused("foreign_host")
    return form[4]


def mark(text, keys, now, at):
    try:
        digits = mark_digits(text.strip(), keys.host)
        if is_identifier(digits):
            raise Unsettled("link_mark")
        if not re.fullmatch(r"\d{217}", digits, re.ASCII):
            raise Unsettled("incomplete_code")
        if int(digits) >= 1 << 720:
            raise Refused("bad_mark_token")
        token = int(digits).to_bytes(90, "big")
        issued, last = (int.from_bytes(token[i : i + 2], "big") for i in (11, 13))
        level = token[0] >> 1 & 7
        if token[0] >> 4 != 1 or level in (1, 2, 6, 7) or last < issued:
            raise Refused("bad_mark_token")
        if int.from_bytes(token[15:26], "big") >= 31**17:
            raise Refused("bad_mark_token")
    except Refused as why:
        return [["mark", why.result, str(why)]]
    message = b"after-sales-mark/v1\0" + keys.host.encode() + b"\0" + token[:26]
    listed = [k for k in keys.keys if k.purpose == "mark" and hashlib.sha256(k.raw).digest()[:4] == token[1:5]]
    if not listed:
        return [["signature", "undetermined", "key_unknown"]]
    key = next((k for k in listed if signed_by(k.raw, message, token[26:])), None)
    if key is None:
        return [["signature", "failed", "mark_signature_bad"]]
    issued, last = (date(2020, 1, 1) + timedelta(days=n) for n in (issued, last))
    checks = [GOOD, key_check(key, starts(issued), ends(issued), now), validity_check(issued, last, at)]
    return checks + ([["mark", "failed", "test_mark"]] if token[0] & 1 else []) + [STATUS]


def answer(checks, now, at):
    required = [result for name, result, _ in checks if name != "status" or at > now]
    word = "invalid" if "failed" in required else "undetermined" if "undetermined" in required else "valid"
    genuine = GOOD in checks and not any(c[:2] == ["key", "failed"] for c in checks)
    return {"verdict": word, "genuine": genuine, "checks": checks}


def main():
    now = instant(sys.argv[2])
    at = instant(sys.argv[3]) if len(sys.argv) > 3 else now
    with open(sys.argv[1], "rb") as file:
        keys = Keys(strict_json(file.read()))
    for line in sys.stdin:
        asked = json.loads(line)
        if "mark" in asked:
            checks = mark(asked["mark"], keys, now, at)
        else:
            checks = certificate(base64.b64decode(asked["certificate"]), keys, now, at)
        print(json.dumps(answer(checks, now, at)))


if __name__ == "__main__":
    main()
