//! Invented holders: every name says 示例, every code checks.

use crate::domain::Uscc;
use crate::domain::decision::{HolderInput, SiteInput};

/// City, its division code (GB/T 2260) and a street that does not exist.
const CITIES: [(&str, &str, &str); 12] = [
    ("北京", "110108", "北京市海淀区示例中路"),
    ("杭州", "330106", "浙江省杭州市西湖区示例一路"),
    ("深圳", "440305", "广东省深圳市南山区示例大道"),
    ("青岛", "370212", "山东省青岛市崂山区示例路"),
    ("成都", "510104", "四川省成都市锦江区示例街"),
    ("合肥", "340104", "安徽省合肥市蜀山区示例西路"),
    ("佛山", "440606", "广东省佛山市顺德区示例工业路"),
    ("武汉", "420111", "湖北省武汉市洪山区示例东路"),
    ("苏州", "320505", "江苏省苏州市虎丘区示例巷"),
    ("西安", "610113", "陕西省西安市雁塔区示例南路"),
    ("沈阳", "210106", "辽宁省沈阳市铁西区示例北街"),
    ("宁波", "330212", "浙江省宁波市鄞州区示例港路"),
];

/// Trade in the name, scope of certification, products a mark is for.
const TRADES: [(&str, &str, &str); 13] = [
    ("家用电器", "家用电器（冰箱、洗衣机、空调器）的售后服务", "家用电器"),
    ("电梯", "电梯、自动扶梯的安装、维修和保养服务", "乘客电梯"),
    ("家具", "办公家具、民用家具的售后服务", "办公家具"),
    ("新能源汽车", "新能源乘用车的销售和售后服务", "新能源乘用车"),
    ("医疗器械", "医用影像设备的售后服务", "医用影像设备"),
    ("净水科技", "家用和商用净水设备的安装、换芯与维修服务", "净水设备"),
    ("厨卫", "燃气灶具、吸油烟机、热水器的售后服务", "厨卫电器"),
    ("门窗", "铝合金门窗的测量、安装与售后服务", "铝合金门窗"),
    ("信息技术", "计算机、服务器和网络设备的售后技术支持", "服务器"),
    ("照明", "道路照明和室内照明产品的售后服务", "照明产品"),
    ("农业机械", "拖拉机和联合收割机的“三包”服务", "拖拉机"),
    ("地板", "木质地板的铺装和售后服务", "木质地板"),
    ("空气能", "空气源热泵机组的安装、维修服务", "空气源热泵"),
];

/// What stands between 示例 and the trade.
const WORDS: [&str; 20] = [
    "云帆", "晨光", "远山", "清河", "百川", "青禾", "星海", "恒久", "安居", "同济", "春晓", "蓝田", "金石", "北辰",
    "长风", "明德", "锦程", "瑞林", "天工", "万和",
];

/// An invented company.
#[derive(Debug, Clone)]
pub(super) struct Company {
    index: usize,
    city: &'static str,
    street: &'static str,
    word: String,
    trade: &'static str,
    /// Scope of certification.
    pub scope: &'static str,
    /// Products its marks are for.
    pub products: &'static str,
    uscc: String,
}

impl Company {
    /// The company of that index; each is another one.
    pub fn nth(index: usize) -> Self {
        let (city, place, street) = CITIES[index % CITIES.len()];
        let (trade, scope, products) = TRADES[index % TRADES.len()];
        Self { index, city, street, word: word(index), trade, scope, products, uscc: code_of(place, index) }
    }

    /// As a decision names it; `moved` after it has changed its name and address.
    pub fn holder(&self, moved: bool) -> HolderInput {
        let (form, number) = if moved { ("股份有限公司", 300) } else { ("有限公司", 1) };
        HolderInput {
            name: format!("{}示例{}{}{form}", self.city, self.word, self.trade),
            uscc: self.uscc.clone(),
            address: format!("{} {} 号", self.street, number + self.index),
        }
    }

    /// Its one site.
    pub fn site(&self) -> SiteInput {
        SiteInput {
            name: format!("{}示例{}服务中心", self.city, self.word),
            address: format!("{} {} 号", self.street, 100 + self.index),
        }
    }

    /// Its brand.
    pub fn brand(&self) -> String {
        format!("示例{}", self.word)
    }
}

/// What a company is called between its city and its trade. After so many companies the three come round again, and words are added.
fn word(index: usize) -> String {
    /// The least number that all three are counted to whole.
    const ROUND: usize = 780;
    let mut word = WORDS[index % WORDS.len()].to_owned();
    let mut more = index / ROUND;
    while more > 0 {
        word.push_str(WORDS[more % WORDS.len()]);
        more /= WORDS.len();
    }
    word
}

/// A code of an enterprise in that place whose last character checks.
fn code_of(place: &str, index: usize) -> String {
    const LAST: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    let number = if index < 10_000 { format!("MADEM{index:04}") } else { format!("MA{index:07}") };
    let checked = |check| Uscc::parse(&format!("91{place}{number}{check}")).ok();
    // One of the 31 characters always checks.
    LAST.chars().find_map(checked).map(|code| code.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_company_is_another_one() {
        let all: Vec<_> = (0..60).chain(9_990..12_000).chain(9_999_000..10_000_000).map(Company::nth).collect();
        let names: BTreeSet<_> = all.iter().map(|c| c.holder(false).name).collect();
        let codes: BTreeSet<_> = all.iter().map(|c| c.holder(false).uscc).collect();
        assert_eq!((names.len(), codes.len()), (all.len(), all.len()));
        assert!(codes.iter().all(|c| c.len() == 18));
        assert!(names.iter().all(|n| n.contains("示例") && n.ends_with("有限公司")));
    }
}
