"""Simulated captures of marks, and of the same marks with somebody else's code in them, sent to a server's /scan as a phone sends them.

Called by tests/decoders/run FOLDER --scan BASE [EVERY]: of every layout so many marks are taken as EVERY says (1: the two of the sample).
A capture of our mark is right where the answer leads to that mark's page; one of a foreign code never may, nor may it show a verdict
of ours. Exit code: 0 where at least 95 in 100 of our marks are answered rightly and no foreign code passes, 1 otherwise.
"""

import argparse
import random
import re
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections import Counter
from dataclasses import replace
from pathlib import Path

import cv2
import numpy

from degrade import CAPTURES, WANTED, Mark, sample, taken

# What forgers print in place of our code: look-alikes of the host, our host inside others, other addresses, and no address at all.
FOREIGN = (
    "https://xb.examp1e.cn/m/{}",
    "https://xb-example.cn/m/{}",
    "https://xb.example.cn.evil.example/m/{}",
    "https://xb.example.com/m/{}",
    "https://evil.example/?to=https://xb.example.cn/m/{}",
    "https://xb.example.cn@evil.example/m/{}",
    "https://pay.example/q/8823",
    "weixin://dl/business/?t=abc",
    "29326SC10002R0M",
)


def with_code(mark, text):
    """The mark with a code of that text where its own is."""
    code = cv2.QRCodeEncoder.create().encode(text)
    rows = numpy.flatnonzero((code == 0).any(axis=1))
    code = code[rows[0]:rows[-1] + 1, rows[0]:rows[-1] + 1]
    place = mark.side * mark.module
    grey = mark.grey.copy()
    grey[round(mark.top):round(mark.top) + place, round(mark.left):round(mark.left) + place] = cv2.resize(
        code, (place, place), interpolation=cv2.INTER_NEAREST)
    # Captures are measured in modules of the code that is seen.
    return replace(mark, text=text, grey=grey, module=place / len(code), side=len(code))


class Stays(urllib.request.HTTPRedirectHandler):
    """Tells where an answer leads instead of going there."""

    def redirect_request(self, *_):
        return None


ASK = urllib.request.build_opener(Stays)


def answered(base, path, body=None, kind=None):
    """Status, where it leads, and the page."""
    request = urllib.request.Request(base + path, data=body, headers={"content-type": kind} if kind else {})
    try:
        with ASK.open(request, timeout=60) as reply:
            return reply.status, None, reply.read().decode()
    except urllib.error.HTTPError as reply:
        if reply.code == 429:
            time.sleep(float(reply.headers["retry-after"]))
            return answered(base, path, body, kind)
        return reply.code, reply.headers.get("location"), reply.read().decode()


def scanned(base, shot):
    """Where a photograph leads: the address of a page of ours, or the word of the answer."""
    _, file = cv2.imencode(".jpg", shot, [cv2.IMWRITE_JPEG_QUALITY, 85])
    edge = uuid.uuid4().hex
    head = f'--{edge}\r\nContent-Disposition: form-data; name="photo"; filename="photo.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
    body = head.encode() + file.tobytes() + f"\r\n--{edge}--\r\n".encode()
    status, leads, page = answered(base, "/scan", body, f"multipart/form-data; boundary={edge}")
    while leads and leads.startswith("/scan?"):
        status, leads, page = answered(base, leads)
    if leads:
        return leads
    word = re.search(r'<h1 id="verdict">([^<]+)', page)
    return word.group(1) if status == 200 and word else f"{status}: no answer"


def main():
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("folder", type=Path)
    ask.add_argument("base")
    ask.add_argument("every", type=int, nargs="?", default=1)
    asked = ask.parse_args()
    files = sorted(p for p in asked.folder.glob("*.png") if not p.name.startswith("random"))
    marks = [Mark.of(path) for path in sample(files)[::asked.every]]
    tallies, passed = Counter(), []
    for number, mark in enumerate(marks):
        for n, capture in enumerate(CAPTURES):
            shot, _ = taken(mark, capture, random.Random(f"scan/{mark.name}/{capture.name}"))
            leads = scanned(asked.base, shot)
            right = leads == "/m/" + mark.text.rsplit("/", 1)[1]
            tallies[capture.name, "ours", "right" if right else leads] += 1
            digits = mark.text.rsplit("/", 1)[1][:16]
            forged = with_code(mark, FOREIGN[(number + n) % len(FOREIGN)].format(digits))
            shot, _ = taken(forged, capture, random.Random(f"scan/{mark.name}/{capture.name}/forged"))
            leads = scanned(asked.base, shot)
            tallies[capture.name, "foreign", "right" if leads == "不是真标志" else leads] += 1
            if leads not in ("不是真标志", "无法判断"):
                passed.append(f"{forged.text} in {mark.name}, {capture.name}: {leads}")
    for whose in ("ours", "foreign"):
        told = Counter()
        for (capture, of, answer), count in tallies.items():
            if of == whose:
                told[answer] += count
        total = sum(told.values())
        print(f"{whose}: {total} captures, {told['right'] / total:.1%} answered rightly; else {dict(told - Counter(right=told['right']))}")
        if whose == "ours":
            share = told["right"] / total
    missed = Counter(capture for (capture, _, answer), count in tallies.items() for _ in range(count) if answer != "right")
    print("missed by capture:", dict(missed))
    print(f"foreign codes that passed: {len(passed)}", *passed, sep="\n  ")
    sys.exit(0 if share >= WANTED and not passed else 1)


if __name__ == "__main__":
    main()
