curl -fsS '@BASE@/api/v1/bundle/@ID@' -o bundle.json
curl -fsS '@BASE@/.well-known/did.json' -o did.json
starmark verify bundle.json --keys did.json
