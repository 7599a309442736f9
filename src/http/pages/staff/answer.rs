//! What is said of a mark as it is wished: its sizes, its warnings, its picture and its files.

use super::super::words::{Text, text};
use super::preview::PATH;
use super::wish::{Understood, Wish};
use super::words;
use crate::domain::{Certificate, MarkLicence};
use crate::http::error::Problem;
use crate::mark::Order;
use crate::mark::advice::advise;
use crate::service::Service;
use crate::service::preview::Looked;
use serde::Serialize;

/// A line of the answer: what, and how much.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    pub(super) label: String,
    pub(super) value: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Shown {
    pub(super) src: String,
    pub(super) alt: String,
    /// In units of CSS, 96 to an inch: as large as in print on a true screen.
    pub(super) width: u32,
    pub(super) height: u32,
}

#[derive(Debug, Serialize)]
pub(super) struct Told {
    pub(super) text: String,
    pub(super) bad: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct Link {
    pub(super) href: String,
    pub(super) text: String,
}

/// What is said of a wish, in the page's language; the script draws the same from it.
#[derive(Debug, Serialize)]
pub(super) struct Answer {
    pub(super) picture: Option<Shown>,
    pub(super) facts: Vec<Row>,
    pub(super) told: Vec<Told>,
    pub(super) files: Vec<Link>,
    pub(super) note: String,
}

/// What is said of a wish.
pub(super) fn answer(service: &Service, wish: &Wish, certificate: &Certificate, licences: &[MarkLicence]) -> Answer {
    let lang = wish.lang();
    let say = |said: &Text| said.main(&lang).to_owned();
    let understood = match wish.understood(licences) {
        Ok(understood) => understood,
        Err(refusal) => {
            let told = vec![Told { text: say(&words::refused(refusal.code, &refusal.message)), bad: true }];
            return Answer { picture: None, facts: vec![], told, files: vec![], note: String::new() };
        }
    };
    let Understood { looked, medium, order, distance } = understood;
    let advice = advise(order.layout, order.width, medium, distance);
    let mut told: Vec<Told> = advice
        .warnings
        .iter()
        .map(|warning| {
            let (said, bad) = words::warning(*warning, &advice, &order);
            Told { text: say(&said), bad }
        })
        .collect();
    if !told.iter().any(|t| t.bad)
        && let Err(why) = service.mark_goes(certificate, looked, &order)
    {
        let why = Problem::from(why);
        told.insert(0, Told { text: say(&words::refused(why.code, &why.detail)), bad: true });
    }
    let draws = !told.iter().any(|t| t.bad);
    if told.is_empty() {
        told.push(Told { text: say(&text("这个大小可以。", "This size is good.")), bad: false });
    }
    let width = order.width.millimetres();
    let (nominal_width, nominal_height) = order.layout.nominal(order.words);
    let height = nominal_height * width / nominal_width;
    let row = |label: Text, value: Text| Row { label: say(&label), value: say(&value) };
    let both = |value: String| text(format!("{value} 毫米"), format!("{value} mm"));
    let mut facts = vec![
        row(text("印刷尺寸", "Size in print"), both(format!("{} × {}", words::mm(width), words::mm(height)))),
        row(text("二维码（含白边）", "Code with its margin"), both(words::mm(advice.code))),
        row(text("码的小格", "Module of the code"), both(words::mm(advice.module))),
        row(text("最远能扫", "Read from at most"), words::distance(advice.reach)),
    ];
    if !draws {
        // Nobody reads what is not drawn.
        facts.pop();
    }
    let query = address_of(certificate, looked, &order);
    let css = |mm: f64| (mm / 25.4 * 96.0).round() as u32;
    let level = certificate.terms().level;
    let alt = text(
        format!("标志样图：{}，{}", level.zh(), certificate.terms().holder.name),
        format!("The mark: {}, {}", level.en(), certificate.terms().holder.name),
    );
    let picture = draws.then(|| Shown {
        src: format!("{PATH}/file?{query}"),
        alt: say(&alt),
        width: css(width),
        height: css(height),
    });
    let licensed = matches!(looked, Looked::Licensed(_));
    let mut files = vec![];
    if let (Looked::Licensed(id), true) = (looked, draws) {
        let kinds = [
            ("PDF", "format=pdf"),
            ("SVG", "format=svg"),
            ("PNG 300 dpi", "format=png&dpi=300"),
            ("PNG 600 dpi", "format=png&dpi=600"),
        ];
        files.extend(
            kinds.map(|(name, more)| Link { href: format!("{PATH}/file?{query}&{more}"), text: name.to_owned() }),
        );
        let all = text("全套印刷文件（ZIP）", "Everything for print (ZIP)");
        files.push(Link { href: format!("{PATH}/kit?use={id}"), text: say(&all) });
    }
    let note = if !draws {
        text("", "")
    } else if licensed {
        text(
            "PNG 的宽度会取最近的整像素格，尺寸可能差一点；PDF 和 SVG 是准确尺寸。",
            "A PNG is as wide as whole pixels make it, so it may differ a little; PDF and SVG are exact.",
        )
    } else {
        text(
            "这个用途还没有许可：这是测试标志，码也不作证明，不给文件。许可以后才有。",
            "This use is not licensed: it is a test mark whose code proves nothing, and there are no files. Once it is licensed there are.",
        )
    };
    Answer { picture, facts, told, files, note: say(&note) }
}

fn address_of(certificate: &Certificate, looked: Looked, order: &Order) -> String {
    let looked = match looked {
        Looked::Licensed(id) => id.to_string(),
        Looked::Planned(medium) => medium.wire().to_owned(),
    };
    format!(
        "certificate={}&use={looked}&layout={}&ink={}&words={}&width={}",
        certificate.id,
        order.layout.wire(),
        order.ink.wire(),
        order.words.wire(),
        order.width
    )
}
