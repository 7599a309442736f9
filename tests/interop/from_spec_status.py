#!/usr/bin/env python3
"""The check `status` from status lists that were kept, written from docs/SPEC-status.md and SPEC-verdict.md alone.

    from_spec_status.py KEYS NOW [AT] < INPUTS

As from_spec.py, but each line of INPUTS is {"place": [LIST, INDEX], "lists": [BASE64, ...]}: the place of a certificate in the
status lists, and the lists at hand. For each one line comes out: [RESULT, CODE].
"""
import base64, json, re, sys, zlib
from datetime import timedelta

from from_spec import Keys, Refused, Unsettled, instant, key_check, proof_signer, strict_json, written


def is_list(document, host, purpose, number):
    """Whether the document says what a status list says, and nothing else."""
    try:
        subject = document["credentialSubject"]
        window = [instant(document[name]) for name in ("validFrom", "validUntil")]
        address = f"https://{host}/status/{purpose}/{number}"
        formed = {
            "@context": ["https://www.w3.org/ns/credentials/v2"],
            "id": address,
            "type": ["VerifiableCredential", "BitstringStatusListCredential"],
            "issuer": f"did:web:{host}",
            "validFrom": written(window[0]),
            "validUntil": written(window[1]),
            "credentialSubject": {
                "id": address + "#list",
                "type": "BitstringStatusList",
                "statusPurpose": purpose,
                "encodedList": subject["encodedList"],
                "ttl": subject["ttl"],
            },
        }
        return (
            formed == {name: v for name, v in document.items() if name != "proof"}
            and isinstance(subject["encodedList"], str)
            and type(subject["ttl"]) is int
            and 1 <= subject["ttl"] < 2**53
            and window[0] <= window[1]
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return False


def entry(text, index):
    """Whether the entry of a packed list is set."""
    if text[:1] != "u" or not re.fullmatch(r"[A-Za-z0-9_-]*", text[1:], re.ASCII):
        raise Unsettled("status_list_unreadable")
    try:
        packed = base64.urlsafe_b64decode(text[1:] + "=" * (-len(text[1:]) % 4))
        if base64.urlsafe_b64encode(packed).decode().rstrip("=") != text[1:]:
            raise ValueError("bits left over")
        unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
        bits = unpacker.decompress(packed, (1 << 19) + 1)
        whole = unpacker.eof and not unpacker.unused_data
        if not whole or not 1 << 14 <= len(bits) <= 1 << 19 or index >= 8 * len(bits):
            raise ValueError("size")
        return bool(bits[index // 8] << index % 8 & 128)
    except (ValueError, zlib.error):
        raise Unsettled("status_list_unreadable")


def list_says(document, keys, purpose, number, index, now, at):
    """(validFrom, whether the entry is set)."""
    try:
        key, created = proof_signer(document, keys)
    except Refused:
        raise Unsettled("status_list_unreadable")
    if key_check(key, created, created + timedelta(seconds=1), now)[1] != "ok":
        raise Unsettled("status_list_key")
    if not is_list(document, keys.host, purpose, number):
        raise Unsettled("status_list_unreadable")
    first, last = instant(document["validFrom"]), instant(document["validUntil"])
    if not first <= at <= last:
        raise Unsettled("status_list_out_of_window")
    return first, entry(document["credentialSubject"]["encodedList"], index)


def purpose_says(lists, keys, purpose, number, index, now, at):
    address = f"https://{keys.host}/status/{purpose}/{number}"
    said, faults = [], []
    for document in lists:
        if isinstance(document, dict) and document.get("id") == address:
            try:
                said.append(list_says(document, keys, purpose, number, index, now, at))
            except Unsettled as why:
                faults.append(why)
    if said:
        return max(said, key=lambda s: s[0])[1]
    if faults:
        raise faults[0]
    if not lists:
        raise Unsettled("status_list_missing")
    raise Unsettled("status_list_unreadable" if None in lists else "status_list_other")


def kept_status(place, files, keys, now, at):
    lists = []
    for data in files:
        try:
            lists.append(strict_json(data))
        except Refused:
            lists.append(None)
    answers = []
    for purpose in ("revocation", "suspension"):
        try:
            answers.append(purpose_says(lists, keys, purpose, *place, now, at))
        except Unsettled as why:
            answers.append(why)
    for answer, code in zip(answers, ("status_revoked", "status_suspended")):
        if answer is True:
            return ["failed", code]
    for answer in answers:
        if answer is not False:
            return ["undetermined", str(answer)]
    if at > now:
        return ["undetermined", "in_the_future"]
    return ["ok", "status_not_listed"]


def main():
    now = instant(sys.argv[2])
    at = instant(sys.argv[3]) if len(sys.argv) > 3 else now
    with open(sys.argv[1], "rb") as file:
        keys = Keys(strict_json(file.read()))
    for line in sys.stdin:
        asked = json.loads(line)
        files = [base64.b64decode(text) for text in asked["lists"]]
        print(json.dumps(kept_status(asked["place"], files, keys, now, at)))


if __name__ == "__main__":
    main()
