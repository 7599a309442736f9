//! The usage sheet of a licence: what its marks are, put on paper.

use super::{Drawing, KitPlan, NotDrawn};
use crate::domain::Refusal;
use crate::draw::pdf::{About, Use, pdf};
use crate::mark::advice::flexo_width;
use crate::mark::{Class, Format, Order, Width, Words, page};
use crate::print::usage::{Fact, Specimen, Usage, usage};

/// `USAGE.pdf`.
pub(super) fn usage_sheet(plan: &KitPlan, shown: &[&Drawing], lacking: &[NotDrawn]) -> Result<Vec<u8>, Refusal> {
    let mut specimens: Vec<Specimen> = vec![];
    for (i, drawing) in shown.iter().enumerate() {
        if shown[..i].iter().all(|d| d.layout != drawing.layout) {
            specimens.push(specimen(plan, drawing, shown)?);
        }
    }
    let sheet = Usage { facts: facts(plan), specimens, lacking: told(lacking), host: plan.face.host.to_string() };
    let about = About {
        title: format!("售后服务认证标志使用说明 {}", plan.mark),
        author: plan.face.body.clone(),
        made_at: None,
        id: plan.face.host.mark_url(plan.mark),
    };
    pdf(&usage(&sheet)?, &about, Use::Press).map_err(|e| Refusal::rule("print_failed", e.to_string()))
}

/// The layout at its least width, with all that it is designed for.
fn specimen(plan: &KitPlan, drawing: &Drawing, shown: &[&Drawing]) -> Result<Specimen, Refusal> {
    let (layout, words, least) = (drawing.layout, drawing.words, drawing.least);
    let order = Order { width: least, words, ..Order::new(layout, Format::Svg) };
    let designed = shown.iter().filter(|d| d.layout == layout).map(|d| {
        let (width, height) = layout.nominal(d.words);
        (if d.words == Words::Zh { "中文" } else { "中英" }, width, height)
    });
    let (narrow, wide) = (least.millimetres(), layout.width().millimetres());
    Ok(Specimen {
        name: (layout.zh(), layout.wire()),
        page: page(&plan.face, &drawing.text, &order)?,
        designed: designed.collect(),
        read_from: (layout.reading_distance(narrow), layout.reading_distance(wide)),
        flexo: flexo_width(layout).unwrap_or(Width::MAX).millimetres(),
        module: (layout.module(narrow), layout.module(wide)),
        signed: layout.class() == Class::Signed,
    })
}

fn facts(plan: &KitPlan) -> Vec<Fact> {
    let (terms, mark) = (&plan.terms, &plan.mark_terms);
    let fact = |label, text: String, wide| Fact { label, text, wide };
    vec![
        fact(("获证组织", "Holder"), terms.holder.name.to_string(), true),
        fact(("许可用途", "Licensed for"), plan.licensed_use(), true),
        fact(("发证机构", "Body"), terms.body.name.to_string(), true),
        fact(("证书编号", "Certificate"), terms.number.to_string(), false),
        fact(("标志编号", "Mark"), plan.mark.to_string(), false),
        fact(("认证级别", "Level"), format!("{} · {}", terms.level.zh(), terms.standard), false),
        fact(("标志有效期", "Mark valid"), format!("{} – {}", mark.licensed_on, mark.valid_until), false),
    ]
}

/// Layouts that are not there; one that is there in no language is named once.
fn told(lacking: &[NotDrawn]) -> Option<(String, String)> {
    let (mut zh, mut en): (Vec<String>, Vec<String>) = (vec![], vec![]);
    for l in lacking {
        let (name, (zh_words, words)) = ((l.layout.zh(), l.layout.wire()), (l.words.zh(), l.words.en()));
        let wholly = lacking.iter().filter(|other| other.layout == l.layout).count() == Words::ALL.len();
        if !wholly {
            zh.push(format!("{}（{zh_words}）", name.0));
            en.push(format!("{} in {words}", name.1));
        } else if l.words == Words::Zh {
            zh.push(name.0.to_owned());
            en.push(name.1.to_owned());
        }
    }
    (!zh.is_empty()).then(|| {
        (
            format!("文件包中没有以下版式，原因见 README.txt：{}。", zh.join("、")),
            format!("Layouts that this kit lacks, README.txt says why: {}.", en.join(", ")),
        )
    })
}
