// Verifies one certificate with the W3C libraries of Digital Bazaar; nothing of starmark runs here.
//
//   node verify.mjs CREDENTIAL.json DID.json CONTEXT.json [NOW]
//
// DID.json is the body's /.well-known/did.json, CONTEXT.json its /ns/v1, NOW an RFC 3339 instant (default: the clock).
// Prints "verified" and exits 0, or prints "refused: REASON" and exits 1; exit 2 is wrong usage.
// Checked: the proof, that the issuer's DID document lets the key assert, the validity period, and that every member
// is a term of a listed context. Not checked: credentialStatus, which takes a second signed document.
// Nothing is fetched: a URL outside the three files and the W3C context is an error.

import {readFile} from 'node:fs/promises';
import {contexts} from '@digitalbazaar/credentials-context';
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import {createVerifyCryptosuite} from '@digitalbazaar/eddsa-jcs-2022-cryptosuite';
import * as vc from '@digitalbazaar/vc';
import jsonld from 'jsonld';

const [credentialFile, didFile, contextFile, now] = process.argv.slice(2);
if(!contextFile) {
  console.error('usage: node verify.mjs CREDENTIAL.json DID.json CONTEXT.json [NOW]');
  process.exit(2);
}

const readJson = async file => JSON.parse(await readFile(file, 'utf8'));

// Every URL that may be dereferenced, and what it gives.
async function knownDocuments() {
  const did = await readJson(didFile);
  const host = did.id.slice('did:web:'.length);
  const known = new Map(contexts);
  known.set(`https://${host}/ns/v1`, await readJson(contextFile));
  known.set(did.id, did);
  for(const method of did.verificationMethod) {
    known.set(method.id, method);
  }
  return known;
}

// The libraries wrap what went wrong in several layers.
function reason(error) {
  const inner = error.errors?.[0] ?? error.cause;
  return inner ? reason(inner) : error.message.split('\n')[0];
}

async function main() {
  const known = await knownDocuments();
  const documentLoader = async url => {
    if(!known.has(url)) {
      throw new Error(`not given, and nothing is fetched: ${url}`);
    }
    return {contextUrl: null, documentUrl: url, document: known.get(url)};
  };
  const credential = await readJson(credentialFile);
  await jsonld.expand(credential, {documentLoader, safe: true});
  const result = await vc.verifyCredential({
    credential,
    documentLoader,
    suite: new DataIntegrityProof({cryptosuite: createVerifyCryptosuite()}),
    checkStatus: async () => ({verified: true}),
    now: now ? new Date(now) : new Date(),
    maxClockSkew: 0
  });
  if(!result.verified) {
    throw result.error;
  }
}

try {
  await main();
  console.log('verified');
} catch(error) {
  console.log(`refused: ${reason(error)}`);
  process.exitCode = 1;
}
