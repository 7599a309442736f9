// Verifies records, one on each line, in three ways that are not ours, and prints the microseconds of CPU each took in the mean:
//   node verify.mjs RECORDS DID.json CONTEXT.json LIBRARIES COUNT_OF_LIBRARY
// Digital Bazaar's libraries (from LIBRARIES, a node_modules), for the first so many, with the suite they are signed under (eddsa-jcs-2022) and
// its elder sister on RDF (eddsa-rdfc-2022); and Node's own Ed25519 and SHA-256 on canonical JSON that is written here, for all of them.

import {createHash, createPublicKey, verify} from 'node:crypto';
import {readFile} from 'node:fs/promises';
import {createRequire} from 'node:module';
import {pathToFileURL} from 'node:url';

const [records, didFile, contextFile, libraries, most] = process.argv.slice(2);
const lines = (await readFile(records, 'utf8')).split('\n').filter(line => line);
const did = JSON.parse(await readFile(didFile, 'utf8'));

// RFC 8785, for what these records hold: strings, numbers that are integers, arrays, objects, booleans, null.
function canonical(value) {
  if(Array.isArray(value)) {
    return `[${value.map(canonical).join(',')}]`;
  }
  if(value !== null && typeof value === 'object') {
    return `{${Object.keys(value).sort().map(name => `${JSON.stringify(name)}:${canonical(value[name])}`).join(',')}}`;
  }
  return JSON.stringify(value);
}

function base58(text) {
  const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
  let number = 0n;
  for(const c of text) {
    number = number * 58n + BigInt(alphabet.indexOf(c));
  }
  const bytes = Buffer.from(number.toString(16).padStart(text.length > 60 ? 128 : 68, '0'), 'hex');
  return bytes;
}

const keys = new Map(did.verificationMethod.map(method => {
  const raw = base58(method.publicKeyMultibase.slice(1)).subarray(2);
  const jwk = {kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url')};
  return [method.id, createPublicKey({key: jwk, format: 'jwk'})];
}));

const sha = text => createHash('sha256').update(text).digest();

function own(line) {
  const {proof, ...document} = JSON.parse(line);
  const {proofValue, ...options} = proof;
  const data = Buffer.concat([sha(canonical(options)), sha(canonical(document))]);
  return verify(null, data, keys.get(proof.verificationMethod), base58(proofValue.slice(1)));
}

async function measured(some, each) {
  await each(some[0]);
  const before = process.cpuUsage();
  let good = 0;
  for(const line of some) {
    good += await each(line) ? 1 : 0;
  }
  const {user, system} = process.cpuUsage(before);
  return {good, of: some.length, micros: (user + system) / some.length};
}

const require = createRequire(pathToFileURL(`${libraries}/x.js`));
// A CommonJS module names only some of what it exports.
const load = async name => {
  const module = await import(pathToFileURL(require.resolve(name)));
  return {...module.default, ...module};
};
const {contexts} = await load('@digitalbazaar/credentials-context');
const {DataIntegrityProof} = await load('@digitalbazaar/data-integrity');
const {createVerifyCryptosuite} = await load('@digitalbazaar/eddsa-jcs-2022-cryptosuite');
const vc = await load('@digitalbazaar/vc');
const known = new Map(contexts);
known.set(`https://${did.id.slice('did:web:'.length)}/ns/v1`, JSON.parse(await readFile(contextFile, 'utf8')));
known.set(did.id, did);
did.verificationMethod.forEach(method => known.set(method.id, method));
const documentLoader = async url => {
  if(!known.has(url)) {
    throw new Error(`not given: ${url}`);
  }
  return {contextUrl: null, documentUrl: url, document: known.get(url)};
};

// Whether a credential verifies, its status aside.
const by = suite => async credential => {
  const checkStatus = async () => ({verified: true});
  // As of its first day: some have expired since.
  const now = credential.validFrom;
  const {verified, error} = await vc.verifyCredential({credential, documentLoader, suite, checkStatus, now});
  if(!verified && !by.told) {
    by.told = true;
    console.error(error?.errors?.[0] ?? error);
  }
  return verified;
};

// The same certificates under its other suite, which no key of ours signs with: signed here, with a key made here.
async function signedAnew(some) {
  const {generate} = await load('@digitalbazaar/ed25519-multikey');
  const id = `${did.id}#rdfc`;
  const pair = await generate({id, controller: did.id});
  known.set(id, await pair.export({publicKey: true, includeContext: true}));
  known.set(did.id, {...did, assertionMethod: [...did.assertionMethod, id]});
  const rdfc = await load('@digitalbazaar/eddsa-rdfc-2022-cryptosuite');
  const suite = new DataIntegrityProof({signer: pair.signer(), cryptosuite: rdfc.cryptosuite});
  const signed = [];
  for(const line of some) {
    const {proof, ...credential} = JSON.parse(line);
    signed.push(JSON.stringify(await vc.issue({credential, suite, documentLoader})));
  }
  return {signed, cryptosuite: rdfc.cryptosuite};
}

const first = lines.slice(0, Number(most));
const jcs = by(new DataIntegrityProof({cryptosuite: createVerifyCryptosuite()}));
const {signed, cryptosuite} = await signedAnew(first);
const rdf = by(new DataIntegrityProof({cryptosuite}));
console.log(JSON.stringify({
  rdf: await measured(signed, line => rdf(JSON.parse(line))),
  jcs: await measured(first, line => jcs(JSON.parse(line))),
  own: await measured(lines, async line => own(line))
}));
