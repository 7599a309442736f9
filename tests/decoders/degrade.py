"""What is read of marks as cameras and printers spoil them: a fixed set of simulated captures of every PNG of a folder.

Called by tests/decoders/run FOLDER --degrade [TABLE.md]. With a table to write, all marks; else every fifth one.
Exit code: 0 where three of the four decoders read at least 95 in 100 of all captures, 1 otherwise.
"""

import platform
import random
import sys
import tempfile
from importlib.metadata import version
from multiprocessing import Pool
from pathlib import Path

import cv2
import numpy
from eyes import NAMES, grey_on_white, rxing, texts

# Pixels of a module in the files, and in a capture unless it says otherwise.
FILE_PX, CAPTURE_PX = 12, 6
ENOUGH = 0.95
SAMPLE = 5
MODULES = {"small": 29}


def resized(grey, px):
    return cv2.resize(grey, None, fx=px / FILE_PX, fy=px / FILE_PX, interpolation=cv2.INTER_AREA)


def framed(grey):
    """On a table that is neither black nor white."""
    edge = grey.shape[1] // 6
    return cv2.copyMakeBorder(grey, edge, edge, edge, edge, cv2.BORDER_CONSTANT, value=190)


def tilted(grey, degrees, chance):
    """Seen from that angle, about an upright or a level axis, from twice its larger side away."""
    height, width = grey.shape
    away, angle = 2 * max(width, height), numpy.radians(degrees) * chance.choice((-1, 1))
    upright = chance.random() < 0.5
    corners = []
    for x, y in ((0, 0), (width, 0), (width, height), (0, height)):
        x, y = x - width / 2, y - height / 2
        along = x if upright else y
        near = away / (away + along * numpy.sin(angle))
        x, y = (x * numpy.cos(angle) * near, y * near) if upright else (x * near, y * numpy.cos(angle) * near)
        corners.append((x + width / 2, y + height / 2))
    flat = numpy.float32([(0, 0), (width, 0), (width, height), (0, height)])
    warp = cv2.getPerspectiveTransform(flat, numpy.float32(corners))
    return cv2.warpPerspective(grey, warp, (width, height), flags=cv2.INTER_AREA, borderValue=190)


def blurred(grey, px, modules):
    return cv2.GaussianBlur(grey, (0, 0), px * modules)


def jpeg(grey, quality):
    _, file = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return cv2.imdecode(file, cv2.IMREAD_GRAYSCALE)


def soiled(grey, place, px, chance):
    """A grey blob over 5 % of the code's area, anywhere but on the three finder patterns."""
    left, top, n = place[0] * px / FILE_PX, place[1] * px / FILE_PX, place[2]
    radius = numpy.sqrt(0.05 * n * n / numpy.pi)
    while True:
        x, y = chance.uniform(radius, n - radius), chance.uniform(radius, n - radius)
        finders = ((3.5, 3.5), (n - 3.5, 3.5), (3.5, n - 3.5))
        if all(max(abs(x - fx), abs(y - fy)) > radius + 4.5 for fx, fy in finders):
            break
    middle = (round(left + x * px), round(top + y * px))
    return cv2.circle(grey.copy(), middle, round(radius * px), 110, -1)


def shop(grey, px, chance):
    """In the hand, in a shop: a little tilt, blur and noise, light from one side, and the phone's own compression."""
    seen = blurred(tilted(framed(grey), 15, chance), px, 0.25).astype(numpy.float32)
    light = numpy.linspace(1.0, 0.7, seen.shape[1])[None, :]
    noise = numpy.random.default_rng(chance.getrandbits(32)).normal(0, 6, seen.shape)
    return jpeg(numpy.clip(seen * light + noise, 0, 255).astype(numpy.uint8), 60)


CAPTURES = {
    "tilt of 25°": lambda g, place, chance: tilted(framed(resized(g, CAPTURE_PX)), 25, chance),
    "blur, sigma of 0.3 modules": lambda g, place, chance: blurred(framed(resized(g, CAPTURE_PX)), CAPTURE_PX, 0.3),
    "JPEG of quality 40, 4 px/module": lambda g, place, chance: jpeg(framed(resized(g, 4)), 40),
    "3 px/module": lambda g, place, chance: framed(resized(g, 3)),
    "blob over 5 % of the code": lambda g, place, chance: framed(soiled(resized(g, CAPTURE_PX), place, CAPTURE_PX, chance)),
    "in a shop: 15°, blur 0.25, noise, uneven light, JPEG 60, 5 px/module": lambda g, place, chance: shop(resized(g, 5), 5, chance),
}
# Where it ends: told, not counted.
BEYOND = {
    "beyond: blur, sigma of 0.4 modules": lambda g, place, chance: blurred(framed(resized(g, CAPTURE_PX)), CAPTURE_PX, 0.4),
    "beyond: 2 px/module": lambda g, place, chance: framed(resized(g, 2)),
}


def place_of(grey, n):
    """Upper left corner of the code, in the file's pixels: where its finder pattern begins, found by OpenCV in the clean file."""
    ok, corners = cv2.QRCodeDetectorAruco().detect(grey)
    if not ok:
        ok, corners = cv2.QRCodeDetector().detect(grey)
    if not ok:
        raise ValueError("the clean file's code was not found")
    left, top = corners.reshape(-1, 2).min(axis=0)
    return left, top, n


def captured(job):
    number, path, folder = job
    grey = grey_on_white(path)
    layout = path.name.split("-")[0]
    place = place_of(grey, MODULES.get(layout, 45))
    out = []
    for kind, (name, spoil) in enumerate((CAPTURES | BEYOND).items()):
        picture = spoil(grey, place, random.Random(f"{path.name} {kind}"))
        flat = Path(folder) / f"{number}-{kind}.png"
        cv2.imwrite(str(flat), picture)
        out.append((layout, name, flat, path.with_suffix(".txt").read_text().strip(), texts(picture)))
    return out


def table(rows):
    """Markdown: of each layout and capture how many in a hundred each decoder reads, and how many at least three read."""
    layouts = sorted({layout for layout, _, _ in rows})
    lines = ["| layout | capture | marks | " + " | ".join(NAMES) + " | three of four |", "|---|---|---|" + "---|" * 5]
    for layout in [*layouts, None]:
        for capture in CAPTURES | BEYOND if layout else [None]:
            good = [g for l, c, g in rows if layout in (l, None) and (capture == c or not capture and c in CAPTURES)]
            shares = [100 * sum(one[i] for one in good) / len(good) for i in range(4)]
            most = 100 * sum(sum(one) >= 3 for one in good) / len(good)
            cells = " | ".join(f"{share:.0f}" for share in shares)
            lines.append(f"| {layout or '**all**'} | {capture or ''} | {len(good)} | {cells} | **{most:.1f}** |")
    return lines


def main():
    folder, out = Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None
    files = sorted(p for p in folder.iterdir() if p.suffix == ".png" and not p.name.startswith("random"))
    files = files if out else files[::SAMPLE]
    with tempfile.TemporaryDirectory() as scratch, Pool() as pool:
        captures = [c for some in pool.map(captured, [(i, p, scratch) for i, p in enumerate(files)], chunksize=2) for c in some]
        also = rxing([flat for _, _, flat, _, _ in captures])
    rows = [
        (layout, name, [seen == {expected} for seen in [*found, last]])
        for (layout, name, _, expected, found), last in zip(captures, also)
    ]
    lines = table(rows)
    print("\n".join(lines))
    if out:
        by = f"zbar by pyzbar {version('pyzbar')}, zxing-cpp {version('zxing-cpp')}, OpenCV {cv2.__version__}, rxing 0.9"
        head, _, rest = out.read_text().partition("<!-- table -->")
        tail = rest.partition("<!-- end -->")[2]
        made = [f"{len(files)} marks, {len(rows)} captures; {by}; {platform.system()} {platform.machine()}.", "", *lines]
        out.write_text(f"{head}<!-- table -->\n" + "\n".join(made) + f"\n<!-- end -->{tail}")
    counted = [good for _, name, good in rows if name in CAPTURES]
    share = sum(sum(good) >= 3 for good in counted) / len(counted)
    print(f"{len(counted)} captures: {share:.1%} read by three of four, {ENOUGH:.0%} wanted")
    sys.exit(0 if share >= ENOUGH else 1)


if __name__ == "__main__":
    main()
