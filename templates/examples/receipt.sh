curl -fsS '@BASE@/api/v1/receipts' -H 'content-type: application/json' -o receipt.json -d '
{"reference": "example-118", "as_of": "@DAY@",
 "certificates": [{"certificate": "@NUMBER@", "level": "@LEVEL@"}]}'
curl -fsS '@BASE@/.well-known/did.json' -o did.json
starmark verify receipt.json --keys did.json
