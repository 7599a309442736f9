"""Four decoders that are not ours: zbar, zxing-cpp, OpenCV, rxing. Each tells the texts it reads in grey pixels."""

import os
import subprocess
from pathlib import Path

import cv2
import numpy
import zxingcpp
from pyzbar import pyzbar

RXING = Path(os.environ["RXING"]) if "RXING" in os.environ else None
NAMES = ("zbar", "zxing-cpp", "opencv", "rxing")
# OpenCV's first detector misses the corners of about one clean code in thirty at any one scale, whoever drew it; it gets these
# scales. Then its second detector (the one for ArUco markers, same decoder) gets one try. The other readers get one try.
OPENCV_SCALES = (1.0, 0.7, 0.5, 0.3)


def zbar(grey):
    found = pyzbar.decode(grey, symbols=[pyzbar.ZBarSymbol.QRCODE])
    return {code.data.decode("utf-8", "replace") for code in found}


def zxing(grey):
    return {code.text for code in zxingcpp.read_barcodes(grey, formats=zxingcpp.BarcodeFormat.QRCode)}


def opencv(grey):
    def tries():
        for scale in OPENCV_SCALES:
            yield cv2.QRCodeDetector(), cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        yield cv2.QRCodeDetectorAruco(), grey

    for detector, picture in tries():
        try:
            ok, texts, _, _ = detector.detectAndDecodeMulti(picture)
            seen = {text for text in texts if text} if ok else set()
            if not seen:
                text, _, _ = detector.detectAndDecode(picture)
                seen = {text} - {""}
        except cv2.error:
            continue
        if seen:
            return seen
    return set()


def rxing(paths):
    """The texts of many files, as rxing takes them."""
    out = subprocess.run([RXING], input="\n".join(map(str, paths)), capture_output=True, check=True, text=True)
    found = dict(line.split("\t") for line in out.stdout.splitlines())
    return [{found[str(path)]} - {""} for path in paths]


def texts(grey):
    """What zbar, zxing-cpp and OpenCV read."""
    cv2.setNumThreads(1)
    return [zbar(grey), zxing(grey), opencv(grey)]


def grey_on_white(path):
    """The picture as grey pixels; transparent ones show white paper."""
    picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if picture is None:
        raise ValueError(f"{path} is no picture")
    if picture.ndim == 3 and picture.shape[2] == 4:
        alpha = picture[:, :, 3:].astype(numpy.float32) / 255
        picture = (picture[:, :, :3] * alpha + 255 * (1 - alpha)).round().astype(numpy.uint8)
    return picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
