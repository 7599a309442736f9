"""Writes the roster fixtures beside this file. Needs openpyxl (PyPI). Every organisation is invented."""

import datetime as dt
import io
import pathlib
import zipfile

from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.utils.datetime import CALENDAR_MAC_1904

HERE = pathlib.Path(__file__).parent
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
HEADER = ["序号", "证书编号", "获证组织", "统一社会信用代码", "注册地址", "认证范围", "级别", "发证日期", "有效期至",
          "初次发证日期", "下次监督日期", "状态", "状态日期", "状态原因", "暂停至", "场所", "联系人"]


def uscc(body):
    """Completes 17 characters by the check character of GB 32100-2015."""
    total = sum(ALPHABET.index(c) * pow(3, i, 31) for i, c in enumerate(body))
    return body + ALPHABET[-total % 31]


def day(text):
    return dt.datetime.strptime(text, "%Y-%m-%d")


def save(book, name):
    """Saves with fixed times, so that the file is the same on every run."""
    book.properties.creator = "fixtures"
    book.properties.created = book.properties.modified = day("2026-05-08")
    raw = io.BytesIO()
    book.save(raw)
    with zipfile.ZipFile(raw) as old, zipfile.ZipFile(HERE / name, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in sorted(old.namelist()):
            content = old.read(entry)
            if entry == "docProps/core.xml":
                continue
            if entry in ("_rels/.rels", "[Content_Types].xml"):
                content = b"".join(p for p in split_tags(content) if b"core-properties" not in p)
            new.writestr(zipfile.ZipInfo(entry, (2026, 5, 8, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)


def split_tags(xml):
    return [b"<" + p for p in xml.split(b"<")[1:]]


def row(n, number, holder, code, level, issued, until, status, **more):
    return [n, number, holder, code, "示例省示例市示例路%d号" % n, "家用电器的销售及售后服务", level, issued, until,
            more.get("first"), more.get("due"), status, more.get("on"), more.get("why"), more.get("to"),
            more.get("sites"), more.get("contact", "甲")]


def merged_title():
    book = Workbook()
    about = book.active
    about.title = "填写说明"
    about["A1"] = "每行一张证书，不要合并单元格"
    sheet = book.create_sheet("证书名录")
    sheet["A1"] = "示例认证有限公司 证书名录"
    sheet["A1"].font = Font(bold=True)
    sheet.merge_cells("A1:Q1")
    sheet["A2"] = "截止 2026-05-08"
    head = list(HEADER)
    head[1], head[3], head[6], head[8] = "证书编号*", "统一社会信用代码\n（18位）", "星级", "有效期至【含】"
    sheet.append(head)
    a, b, c = uscc("91990000MA0000001"), uscc("91990000MA0000002"), uscc("91990000000000003")
    rows = [
        row(1, "29326SC10001R0M", "示例电器有限公司", a, "五星级", day("2025-05-08"), day("2028-05-07"), "有效",
            first=day("2019-05-08"), due=day("2026-05-08"), sites="一分店|示例路2号；二分店｜示例路3号"),
        row(2, "29326SC10002R0M", None, None, 4, "45785", "2028.5.7", "01"),
        row(3, "29326SC10003R0M", "示例家具有限公司", b, "★★★", "2024年3月1日", 20270228, "暂停",
            on="2026/1/10", why=112, to=day("2026-07-10")),
        row(4, "29326sc10003r0m", "示例家居有限公司", b, "六星级", "2024-03-01", "2027-03-01", "有效"),
        row(5, 29326100020, "示例门窗有限公司", 919900000000000035, "达标级", day("2023-01-01"), day("2025-12-31"), "有效"),
        row(6, "29326SC10006R0M", "示例灯具有限公司", c, "三星级", day("2022-01-01"), day("2024-12-31"), "过期失效"),
    ]
    for r in rows:
        sheet.append(r)
    # One holder with two certificates, merged over both rows.
    sheet.merge_cells("C4:C5")
    sheet.merge_cells("D4:D5")
    for r in range(4, 10):
        for column in "HI":
            sheet[f"{column}{r}"].number_format = "yyyy/m/d"
    # As people leave it: formatted rows with nothing in them, and more sheets behind.
    for r in range(10, 60):
        sheet[f"B{r}"].font = Font(bold=True)
    book.create_sheet("Sheet3")
    old = book.create_sheet("旧名录")
    old.append(HEADER)
    save(book, "merged_title.xlsx")


def epoch_1904():
    book = Workbook()
    book.epoch = CALENDAR_MAC_1904
    sheet = book.active
    sheet.title = "Roster"
    sheet.append(["Certificate Number", "Holder", "USCC", "Address", "Scope", "Level", "issued_on", "valid_until", "Status"])
    code = uscc("91990000MA0000001")
    for number, issued in [("SC-1", day("2025-05-08")), ("SC-2", "44323"), ("SC-3", 44323)]:
        sheet.append([number, "示例电器有限公司", code, "示例路1号", "家用电器", "five-star", issued, "2028-05-07", "valid"])
    save(book, "epoch_1904.xlsx")


def text_files():
    rows = [HEADER,
            row(1, "29326SC10001R0M", "示例电器有限公司", uscc("91990000MA0000001"), "五星", "2025-05-08", "2028/5/7", "有效"),
            [""] * len(HEADER),
            row(2, "29326SC10002R0M", "示例家具有限公司", uscc("91990000MA0000002"), "达标", "2025年5月8日", "20280507",
                "撤销", on="2026-01-10", why="0113")]
    lines = [",".join("" if c is None else str(c) for c in r) for r in rows]
    text = "\r\n".join(lines) + "\r\n"
    (HERE / "gbk.csv").write_bytes(text.encode("gbk"))
    (HERE / "bom.csv").write_bytes(text.encode("utf-8-sig"))


if __name__ == "__main__":
    merged_title()
    epoch_1904()
    text_files()
