// Verifies one certificate with the W3C libraries of Digital Bazaar; nothing of starmark runs here.
//
//   node verify.mjs CREDENTIAL.json DID.json CONTEXT.json [NOW [LIST.json ...]]
//
// DID.json is the body's /.well-known/did.json, CONTEXT.json its /ns/v1, NOW an RFC 3339 instant (default: the clock), LIST.json
// the status lists that credentialStatus names, as they are served at their addresses.
// Prints "verified" and exits 0, or prints "refused: REASON" and exits 1; exit 2 is wrong usage.
// Checked: the proof, that the issuer's DID document lets the key assert, the validity period, and that every member
// is a term of a listed context; with lists also credentialStatus: the same of every list it names, and its entry in it.
// Nothing is fetched: a URL outside these files and the W3C context is an error.

import {readFile} from 'node:fs/promises';
import {contexts} from '@digitalbazaar/credentials-context';
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import {createVerifyCryptosuite} from '@digitalbazaar/eddsa-jcs-2022-cryptosuite';
import * as vc from '@digitalbazaar/vc';
import {checkStatus} from '@digitalbazaar/vc-bitstring-status-list';
import jsonld from 'jsonld';

const [credentialFile, didFile, contextFile, now, ...listFiles] = process.argv.slice(2);
if(!contextFile) {
  console.error('usage: node verify.mjs CREDENTIAL.json DID.json CONTEXT.json [NOW [LIST.json ...]]');
  process.exit(2);
}

// The status library takes the validity of a list against the clock, without a way to be told another time.
if(now) {
  const Clock = Date;
  globalThis.Date = class extends Clock {
    constructor(...parts) {
      super(...(parts.length ? parts : [now]));
    }
    static now() {
      return new Clock(now).getTime();
    }
  };
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
  for(const file of listFiles) {
    const list = await readJson(file);
    known.set(list.id, list);
  }
  return known;
}

// The libraries wrap what went wrong in several layers.
function reason(error) {
  const inner = error.errors?.[0] ?? error.cause;
  return inner ? reason(inner) : error.message.split('\n')[0];
}

// A status that is set is no failure of the library's check: what it means is for whoever asks.
async function status(options) {
  const {verified, error, results} = await checkStatus(options);
  const set = (results ?? []).filter(({status}) => status).map(({credentialStatus}) => credentialStatus.statusPurpose);
  if(!verified || set.length === 0) {
    return {verified, error};
  }
  return {verified: false, error: new Error(`${set.join(' and ')} is set`)};
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
  const suite = new DataIntegrityProof({cryptosuite: createVerifyCryptosuite()});
  for(const document of [credential, ...await Promise.all(listFiles.map(readJson))]) {
    await jsonld.expand(document, {documentLoader, safe: true});
  }
  const result = await vc.verifyCredential({
    credential,
    documentLoader,
    suite,
    checkStatus: listFiles.length ? status : async () => ({verified: true}),
    now: now ? new Date(now) : new Date(),
    maxClockSkew: 0
  });
  if(!result.verified) {
    throw result.error ?? result.statusResult.error;
  }
}

try {
  await main();
  console.log('verified');
} catch(error) {
  console.log(`refused: ${reason(error)}`);
  process.exitCode = 1;
}
