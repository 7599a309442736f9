import { start } from "/work/wt/browser/tests/browser/browser.mjs";
const [path, shot, w="360"] = process.argv.slice(2);
const b = await start(); const c = await b.newContext({locale:"zh-CN",viewport:{width:+w,height:+w>600?900:800}}); const p = await c.newPage();
p.on("pageerror",e=>console.log("ERR",e.stack));p.on("console",m=>m.type()==="error"&&console.log("CON",m.text()));
await p.goto("http://127.0.0.1:21951"+path); await p.waitForSelector("#own[data-state]");
console.log(await p.textContent("#own .says")); console.log((await p.textContent("#own .found")).slice(0,1500));
if(shot) await p.screenshot({path:shot}); await b.close();
