"""Reads marks with zbar, zxing-cpp and OpenCV. Called by tests/decoders/run."""

import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy
import zxingcpp

# Dots per inch at which librsvg draws an SVG: an office printer and a good one.
DRAWN_AT = (300, 600)
# OpenCV's first detector misses the corners of about one clean code in thirty at any one scale, whoever drew it; it gets these
# scales. Then its second detector (the one for ArUco markers, same decoder) gets one try. The other two readers get one try.
OPENCV_SCALES = (1.0, 0.7, 0.5, 0.3)


def zbar(path, _grey):
    out = subprocess.run(
        ["zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", str(path)], capture_output=True, check=False
    )
    return set(out.stdout.decode("utf-8", "replace").split())


def zxing(_path, grey):
    found = zxingcpp.read_barcodes(grey, formats=zxingcpp.BarcodeFormat.QRCode)
    return {code.text for code in found}


def opencv(_path, grey):
    def tries():
        for scale in OPENCV_SCALES:
            yield f"{scale}", cv2.QRCodeDetector(), cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        yield "ArUco", cv2.QRCodeDetectorAruco(), grey

    for name, detector, picture in tries():
        ok, texts, _, _ = detector.detectAndDecodeMulti(picture)
        seen = {text for text in texts if text} if ok else set()
        if not seen:
            text, _, _ = detector.detectAndDecode(picture)
            seen = {text} - {""}
        if seen:
            OPENCV_TRIES[name] = OPENCV_TRIES.get(name, 0) + 1
            return seen
    return set()


OPENCV_TRIES = {}
DECODERS = {"zbar": zbar, "zxing-cpp": zxing, "opencv": opencv}


def grey_on_white(path):
    """The picture as grey pixels; transparent ones show white paper."""
    picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if picture is None:
        raise ValueError(f"{path} is no picture")
    if picture.ndim == 3 and picture.shape[2] == 4:
        alpha = picture[:, :, 3:].astype(numpy.float32) / 255
        picture = (picture[:, :, :3] * alpha + 255 * (1 - alpha)).round().astype(numpy.uint8)
    return picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)


def pictures(path, folder):
    """(label, path) of the pictures to read: a PNG itself, an SVG as librsvg draws it."""
    if path.suffix == ".png":
        yield path.name, path
        return
    for dpi in DRAWN_AT:
        drawn = folder / f"{path.stem}-{dpi}.png"
        subprocess.run(
            ["rsvg-convert", f"--dpi-x={dpi}", f"--dpi-y={dpi}", "--background-color=white", "-o", drawn, path], check=True
        )
        yield f"{path.name}@{dpi}", drawn


def main():
    shelf = Path(sys.argv[1])
    files = sorted(p for p in shelf.iterdir() if p.suffix in (".png", ".svg"))
    passed = failed = 0
    with tempfile.TemporaryDirectory() as scratch:
        for path in files:
            expected = {path.with_suffix(".txt").read_text().strip()}
            for label, picture in pictures(path, Path(scratch)):
                grey = grey_on_white(picture)
                flat = Path(scratch) / "flat.png"
                cv2.imwrite(str(flat), grey)
                verdicts = []
                for name, decode in DECODERS.items():
                    good = decode(flat, grey) == expected
                    passed, failed = passed + good, failed + (not good)
                    verdicts.append(f"{name} {'PASS' if good else 'FAIL'}")
                print(f"{label}: {', '.join(verdicts)}")
    print("opencv read at: " + ", ".join(f"{s}: {n}" for s, n in sorted(OPENCV_TRIES.items())))
    print(f"{passed} passed, {failed} failed")
    if not files:
        sys.exit(f"no .png or .svg in {shelf}")
    sys.exit(1 if failed else 0)


main()
