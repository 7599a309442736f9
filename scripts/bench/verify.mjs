// Verifies records, one on each line, in two ways that are not ours, and prints the microseconds of CPU each took in the mean:
//   node verify.mjs RECORDS DID.json CONTEXT.json LIBRARIES COUNT_OF_LIBRARY
// Digital Bazaar's libraries (suite eddsa-jcs-2022, from LIBRARIES, a node_modules), for the first so many; and Node's own Ed25519 and
// SHA-256 on canonical JSON that is written here, for all of them.

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
const load = name => import(pathToFileURL(require.resolve(name)));
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
const suite = new DataIntegrityProof({cryptosuite: createVerifyCryptosuite()});
const library = async line => {
  const checkStatus = async () => ({verified: true});
  const {verified, error} = await vc.verifyCredential({credential: JSON.parse(line), documentLoader, suite, checkStatus});
  if(!verified && !library.told) {
    library.told = true;
    console.error(error?.errors?.[0] ?? error);
  }
  return verified;
};

console.log(JSON.stringify({
  library: await measured(lines.slice(0, Number(most)), library),
  own: await measured(lines, async line => own(line))
}));
