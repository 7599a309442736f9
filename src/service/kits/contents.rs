//! What a kit says in words: for programs and for people.

use super::archive::Entry;
use super::{Drawing, KitPlan, NotDrawn};
use crate::domain::hex;
use crate::mark::Class;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

impl KitPlan {
    /// What the licence is for, in Chinese and English words: the medium, then goods or site.
    pub(super) fn licensed_use(&self) -> String {
        let terms = &self.mark_terms;
        let mut text = format!("{} {}", terms.medium.zh(), terms.medium.en());
        let goods = [("品牌 brand", terms.brand.as_ref()), ("产品 products", terms.products.as_ref())];
        for (word, named) in goods {
            if let Some(named) = named {
                text.push_str(&format!(" · {word}：{named}"));
            }
        }
        if let Some(site) = &terms.site {
            text.push_str(&format!(" · 场所 site：{site}"));
        }
        text
    }

    /// The licence for programs, without the files.
    pub(super) fn licence(&self) -> Value {
        let (mark, terms, host) = (&self.mark_terms, &self.terms, &self.face.host);
        let signed = self.digits.as_ref().map(|digits| format!("{}{digits}", host.mark_prefix()));
        json!({
            "type": "starmark-kit", "version": 1,
            "mark": self.mark, "level": terms.level, "medium": mark.medium,
            "brand": mark.brand, "products": mark.products, "site": mark.site,
            "licensed_on": mark.licensed_on.to_string(), "valid_until": mark.valid_until.to_string(),
            "certificate": {
                "id": self.certificate, "number": terms.number, "standard": terms.standard,
                "issued_on": terms.issued_on.to_string(), "valid_until": terms.valid_until.to_string(),
                "page": host.certificate_url(self.certificate),
            },
            "holder": { "name": terms.holder.name, "uscc": terms.holder.uscc },
            "body": { "name": terms.body.name, "approval_number": terms.body.approval_number },
            "host": host,
            "codes": { "signed": signed, "link": host.mark_url(self.mark) },
        })
    }
}

/// `licence.json`: the licence, the layouts, those that are lacking, and every other file with its digest.
pub(super) fn licence_json(plan: &KitPlan, shown: &[&Drawing], lacking: &[NotDrawn], files: &[Entry]) -> Vec<u8> {
    let mut value = plan.licence();
    let layout = |d: &&Drawing| {
        let (width, height) = d.layout.nominal(d.words);
        json!({
            "layout": d.layout.wire(), "words": d.words.wire(),
            "code": match d.layout.class() { Class::Signed => "signed", Class::Link => "link" },
            "width_mm": width, "height_mm": height, "least_width_mm": d.least.millimetres(),
            "read_from_mm": d.layout.reading_distance(width).floor(),
        })
    };
    let reason = |l: &NotDrawn| {
        json!({
            "layout": l.layout.wire(), "words": l.words.wire(),
            "reason": { "code": l.why.code, "pointer": l.why.pointer, "message": l.why.message },
        })
    };
    let file = |e: &Entry| {
        let digest = hex(&Sha256::digest(&e.bytes));
        let mut file = json!({ "name": e.name, "bytes": e.bytes.len(), "sha256": digest });
        if let Some(width) = e.width_um {
            file["width_mm"] = json!(f64::from(width) / 1000.0);
        }
        file
    };
    value["layouts"] = shown.iter().map(layout).collect();
    value["not_drawn"] = lacking.iter().map(reason).collect();
    value["files"] = files.iter().map(file).collect();
    let mut text = serde_json::to_vec_pretty(&value).unwrap_or_default();
    text.push(b'\n');
    text
}

/// `README.txt`, for whoever opens the kit. With a byte order mark and the line ends of Windows, where most printers open it.
pub(super) fn readme(plan: &KitPlan, shown: &[&Drawing], lacking: &[NotDrawn]) -> Vec<u8> {
    let (mark, terms, host) = (&plan.mark_terms, &plan.terms, &plan.face.host);
    let valid = format!("{} – {}", mark.licensed_on, mark.valid_until);
    let licensed_use = plan.licensed_use();
    let sizes: String = shown.iter().map(|d| size(d)).collect();
    let lacking: String = lacking.iter().map(missing).collect();
    let text = format!(
        "\
星级标志文件包 / Star mark kit
================================

标志编号 Mark            {id}
证书编号 Certificate     {number}
获证组织 Holder          {holder}
认证级别 Level           {zh} {en}
许可用途 Licensed for    {licensed_use}
有效期 Valid             {valid}
发证机构 Body            {body}
查验 Check at            {link}

文件 Files
----------
USAGE.pdf      印制说明：最小尺寸、静区、应当与不得。请先阅读。
               How to print it: least sizes, quiet zone, do and do not. Read it first.
licence.json   许可数据及每个文件的 SHA-256。
               The licence for programs, with the SHA-256 of every file.

每种版式一个文件夹。colour 为彩色，one-colour 为单色黑；zh 为中文，zh-en 为中英文。
A folder for each layout. colour and one-colour (black); zh is Chinese, zh-en is Chinese with English.

  .pdf         印刷首选：毫米原尺寸，四色油墨，二维码为单黑 K100，字体已嵌入。
               For printers: millimetres, process inks, the code in black alone (K100), fonts embedded.
  .svg         网页与设计软件：文字已转曲。
               For screens and layout programs: letters are outlines.
  -300dpi.png  -600dpi.png
               办公软件：按文件所标分辨率原尺寸使用，不要重新采样。宽度为整数像素，与设计宽度略有差别，见 licence.json。
               For office programs: place at its own resolution, do not resample. Whole pixels for each module make it a
               little wider or narrower than designed; licence.json has the width of each.

尺寸 Sizes（毫米 mm）
---------------------
{sizes}{lacking}
规则 Rules
----------
1. 整体使用，等比缩放，不小于最小宽度；不得改色、遮挡或截取。
   Use the whole mark, in proportion, not below its least width; never recoloured, covered or cut.
2. “售后服务认证，非产品认证”一行不得去掉。
   The line that says it certifies the service, not the product, stays.
3. 仅用于上列许可用途。
   For the licensed use above only.
4. 证书暂停、撤销、注销、到期或标志被替换时，立即停止使用。
   Stop at once when the certificate is suspended or ends, or when the mark is replaced.
5. 每批印刷前用手机试扫打样：应打开 {host} 上的查验页。
   Scan a proof with a phone before every run: it opens a page of {host}.
",
        id = plan.mark,
        number = terms.number,
        holder = terms.holder.name,
        zh = terms.level.zh(),
        en = terms.level.en(),
        body = terms.body.name,
        link = host.mark_url(plan.mark),
    );
    format!("\u{feff}{text}").replace('\n', "\r\n").into_bytes()
}

fn size(drawing: &Drawing) -> String {
    let ((zh, en), (zh_words, words)) =
        ((drawing.layout.zh(), drawing.layout.wire()), (drawing.words.zh(), drawing.words.en()));
    let (width, height) = drawing.layout.nominal(drawing.words);
    let least = drawing.least;
    let (near, far) = (drawing.layout.reading_distance(least.millimetres()), drawing.layout.reading_distance(width));
    let [near, far] = [near, far].map(|mm| (mm / 10.0).floor());
    let read = if near == far { near.to_string() } else { format!("{near} – {far}") };
    format!(
        "{zh} {en}（{zh_words} {words}）\n  设计 designed {width} × {height}；最小宽度 least width {least}；识读距离 read from up to {read} cm\n"
    )
}

fn missing(lacking: &NotDrawn) -> String {
    let ((zh, en), (zh_words, words)) =
        ((lacking.layout.zh(), lacking.layout.wire()), (lacking.words.zh(), lacking.words.en()));
    format!("{zh} {en}（{zh_words} {words}）\n  未提供 not in this kit: {} [{}]\n", lacking.why, lacking.why.code)
}
