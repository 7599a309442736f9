#!/usr/bin/env python3
"""A second verifier of receipts, written from docs/SPEC-*.md alone, with nothing but Python's own library.

    receipt_from_spec.py < VECTORS

Each line of VECTORS is a JSON object with `keys` (a did.json), `now` and `receipt` (the text as it is read). For each one
line comes out: {"verdict": WORD, "checks": [[CHECK, RESULT, CODE], ...]}. The key document is trusted and taken as it is; of
a certificate's texts the normal forms are not looked at.
"""
import json, re, sys
from datetime import timedelta

from from_spec import GOOD, Keys, Refused, Unsettled, day, instant, is_identifier, key_check, proof_signer, starts, strict_json

RESULTS = ("ok", "failed", "undetermined")
STANDINGS = "valid withdrawn cancelled superseded expired suspended not_yet_effective".split()
LEVELS = "five_star four_star three_star qualified".split()


def shape(good):
    if not good:
        raise Refused("not_a_receipt")


def members(value, needed, more=()):
    shape(isinstance(value, dict) and set(needed) <= set(value) <= set(needed) | set(more))
    return value


def text(value, longest):
    shape(isinstance(value, str) and 0 < len(value) <= longest and value == value.strip())
    unseen = range(0x200B, 0x2010), range(0x202A, 0x202F), range(0x2060, 0x2070)
    shape(not any(ord(c) < 32 or any(ord(c) in block for block in unseen) for c in value))
    return value


def moment(value):
    shape(isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d*[1-9])?Z", value))
    try:
        return instant(value)
    except ValueError:
        shape(False)


def certificate(value):
    members(value, "id number holder level scope standard issued_on valid_until record_sha256".split())
    members(value["holder"], ("name", "uscc", "address"))
    shape(is_identifier(value["id"]) and value["level"] in LEVELS)
    shape(re.fullmatch(r"[0-9a-f]{64}", value["record_sha256"]))
    text(value["standard"], 2000), text(value["scope"], 600)
    return value


def checks_of(value):
    shape(isinstance(value, list))
    for check in value:
        members(check, "check result required code message message_zh source known_at".split())
        shape(check["result"] in RESULTS and isinstance(check["required"], bool))
        shape(all(re.fullmatch(r"[a-z0-9_]+", text(check[name], 2000)) for name in ("check", "code", "source")))
        text(check["message"], 2000), text(check["message_zh"], 2000), moment(check["known_at"])
    return value


def answer(value):
    members(value, ("asked", "verdict", "checks", "comparison"), ("certificate", "standing", "changed_that_day", "log"))
    text(value["asked"], 400)
    shape(value["verdict"] in ("valid", "invalid", "undetermined"))
    shape(value.get("standing", "valid") in STANDINGS and value.get("changed_that_day", True) is True)
    if "certificate" in value:
        certificate(value["certificate"])
    checks_of(value["checks"])
    shape(isinstance(value["comparison"], list))
    for compared in value["comparison"]:
        members(compared, ("field", "expected", "same"), ("found",))
        shape(compared["field"] in ("holder", "uscc", "level", "scope") and isinstance(compared["same"], bool))
        text(compared["expected"], 800)
    return value


def form(document, host):
    """The document, if it is a receipt in its one form."""
    version = document.get("version")
    if type(version) is int and version > 1:
        raise Unsettled("receipt_newer")
    needed = "type version id issuer made_at as_of known_at differences answers proof".split()
    members(document, needed, ("reference", "log"))
    shape(type(version) is int and version == 1 and type(document["differences"]) is int)
    rid = document["id"].removeprefix(f"https://{host}/r/") if isinstance(document["id"], str) else ""
    if not re.fullmatch(r"[A-Za-z0-9_-]{21}[AQgw]", rid, re.ASCII):
        raise Refused("receipt_address_wrong")
    shape(isinstance(document["answers"], list) and 1 <= len(document["answers"]) <= 10_000)
    for name in ("made_at", "as_of", "known_at"):
        moment(document[name])
    if "reference" in document:
        text(document["reference"], 120)
    for one in document["answers"]:
        answer(one)
    return document


def drawn(checks):
    required = [check["result"] for check in checks if check["required"]]
    if "failed" in required:
        return "invalid"
    return "undetermined" if "undetermined" in required or not required else "valid"


def require(code, good):
    if not good:
        raise Refused(code)


def holds_together(document, created):
    made_at, as_of, known_at = (moment(document[name]) for name in ("made_at", "as_of", "known_at"))
    require("receipt_times_wrong", made_at.replace(microsecond=0) == created and known_at <= made_at)
    told = {"holder": lambda c: c["holder"]["name"], "uscc": lambda c: c["holder"]["uscc"], "level": lambda c: c["level"], "scope": lambda c: c["scope"]}
    for one in document["answers"]:
        wrong, valid, found = "receipt_verdict_wrong", one["verdict"] == "valid", one.get("certificate")
        require(wrong, one["verdict"] == drawn(one["checks"]) and valid == (one.get("standing") == "valid"))
        require("receipt_times_wrong", all(moment(check["known_at"]) <= made_at for check in one["checks"]))
        if valid:
            required = {check["check"] for check in one["checks"] if check["required"]}
            require(wrong, found and {"signature", "key", "validity", "status"} <= required and as_of <= known_at)
            first, last = starts(day(found["issued_on"])), starts(day(found["valid_until"])) + timedelta(days=1)
            require(wrong, first <= as_of < last)
        wrong, fields = "receipt_comparison_wrong", [compared["field"] for compared in one["comparison"]]
        require(wrong, len(set(fields)) == len(fields))
        for compared in one["comparison"]:
            require(wrong, compared.get("found") == (told[compared["field"]](found) if found else None))
            require(wrong, not compared["same"] or "found" in compared)
            require(wrong, compared["same"] or compared.get("found") != compared["expected"])
    differ = [compared for one in document["answers"] for compared in one["comparison"] if not compared["same"]]
    require("receipt_comparison_wrong", document["differences"] == len(differ))


def may_be_newer(document, keys):
    listed = [int(key.url.rsplit("-")[-1]) for key in keys.keys if key.purpose == "receipt"]
    url = re.fullmatch(rf"did:web:{re.escape(keys.host)}#receipt-([1-9]\d{{0,3}})", document["proof"]["verificationMethod"])
    try:
        form(document, keys.host)
    except Refused:
        return False
    return bool(url) and int(url[1]) > max(listed, default=0) and document["issuer"] == f"did:web:{keys.host}"


def verify(data, keys, now):
    document, checks = None, []
    try:
        document = strict_json(data, 32 << 20)
        key, created = proof_signer(document, keys, "receipt")
        checks.append(GOOD)
    except Refused as why:
        newer = str(why) == "key_unknown" and may_be_newer(document, keys)
        return [["signature", "undetermined" if newer else "failed", str(why)]]
    try:
        json.loads(data, parse_float=lambda _: shape(False))
        form(document, keys.host)
        made_at = moment(document["made_at"]).replace(microsecond=0)
        checks.append(key_check(key, made_at, made_at + timedelta(seconds=1), now))
        holds_together(document, created)
        checks.append(["receipt", "ok", "receipt_consistent"])
        if any("log" in part for part in [document, *document["answers"]]):
            raise SystemExit("proofs of the log are verified by tests/witness/c2sp.py, not here")
        checks.append(["log", "undetermined", "log_missing"])
    except Refused as why:
        checks.append(["receipt", why.result, str(why)])
    return checks


def main():
    for line in sys.stdin:
        vector = json.loads(line)
        checks = verify(vector["receipt"].encode(), Keys(vector["keys"]), instant(vector["now"]))
        # Without proofs from the log the body's word stands by its signature alone.
        results = [result for check, result, _ in checks if check != "log"]
        word = "invalid" if "failed" in results else "undetermined" if "undetermined" in results else "valid"
        print(json.dumps({"verdict": word, "checks": checks}))


if __name__ == "__main__":
    main()
