"""Simulated captures of every mark of a folder, each read by four decoders: always the same ones.

Called by tests/decoders/run FOLDER --degrade [TABLE.md] [--keep DIR]. With a table to write, all marks; else two of every layout.
Exit code: 0 where three of the four decoders read at least 95 in 100 of all captures, 1 otherwise.
"""

import argparse
import math
import platform
import random
import shutil
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from importlib.metadata import version
from multiprocessing import Pool
from pathlib import Path

import cv2
import numpy
import zxingcpp

from eyes import NAMES, grey_on_white, rxing, texts

# Pixels of a module before the camera's own are averaged out of them; a multiple of every `px` below.
FINE = 12
# The camera stands this many widths of the code, quiet zone included, away from it: it fills a third of what a phone sees.
DISTANCE = 3
# Grey of the table, and how many modules of it are seen around the mark.
TABLE, MARGIN = 110, 6
# Share of the code's area that a blob covers.
BLOB = 0.05
# What a capture must reach, and how many of the four must read it.
WANTED, ENOUGH = 0.95, 3
LAYOUTS = ("vertical", "horizontal", "small", "seal")
WHERE = {True: "touches a finder pattern", False: "beside the finder patterns"}
BEGIN, END = "<!-- table -->", "<!-- end -->"


@dataclass(frozen=True)
class Capture:
    """How a picture is taken. Every one is turned and shifted a little, as a hand does."""

    name: str
    # Camera pixels of a module.
    px: int = 6
    # Degrees between the mark and the camera's plane, about an axis drawn by lot.
    tilt: float = 0
    # Standard deviation of a Gaussian, in modules.
    blur: float = 0
    # JPEG quality, 0: none.
    jpeg: int = 0
    # Share of the code's area under a round stain or reflection, its place and tone drawn by lot.
    blob: float = 0
    # Light falls off by this part over the picture.
    shade: float = 0
    # Standard deviation of the sensor's noise, of 255.
    noise: float = 0


# A Gaussian that makes an edge between black and white one module wide (10 to 90 %).
EDGE = 1 / 2.563
SHOP = {"jpeg": 40, "shade": 0.4, "noise": 4}
CAPTURES = (
    Capture("nothing done to it"),
    Capture("tilt 25°", tilt=25),
    Capture("blur 0.39 X", blur=EDGE),
    Capture("JPEG 40", jpeg=40),
    Capture("3 px/module", px=3),
    Capture("blob 5 %", blob=BLOB),
    Capture("in a shop: tilt 25°, blur 0.35 X, 4 px/module, JPEG 40", px=4, tilt=25, blur=0.35, **SHOP),
    Capture("from afar: 3 px/module, blur 0.35 X, JPEG 40", px=3, blur=0.35, **SHOP),
    Capture("worn: blob 5 %, tilt 25°, JPEG 40", tilt=25, blob=BLOB, **SHOP),
)
# More than is asked, to tell where it ends. These count for nothing.
BEYOND = (
    Capture("blur 0.45 X", blur=0.45),
    Capture("blur 0.5 X", blur=0.5),
    Capture("tilt 45°", tilt=45),
    Capture("tilt 60°", tilt=60),
    Capture("2 px/module", px=2),
    Capture("blob 8 %", blob=0.08),
    Capture("everything: tilt 25°, blur 0.39 X, 3 px/module, JPEG 40, blob 5 %", px=3, tilt=25, blur=EDGE, blob=BLOB, **SHOP),
)


@dataclass(frozen=True)
class Mark:
    """A mark's own pixels and where its code stands in them."""

    name: str
    text: str
    grey: numpy.ndarray
    # Left and upper edge of the code, pixels of a module, modules on a side.
    left: float
    top: float
    module: float
    side: int

    @property
    def layout(self):
        head = self.name.split("-")[0]
        return head if head in LAYOUTS else "vertical"

    @staticmethod
    def of(path):
        grey = grey_on_white(path)
        text = path.with_suffix(".txt").read_text().strip()
        [code] = zxingcpp.read_barcodes(grey, formats=zxingcpp.BarcodeFormat.QRCode)
        side = 45 if len(text.rsplit("/", 1)[1]) == 217 else 29
        # The decoder tells the corners to a pixel; modules are whole pixels.
        corner, other = code.position.top_left, code.position.bottom_right
        module = round((other.x - corner.x) / side)
        return Mark(path.stem, text, grey, corner.x, corner.y, module, side)


def stained(mark, share, lot):
    """The mark with its blob, and whether that touches one of the three finder patterns."""
    radius = math.sqrt(share / math.pi) * mark.side
    x, y = (lot.uniform(radius, mark.side - radius) for _ in "xy")
    tone = lot.choice((40, 225))

    def gap(at, low):
        return max(low - at, 0, at - low - 7)

    far = mark.side - 7
    finders = ((0, 0), (far, 0), (0, far))
    touches = any(math.hypot(gap(x, left), gap(y, top)) < radius for left, top in finders)
    grey = mark.grey.copy()
    place = (round(mark.left + x * mark.module), round(mark.top + y * mark.module))
    cv2.circle(grey, place, round(radius * mark.module), tone, -1, cv2.LINE_AA)
    return grey, touches


def seen_from(mark, capture, lot):
    """The homography from the mark's pixels to fine pixels, and the size of the fine picture."""
    turn, axis, tilt = (math.radians(a) for a in (lot.uniform(-8, 8), lot.uniform(0, 360), capture.tilt))

    def about_z(angle):
        c, s = math.cos(angle), math.sin(angle)
        return numpy.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]])

    c, s = math.cos(tilt), math.sin(tilt)
    about_x = numpy.array([[1.0, 0, 0], [0, c, -s], [0, s, c]])
    r = about_z(turn) @ about_z(axis) @ about_x @ about_z(-axis)
    away = DISTANCE * (mark.side + 8)
    project = numpy.array([[FINE * away * r[0, 0], FINE * away * r[0, 1], 0],
                           [FINE * away * r[1, 0], FINE * away * r[1, 1], 0],
                           [r[2, 0], r[2, 1], away]])
    half = mark.side / 2
    to_modules = numpy.array([[1 / mark.module, 0, -mark.left / mark.module - half],
                              [0, 1 / mark.module, -mark.top / mark.module - half],
                              [0, 0, 1.0]])
    h = project @ to_modules
    height, width = mark.grey.shape
    corners = numpy.float64([[[0, 0]], [[width, 0]], [[0, height]], [[width, height]]])
    reached = cv2.perspectiveTransform(corners, h).reshape(-1, 2)
    # Modules and the camera's pixels do not begin together.
    margin = MARGIN * FINE
    shift = [margin + lot.uniform(0, FINE) - least for least in reached.min(axis=0)]
    h = numpy.array([[1, 0, shift[0]], [0, 1, shift[1]], [0, 0, 1.0]]) @ h
    step = FINE // capture.px
    size = [math.ceil((most - least + 2 * margin + FINE) / step) * step
            for least, most in zip(reached.min(axis=0), reached.max(axis=0))]
    return h, size


def taken(mark, capture, lot):
    """Grey pixels of the capture, and whether a blob touches a finder pattern."""
    paper, touches = stained(mark, capture.blob, lot) if capture.blob else (mark.grey, False)
    h, (width, height) = seen_from(mark, capture, lot)
    fine = cv2.warpPerspective(paper, h, (width, height), flags=cv2.INTER_LINEAR, borderValue=TABLE)
    if capture.blur:
        fine = cv2.GaussianBlur(fine, (0, 0), capture.blur * FINE)
    step = FINE // capture.px
    shot = cv2.resize(fine, (width // step, height // step), interpolation=cv2.INTER_AREA).astype(numpy.float32)
    if capture.shade:
        angle = lot.uniform(0, 2 * math.pi)
        y, x = numpy.mgrid[-1:1:shot.shape[0] * 1j, -1:1:shot.shape[1] * 1j]
        along = (x * math.cos(angle) + y * math.sin(angle)) / math.sqrt(2)
        shot *= 1 - capture.shade * (1 + along) / 2
    if capture.noise:
        shot += numpy.random.default_rng(lot.getrandbits(64)).normal(0, capture.noise, shot.shape)
    shot = shot.clip(0, 255).round().astype(numpy.uint8)
    if capture.jpeg:
        _, file = cv2.imencode(".jpg", shot, [cv2.IMWRITE_JPEG_QUALITY, capture.jpeg])
        shot = cv2.imdecode(file, cv2.IMREAD_GRAYSCALE)
    return shot, touches


def judge(job):
    """What came of a mark's captures: (layout, capture, touches, {decoder: whether it read the one text}) each."""
    path, plan, kept = job
    mark = Mark.of(path)
    with tempfile.TemporaryDirectory() as scratch:
        shots = []
        for capture, lots in plan:
            for n in range(lots):
                shot, touches = taken(mark, capture, random.Random(f"{mark.name}/{capture.name}/{n}"))
                file = Path(scratch) / f"{len(shots)}.png"
                cv2.imwrite(str(file), shot)
                shots.append((capture, n, touches, file, texts(shot)))
        out = []
        for (capture, n, touches, file, found), also in zip(shots, rxing([file for _, _, _, file, _ in shots])):
            good = {name: seen == {mark.text} for name, seen in zip(NAMES, [*found, also])}
            out.append((mark.layout, capture.name, touches, good))
            if kept and capture in CAPTURES and sum(good.values()) < ENOUGH:
                shutil.copy(file, Path(kept) / f"{mark.name} {capture.name.split(':')[0].replace('/', ' of ')} {n}.png")
        return out


class Tally:
    """How many captures there were, how many each decoder read, and how many enough of them did."""

    def __init__(self):
        self.count, self.read, self.enough = 0, Counter(), 0

    def add(self, good):
        self.count += 1
        self.read.update(name for name, is_good in good.items() if is_good)
        self.enough += sum(good.values()) >= ENOUGH

    @property
    def rate(self):
        return self.enough / self.count

    def cells(self):
        shares = [self.read[name] / self.count for name in NAMES]
        bold = "" if self.rate >= WANTED else "**"
        return " | ".join([f"{self.count}", *(f"{share:.1%}" for share in shares), f"{bold}{self.rate:.1%}{bold}"])


def table(head, rows):
    names = list(NAMES)
    lines = [" | ".join([*head, "captures", *names, "3 of 4"]), " | ".join(["---"] * len(head) + ["---:"] * (len(names) + 2))]
    lines += [" | ".join([*key, tally.cells()]) for key, tally in rows.items() if tally.count]
    return "\n".join(f"| {line} |" for line in lines)


def report(tallies, marks):
    by_capture, counted = {}, {c.name for c in CAPTURES}
    for (layout, capture, touches), tally in tallies.items():
        keys = [(layout, capture), ("all layouts", capture)]
        if capture in counted:
            keys += [("all layouts", "all captures"), ("blob", capture, WHERE[touches])]
        for key in keys:
            into = by_capture.setdefault(key, Tally())
            into.count, into.enough = into.count + tally.count, into.enough + tally.enough
            into.read.update(tally.read)
    rows = {(layout, c.name): by_capture[layout, c.name]
            for layout in LAYOUTS for c in CAPTURES if (layout, c.name) in by_capture}
    rows |= {("all layouts", c.name): by_capture["all layouts", c.name] for c in CAPTURES}
    rows["all layouts", "all captures"] = by_capture["all layouts", "all captures"]
    beyond = {(c.name,): by_capture["all layouts", c.name] for c in BEYOND if ("all layouts", c.name) in by_capture}
    blobs = {key[1:]: tally for key, tally in by_capture.items() if key[0] == "blob" and "blob" in key[1]}
    made = (f"{marks} marks; zbar by pyzbar {version('pyzbar')}, zxing-cpp {version('zxing-cpp')}, OpenCV {cv2.__version__}, rxing 0.9; "
            f"{platform.system()} {platform.machine()}.")
    return "\n\n".join([made, table(("layout", "capture"), rows),
                        "Where a blob lies:", table(("capture", "the blob"), dict(sorted(blobs.items()))),
                        "Beyond the set, to tell where it ends (all layouts):", table(("capture",), beyond)])


def put(text, page):
    """Puts the made text between its markers."""
    head, _, rest = page.read_text().partition(BEGIN)
    page.write_text(f"{head}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}")


def sample(files):
    """Two marks of every layout."""
    of = {layout: [f for f in files if f.name.startswith(f"{layout}-")] for layout in LAYOUTS}
    return [marks[len(marks) * part // 4] for marks in of.values() if marks for part in (1, 3)]


def main():
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("folder", type=Path)
    ask.add_argument("table", type=Path, nargs="?", help="the page to put the tables of all marks into")
    ask.add_argument("--keep", type=Path, help="a folder for the captures that too few read")
    asked = ask.parse_args()
    files = sorted(p for p in asked.folder.glob("*.png") if not p.name.startswith("random"))
    if not files:
        sys.exit(f"no .png in {asked.folder}")
    chosen = files if asked.table else sample(files)
    plan = [*((c, 3) for c in CAPTURES), *((c, 1) for c in BEYOND)] if asked.table else [(c, 1) for c in CAPTURES]
    if asked.keep:
        asked.keep.mkdir(parents=True, exist_ok=True)
    tallies = {}
    with Pool() as pool:
        for done in pool.imap_unordered(judge, [(path, plan, asked.keep) for path in chosen]):
            for layout, capture, touches, good in done:
                tallies.setdefault((layout, capture, touches), Tally()).add(good)
    text = report(tallies, len(chosen))
    if asked.table:
        put(text, asked.table)
    print(text if asked.table else text.split("\n\n")[1])
    counted = {c.name for c in CAPTURES}
    asked_for = [tally for (_, capture, _), tally in tallies.items() if capture in counted]
    count, enough = sum(tally.count for tally in asked_for), sum(tally.enough for tally in asked_for)
    print(f"{count} captures: {enough / count:.1%} read by three of four, {WANTED:.0%} wanted")
    sys.exit(0 if enough >= WANTED * count else 1)


if __name__ == "__main__":
    main()
