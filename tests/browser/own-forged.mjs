// Certificate pages whose text was altered, the scripts and the bundle being genuine: no such page keeps a verified line.

import assert from "node:assert/strict";
import { altered, loudly } from "./own-kit.mjs";

const BAND = /<section class="band [\s\S]*?<\/section>/;
const ADVICE = /<section class="advice"[\s\S]*?<\/section>/;

/** One alteration each: its name, the page it is made of, what is changed, and what the browser must name. */
function alterations({ url, find }) {
  const [valid, four, suspended, withdrawn] = ["valid-five_star", "valid-four_star", "suspended-five_star", "withdrawn-five_star"].map(find);
  const put = (pattern, instead) => (html) => html.replace(pattern, instead);
  const all = (...changes) => (html) => changes.reduce((text, change) => change(text), html);
  const fact = (label) => new RegExp(`(<dt>${label}</dt><dd>)([\\s\\S]*?)(</dd>)`);
  const green = all(
    put(/<section class="band [a-z-]+ hatched"/, '<section class="band valid"'),
    put(/(<h1 id="verdict">)[^<]+(<span class="side" lang="en">)[^<]+/, "$1有效$2In force"),
    put(/(<p class="level) void("[\s\S]*?)☆☆☆☆☆([\s\S]*?)<del>([^<]+)<\/del> <span class="now">[^<]*<\/span>/, '$1$2★★★★★$3<strong>$4</strong> <span class="side" lang="en">five-star</span>'),
    put(ADVICE, ""),
  );
  const other = "<h2>骗子有限公司</h2>";
  return [
    ["a suspended certificate in green", suspended, green, "状态"],
    ["a suspended certificate without its word", suspended, put(/<h1 id="verdict">[^<]+/, '<h1 id="verdict">'), "状态"],
    ["a second band", suspended, put(BAND, (band) => band + band.replace(/class="band [a-z-]+ hatched"/, 'class="band valid"').replaceAll("暂停", "有效")), "版面"],
    ["a band of another colour", suspended, put('"band suspended hatched"', '"band valid hatched"'), "状态"],
    ["a band without its hatch", suspended, put('"band suspended hatched"', '"band suspended"'), "状态"],
    ["the day since when it is suspended", suspended, put(/(<p class="sentence">[\s\S]*?<span class="date">)\d{4}/, "$12031"), "状态的日期"],
    ["advice gone", suspended, put(ADVICE, ""), "怎么办"],
    ["advice unseen", suspended, put('<section class="advice"', '<section class="advice unseen"'), "怎么办"],
    ["another holder on the page", valid, put(/(<h2 class="holder">)[^<]+/, "$1示例冒名有限公司"), "企业名称"],
    ["the holder unseen and another beside it", valid, put(/<h2 class="holder">([^<]+)<\/h2>/, `<h2 class="holder unseen">$1</h2>${other}`), "企业名称"],
    ["the holder in what is unseen", valid, put('<section class="subject">', `<section class="subject">${other}</section><section class="subject unseen">`), "企业名称"],
    ["a part of the holder unseen", valid, put(/(<h2 class="holder">..)([^<]+)/, '$1<span class="unseen">$2</span>'), "企业名称"],
    ["two holders", valid, put(/<h2 class="holder">/, '<h2 class="holder">骗子有限公司</h2><h2 class="holder">'), "企业名称"],
    ["another heading above the holder", valid, put('<section class="subject">', `<section class="subject">${other}`), "企业一栏"],
    ["another credit code", valid, put(/(<p class="uscc mono">)[^<]+/, "$191110000000000000A"), "信用代码"],
    ["a higher level on the page", four, put("<strong>四星级", "<strong>五星级"), "级别"],
    ["a star more", four, put("★★★★☆", "★★★★★"), "级别"],
    ["the level not struck out", suspended, all(put("<del>五星级</del>", "<strong>五星级</strong>"), put('class="level void"', 'class="level"')), "级别"],
    ["a later last day on the page", valid, (html) => html.replaceAll("2029-", "2031-"), "有效期"],
    ["another standard", valid, put(fact("标准"), "$1GB/T 27922—2031$3"), "标准"],
    ["another body", valid, put(fact("认证机构"), "$1示例国际认证集团$3"), "认证机构"],
    ["another approval number", valid, put(fact("批准号"), "$1CNCA-R-2031-001$3"), "批准号"],
    ["another address", valid, put(fact("地址"), "$1示例市骗子路 1 号$3"), "地址"],
    ["another day of the first issue", valid, put(fact("首次发证"), "$12001-01-01$3"), "首次发证"],
    ["another scope and the true one elsewhere", valid, put(fact("范围"), "$1一切商品和服务$3</div><div><dt>备注</dt><dd>$2$3"), "范围"],
    ["the true scope in what is unseen", valid, put(fact("范围"), '$1一切商品和服务<span class="unseen">$2</span>$3'), "范围"],
    ["a fact twice", valid, put(fact("标准"), "$1GB/T 99999$3</div><div><dt>标准</dt><dd>$2$3"), "标准"],
    ["a fact nobody signed", valid, put(fact("标准"), "$1$2$3</div><div><dt>荣誉</dt><dd>全国第一$3"), "多出的内容"],
    ["a fact gone", valid, put(/<div><dt>批准号<\/dt>[\s\S]*?<\/div>/, ""), "批准号"],
    ["a second list of facts", valid, put('<dl class="facts">', '<dl class="facts"><div><dt>范围</dt><dd>一切</dd></div></dl><dl class="facts">'), "各项内容"],
    ["a site more", valid, (html) => (html.includes('<ul class="sites">') ? html.replace('<ul class="sites">', '<ul class="sites"><li><b>骗子分店</b><br>示例市</li>') : html.replace("</dl>", '</dl><details><summary>覆盖场所（1）</summary><ul class="sites"><li><b>骗子分店</b><br>示例市</li></ul></details>')), "覆盖场所"],
    ["a suspension gone from the history", find("reinstated"), put(/<li id="step-\d+">\s*<p><time[^>]*>[^<]*<\/time> <b>暂停<[\s\S]*?<\/li>/, ""), "经历"],
    ["a withdrawal called a surveillance", withdrawn, put(/(<b>)撤销(<)/, "$1监督审查通过$2"), "经历"],
    ["another day in the history", withdrawn, put(/(<time[^>]*>)\d{4}/, "$12031"), "经历"],
    ["a step nobody took", valid, put(/<ol class="history" reversed>/, '$&<li><p><time class="mono">2026-01-01</time> <b>国家质量奖</b></p></li>'), "经历"],
    ["a part nobody knows", valid, put('<div class="columns">', '<section class="advice"><p>全国第一</p></section><div class="columns">'), "版面"],
    ["drawn by hand", valid, put('<h2 class="holder">', "<style></style>$&"), "版面"],
    ["another certificate's page", valid, async () => (await fetch(url(four))).text(), "企业名称"],
    ["a past day shown as now", withdrawn, put(/<p class="asof">[\s\S]*?<\/p>/, ""), "所问的时间", "past"],
    ["a past day shown as another", withdrawn, put(/(<p class="asof">[\s\S]*?<span class="date">)\d{4}/, "$12031"), "所问的时间", "past"],
    ["a past day at the address of now", withdrawn, async (_, past) => (await fetch(past)).text(), "所问的时间"],
    ["now shown as a past day", withdrawn, put(/<div class="word">([\s\S]*?<\/h1>)\s*<\/div>/, '$&<p class="asof">这是 2031-01-01 00:00（北京时间）的情况</p>'), "所问的时间"],
  ];
}

export function forgedTests({ base, folder, browser, lines }) {
  const find = (name) => lines.find((one) => one.case === name);
  const url = ({ id }, query = "") => `${base}/c/${id}${query}`;
  return alterations({ url, find }).map(([name, one, change, named, when]) => [
    `told loudly: ${name}`,
    async () => {
      const record = await (await fetch(`${base}/api/v1/certificates/${one.id}/credential`)).json();
      const past = url(one, `?as_of=${record.credentialSubject.issuedOn}`);
      const path = when ? past : url(one);
      const html = await (await fetch(path)).text();
      const changed = await change(html, past);
      // The header that forbids it complains as well.
      const options = { complains: changed.includes("<style>") };
      const found = await loudly(browser, folder, name, (page) => altered(page, (asked) => asked.href === path, () => changed), path, options);
      assert.ok(found.told.includes(named), `${named} is not named: ${found.told}`);
      assert.ok(!found.said.includes("骗子"), found.said);
      const isIn = record.credentialSubject.holder.name;
      assert.ok(found.said.includes(isIn), `the line says whose it is: ${found.said}`);
    },
  ]);
}

/** Sentences of the page's own line that a forger would like to see. */
export function lineTests({ base, folder, browser, lines }) {
  const one = lines.find((line) => line.case === "suspended-five_star");
  const path = `${base}/c/${one.id}`;
  const nice = "✓ 浏览器核验通过：一切有效";
  const says = (html) => html.replace(/<span class="says">[\s\S]*?<span class="more">/, `<span class="says"><span>${nice}</span></span><span class="more">`);
  return [
    [
      "told loudly: the line's own words altered",
      async () => {
        const change = (html) => says(html).replace('"band suspended hatched"', '"band valid"');
        const found = await loudly(browser, folder, "own words altered", (page) => altered(page, path, change), path);
        assert.ok(!found.said.includes(nice) && found.said.includes("暂停"), found.said);
      },
    ],
  ];
}
