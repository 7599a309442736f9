#!/usr/bin/env node
// Verifies a message as its receiver would, with the reference library of Standard Webhooks.
// Usage: node webhook.mjs SECRET < {"headers": {...}, "body": "..."}
// Prints "verified TYPE", or "refused: why". Exit code 0 either way.

import { Webhook } from "standardwebhooks";

const input = [];
for await (const chunk of process.stdin) input.push(chunk);
const { headers, body } = JSON.parse(Buffer.concat(input).toString());
try {
  const message = new Webhook(process.argv[2]).verify(body, headers);
  console.log(`verified ${message.type}`);
} catch (error) {
  console.log(`refused: ${error.message}`);
}
