curl -fsSN '@BASE@/api/v1/verifications?as_of=@DAY@' \
  -H 'content-type: application/x-ndjson' \
  --data-binary '{"certificate": "@NUMBER@", "level": "@LEVEL@"}
{"certificate": "@MARK@"}'
