const questions = [
  { certificate: "@NUMBER@", level: "@LEVEL@" },
  { certificate: "@MARK@" },
];
const answer = await fetch("@BASE@/api/v1/verifications?as_of=@DAY@", {
  method: "POST",
  headers: { "content-type": "application/x-ndjson" },
  body: questions.map((question) => JSON.stringify(question)).join("\n"),
});
if (!answer.ok) throw new Error((await answer.json()).detail);
let [rest, last] = ["", {}];
for await (const piece of answer.body.pipeThrough(new TextDecoderStream())) {
  const lines = (rest + piece).split("\n");
  rest = lines.pop();
  for (const line of lines) {
    last = JSON.parse(line);
    if (last.line) console.log(last.line, last.asked, last.verdict, last.standing);
  }
}
if (!last.end) throw new Error(`broken off: ${last.problem?.detail}`);
console.log(last.answers, "answers,", last.differences, "differences");
