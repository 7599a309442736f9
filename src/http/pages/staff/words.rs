//! What a size means, and why a mark is not drawn, in the words of the page.

use crate::http::pages::words::{Text, text};
use crate::mark::advice::{Advice, Warning};
use crate::mark::{Layout, Order};

/// A size in millimetres, two decimals at most.
pub(super) fn mm(length: f64) -> String {
    let text = format!("{length:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A distance as people say it.
pub(super) fn distance(millimetres: f64) -> Text {
    if millimetres < 1_000.0 {
        let cm = (millimetres / 10.0).floor();
        return text(format!("{cm} 厘米"), format!("{cm} cm"));
    }
    let m = (millimetres / 100.0).floor() / 10.0;
    text(format!("{m} 米"), format!("{m} m"))
}

/// A warning, and whether the mark is not drawn for it.
pub(super) fn warning(warning: Warning, advice: &Advice, order: &Order) -> (Text, bool) {
    let small = Layout::Small.least_width();
    match warning {
        Warning::TooNarrow(least) if order.width < small => (
            text(
                format!("太小，手机读不出。这种版式至少印 {least} 毫米宽，最小的小标也要 {small} 毫米。"),
                format!(
                    "Too small: phones do not read it. This layout is printed at least {least} mm wide, the small one {small} mm."
                ),
            ),
            true,
        ),
        Warning::TooNarrow(least) => (
            text(
                format!("太小，手机读不出。这种版式至少印 {least} 毫米宽；更小的请用小标。"),
                format!(
                    "Too small: phones do not read it. This layout is printed at least {least} mm wide; below that take the small one."
                ),
            ),
            true,
        ),
        Warning::Small(better) => (
            text(
                format!("能读，但有的手机要多扫一次。建议 {better} 毫米以上。"),
                format!("It is read, but some phones need a second try. Better {better} mm or more."),
            ),
            false,
        ),
        Warning::Flexo(better) => (
            text(
                format!("柔版印刷、瓦楞纸会洇墨，那里请至少印 {better} 毫米宽。"),
                format!(
                    "In flexographic print and on corrugated board ink spreads: print it at least {better} mm wide there."
                ),
            ),
            false,
        ),
        Warning::TooFar(needed) => {
            let (reach, asked) = (distance(advice.reach), distance(advice.distance));
            let needed = match needed {
                Some(width) => text(format!("要印到 {width} 毫米宽。"), format!("It takes {width} mm.")),
                None => text("那么远请另做路标。", "For that far, put up a sign that leads to it."),
            };
            (
                text(
                    format!("最远 {}能扫到，达不到 {}。{}", reach.zh, asked.zh, needed.zh),
                    format!("It is read from {} at most, not from {}. {}", reach.en, asked.en, needed.en),
                ),
                false,
            )
        }
    }
}

/// Why a mark, a kit or a paper is not given.
pub(super) fn refused(code: &str, message: &str) -> Text {
    let zh = match code {
        "mark_too_narrow" => "太小，手机读不出，所以不画。",
        "mark_text_too_long" => "名称太长，在这个大小放不下（字不小于 4.5 磅）。请加宽，或换一种版式。",
        "mark_letter_missing" => "字库里没有名称中的一个字。请告诉系统管理员。",
        "medium_not_allowed" => "本机构不许可用于包装的标志。",
        "mark_not_active" => "这个标志现在不能用，样图不给出。",
        "mark_too_many_pixels" | "mark_module_px" => "这个分辨率不行：像素太多或太少。请换一个分辨率，或用 SVG、PDF。",
        "print_text_too_long" => "名称或范围太长，A4 证书放不下（字不小于 7 磅）。",
        "print_letter_missing" => "字库里没有证书上的一个字。请告诉系统管理员。",
        "paper_standing_unknown" => "现在查不清这张证书的状态，所以不打印。",
        "no_such_mark" => "登记簿上没有这个标志。",
        "certificate_not_valid" => "这张证书现在不是有效状态，所以不给。",
        "record_withheld" => "这张证书登记时已经失效，它的签名文件不给出，所以不打印。",
        "kit_empty" => "没有一种版式放得下这些名称，所以没有文件包。",
        "print_failed" | "print_font_broken" | "internal" | "unavailable" => "服务出了故障，这次没有做成。",
        "no_such_certificate" => "登记簿上没有这张证书。",
        "busy" => "现在画图、打印的人多，这次没有做。请过几秒再试。",
        "bad_mark_width" => "宽度写得不对：写毫米数，例如 36 或 40.5，最多 1000。",
        "bad_distance" => "距离写得不对：写厘米数，1 到 10000 的整数。",
        _ => "不能这样画。",
    };
    text(zh, format!("{}.", message.trim_end_matches('.')))
}
