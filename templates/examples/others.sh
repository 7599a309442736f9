curl -fsS '@BASE@/api/v1/certificates/@ID@/credential' -o certificate.json
curl -fsS '@BASE@/.well-known/did.json' -o did.json
curl -fsS '@BASE@/ns/v1' -o context.json
node tests/interop/verify.mjs certificate.json did.json context.json
