curl -fsS '@BASE@/api/v1/marks/@MARK@'
