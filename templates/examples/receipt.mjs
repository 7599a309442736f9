import { writeFile } from "node:fs/promises";

const question = { certificate: "@NUMBER@", level: "@LEVEL@" };
const answer = await fetch("@BASE@/api/v1/receipts", {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ reference: "example-118", as_of: "@DAY@", certificates: [question] }),
});
if (!answer.ok) throw new Error((await answer.json()).detail);
const receipt = Buffer.from(await answer.arrayBuffer());
await writeFile("receipt.json", receipt);
console.log(JSON.parse(receipt).id);
