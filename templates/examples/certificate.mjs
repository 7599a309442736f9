const answer = await fetch("@BASE@/api/v1/certificates/@ID@");
const found = await answer.json();
if (!answer.ok) throw new Error(found.detail);
console.log(found.verdict, found.standing);
for (const { check, result, code } of found.checks) console.log(check, result, code);
