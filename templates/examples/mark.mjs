const answer = await fetch("@BASE@/api/v1/marks/@MARK@");
const found = await answer.json();
if (!answer.ok) throw new Error(found.detail);
console.log(found.verdict, found.standing);
