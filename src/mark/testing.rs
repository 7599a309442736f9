//! Samples for the tests of this room.

use super::picture::Picture;
use super::{
    Claims, Face, Format, Ink, KeyHint, Layout, MarkText, Order, Resolution, Token, Width, Words, artwork, qr,
};
use crate::domain::{Host, Level, MarkId, Uscc};
use crate::draw::Page;
use jiff::civil::date;
use sha2::{Digest, Sha256};

/// A link text.
pub fn link() -> MarkText {
    link_with([1, 2, 3, 4, 5, 6])
}

/// A link text of that id.
pub fn link_with(id: [u8; 6]) -> MarkText {
    MarkText::Link(MarkId::from_bytes(id))
}

/// A signed text of that level; its signature is made up.
pub fn signed(level: Level) -> MarkText {
    let mut signature = [0u8; 64];
    for (i, byte) in signature.iter_mut().enumerate() {
        *byte = (i as u8).wrapping_mul(151).wrapping_add(level.stars() * 29 + 77);
    }
    token(level, [1, 2, 3, 4, 5, 6], signature)
}

/// A signed text of that id and signature.
pub fn signed_with(id: [u8; 6], signature: [u8; 64]) -> MarkText {
    token(Level::FiveStar, id, signature)
}

fn token(level: Level, id: [u8; 6], signature: [u8; 64]) -> MarkText {
    let claims = Claims {
        level,
        test: false,
        key_hint: KeyHint::of(&[7; 32]),
        mark: MarkId::from_bytes(id),
        issued: date(2026, 5, 8),
        expires: date(2029, 5, 7),
        holder: Some(Uscc::parse("91110108551385082Q").unwrap()),
    };
    MarkText::Signed(Token::new(claims).unwrap().with_signature(signature))
}

/// The text that layout carries.
pub fn text(level: Level, layout: Layout) -> MarkText {
    match layout {
        Layout::Small => link(),
        _ => signed(level),
    }
}

/// The whole text of the code.
pub fn url(level: Level, layout: Layout) -> String {
    text(level, layout).url(&face(level).host)
}

/// Letters of a sample mark.
pub fn face(level: Level) -> Face {
    Face {
        level,
        test: false,
        host: Host::parse("xb.example.cn").unwrap(),
        holder: "示例电器有限公司".into(),
        standard: "GB/T 27922-2011".into(),
        number: "29326SC10002R0M".into(),
        valid_until: date(2029, 5, 7),
        body: "示例认证中心".into(),
    }
}

/// A sample mark at its designed width, in Chinese, its code drawn.
pub fn page(level: Level, layout: Layout, ink: Ink) -> Page {
    let face = face(level);
    let code = qr::draw(&face.host, &text(level, layout)).unwrap().remove(0);
    picture(level, layout, ink).with(&code)
}

/// The same as a PNG, that many pixels to a module.
pub fn png(level: Level, layout: Layout, ink: Ink, module_px: u32) -> Vec<u8> {
    let scale = f64::from(module_px) / layout.class().module();
    crate::draw::png::png(&page(level, layout, ink), scale).unwrap()
}

/// The same without its code.
pub fn picture(level: Level, layout: Layout, ink: Ink) -> Picture {
    artwork::compose(&face(level), layout, ink, Words::Zh, layout.width().millimetres()).unwrap()
}

/// One file of the shelf: its name, its letters, its code's text, its order.
pub type Sample = (String, Face, MarkText, Order);

/// Every kind of mark, and the awkward ones.
pub fn shelf() -> Vec<Sample> {
    let mut all = Vec::new();
    for level in Level::ALL {
        for layout in Layout::ALL {
            for (ink, words) in Ink::ALL.into_iter().flat_map(|ink| Words::ALL.map(|words| (ink, words))) {
                let name = format!("{}-{}-{}-{}", layout.wire(), level.wire(), ink.wire(), words.wire());
                let order = Order { ink, words, ..Order::new(layout, Format::Png) };
                all.push((name, face(level), text(level, layout), order));
            }
        }
    }
    let mut odd = |name: &str, order: Order, change: fn(&mut Face)| {
        let mut f = face(Level::FourStar);
        change(&mut f);
        all.push((format!("{}-{name}", order.layout.wire()), f, text(Level::FourStar, order.layout), order));
    };
    for layout in Layout::ALL {
        let (order, least) = (Order::new(layout, Format::Png), layout.least_width());
        let both = Order { words: Words::ZhEn, ..order };
        let wide = Width::parse(&format!("{:.1}", layout.width().millimetres() * 1.314)).unwrap();
        odd("least", Order { width: least, ..order }, |_| {});
        odd("least-en", Order { width: least, ..both }, |_| {});
        odd("wide", Order { width: wide, ..order }, |_| {});
        for (name, order) in [("zh", order), ("en", both)] {
            odd(&format!("long-{name}"), order, |f| {
                f.holder = "示例电器（上海）智能制造集团股份有限公司华东售后服务分公司".into();
                f.body = "示例国际质量认证检验检测（北京）有限责任公司".into();
                f.number = "CN-2026-SC-29326-10002-R0M-000123".into();
            });
            odd(&format!("latin-{name}"), order, |f| {
                f.holder = "Exemplary Household Appliances (Shanghai) Manufacturing Co., Ltd.".into();
                f.body = "Example Certification Körperschaft".into();
            });
            odd(&format!("rare-{name}"), order, |f| f.holder = "示例喆堃燊玥（北京）科技有限公司".into());
        }
    }
    let pngs = all.clone();
    for format in [Format::Svg, Format::Pdf] {
        let named = |name: &str| format!("{name}-{}", format.wire());
        all.extend(pngs.iter().cloned().map(|(name, f, t, o)| (named(&name), f, t, Order { format, ..o })));
    }
    all
}

/// That many signed marks with arbitrary ids and signatures, always the same ones.
pub fn random(count: u32) -> impl Iterator<Item = Sample> {
    (0..count).map(|i| {
        let hash = |salt: u32| -> [u8; 32] { Sha256::digest([i.to_be_bytes(), salt.to_be_bytes()].concat()).into() };
        let (id, r, s) = (hash(0), hash(1), hash(2));
        let mut signature = [0u8; 64];
        signature[..32].copy_from_slice(&r);
        signature[32..].copy_from_slice(&s);
        let text = signed_with(std::array::from_fn(|k| id[k]), signature);
        let order = Order { resolution: Resolution::ModulePx(6), ..Order::new(Layout::Vertical, Format::Png) };
        (format!("random-{i}"), face(Level::FiveStar), text, order)
    })
}
