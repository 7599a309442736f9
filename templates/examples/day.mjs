const url = new URL("@BASE@/api/v1/certificates/@ID@");
url.searchParams.set("as_of", "@DAY@");
const answer = await fetch(url);
const found = await answer.json();
if (!answer.ok) throw new Error(found.detail);
console.log(found.as_of, found.verdict, found.standing);
