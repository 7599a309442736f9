curl -fsS '@BASE@/api/v1/certificates/@ID@'
