curl -fsS '@BASE@/api/v1/certificates/@ID@?as_of=@DAY@'
