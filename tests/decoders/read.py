"""Reads every mark of a folder as it is: PNGs, SVGs as librsvg draws them, PDFs as poppler does. Called by tests/decoders/run."""

import os
import subprocess
import sys
import tempfile
from multiprocessing import Pool
from pathlib import Path

import cv2
from eyes import NAMES, grey_on_white, rxing, texts

# Dots per inch at which SVG and PDF are drawn: an office printer and a good one, in turns.
DRAWN_AT = (300, 600)


def drawn(job):
    """One file as a flat grey PNG, and what three of the four read in it."""
    number, path, folder = job
    flat = Path(folder) / f"{number}.png"
    dpi = DRAWN_AT[number % len(DRAWN_AT)]
    label = path.name
    if path.suffix == ".svg":
        size = [f"--dpi-x={dpi}", f"--dpi-y={dpi}", "--background-color=white"]
        subprocess.run(["rsvg-convert", *size, "-o", flat, path], check=True)
    elif path.suffix == ".pdf":
        subprocess.run(["pdftoppm", "-r", str(dpi), "-png", "-singlefile", path, flat.with_suffix("")], check=True)
    if path.suffix != ".png":
        label = f"{path.name}@{dpi}"
    grey = grey_on_white(flat if flat.exists() else path)
    cv2.imwrite(str(flat), grey)
    return label, flat, path.with_suffix(".txt").read_text().strip(), texts(grey)


def main():
    files = sorted(p for p in Path(sys.argv[1]).iterdir() if p.suffix in (".png", ".svg", ".pdf"))
    if not files:
        sys.exit(f"no .png, .svg or .pdf in {sys.argv[1]}")
    # Of the drawn ones every so many: all of them take minutes on two cores.
    every = int(os.environ.get("STARMARK_DRAWN_EVERY", "1"))
    files = [path for i, path in enumerate(files) if path.suffix == ".png" or i % every == 0]
    with tempfile.TemporaryDirectory() as scratch, Pool() as pool:
        pictures = pool.map(drawn, [(i, path, scratch) for i, path in enumerate(files)], chunksize=4)
        by_rxing = rxing([flat for _, flat, _, _ in pictures])
    passed = failed = 0
    for (label, _, expected, found), also in zip(pictures, by_rxing):
        good = [seen == {expected} for seen in [*found, also]]
        passed, failed = passed + sum(good), failed + good.count(False)
        if not all(good):
            print(f"{label}: " + ", ".join(f"{name} {'PASS' if ok else 'FAIL'}" for name, ok in zip(NAMES, good)))
    print(f"{len(files)} files, read by {', '.join(NAMES)}: {passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
