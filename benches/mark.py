"""The same mark by segno and Pillow: `cargo bench --bench mark` calls it with the code's text and the folder of the fonts."""

import io
import sys
import time

import segno
from PIL import Image, ImageDraw, ImageFont

URL, FONTS = sys.argv[1:3]
DPI = 300
ROUNDS = 40


def px(mm):
    return round(mm * DPI / 25.4)


def code():
    prefix, digits = URL.rsplit("/", 1)
    return segno.make([f"{prefix}/", digits], version=7, error="m", micro=False, boost_error=False)


def bare():
    out = io.BytesIO()
    code().save(out, kind="png", scale=11, border=4)
    return out.getvalue()


def font(weight, mm):
    return ImageFont.truetype(f"{FONTS}/NotoSansSC-{weight}.otf", px(mm))


def mark():
    """The vertical layout as it stands: plate, head, stars, code, lines of letters."""
    modules = 6
    width, height = 72 * modules, 142 * modules
    picture = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(picture)
    ink, head = (0x16, 0x20, 0x2A), (0xA8, 0x20, 0x1A)
    draw.rounded_rectangle((0, 0, width - 1, height - 1), px(2), fill="white", outline=ink, width=px(0.4))
    draw.rounded_rectangle((px(0.4), px(0.4), width - px(0.4), px(16.3)), px(1.6), fill=head)
    middle = width // 2
    draw.text((middle, px(3.1)), "商品售后服务认证", "white", font("Regular", 2.6), anchor="mm")
    for i in range(5):
        draw.regular_polygon((middle + (i - 2) * px(5), px(7.7), px(2.25)), 5, fill="white")
    draw.text((middle, px(13)), "四星级", "white", font("Bold", 4.5), anchor="mm")
    rows = list(code().matrix_iter(scale=modules, border=0))
    drawn = Image.frombytes("L", (45 * modules, 45 * modules), b"".join(bytes(0 if m else 255 for m in row) for row in rows))
    picture.paste(drawn, ((width - drawn.width) // 2, px(18.7)))
    lines = [
        (44.4, "扫码查验 · xb.example.cn", "Bold", 2.3),
        (49, "示例电器有限公司", "Bold", 2.5),
        (52, "GB/T 27922-2011", "Regular", 2.0),
        (55, "证书编号 29326SC10002R0M", "Regular", 2.0),
        (58, "有效期至 2029-05-07", "Regular", 2.0),
        (61, "示例认证中心", "Regular", 2.0),
        (67, "售后服务认证，非产品认证", "Bold", 2.1),
    ]
    for y, text, weight, size in lines:
        draw.text((middle, px(y)), text, ink, font(weight, size), anchor="mm")
    out = io.BytesIO()
    picture.save(out, "png", dpi=(DPI, DPI))
    return out.getvalue()


def median(run):
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        run()
        times.append((time.perf_counter() - start) * 1e6)
    return sorted(times)[ROUNDS // 2]


print("the same in Python, after each other in this run")
print(f"  {'segno: code and one-bit PNG':<44} median {median(bare):>9.1f} us")
print(f"  {'segno + Pillow: vertical mark of 300 dpi':<44} median {median(mark):>9.1f} us  ({len(mark())} bytes)")
