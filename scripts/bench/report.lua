-- What a round of wrk came to, as one line of JSON: the last that it prints.

function done(summary, latency, _)
  local at = function(p) return latency:percentile(p) end
  io.write(string.format(
    '{"requests":%d,"micros":%d,"bytes":%d,"p50":%d,"p99":%d,"p999":%d,"refused":%d,"broken":%d}\n',
    summary.requests, summary.duration, summary.bytes, at(50), at(99), at(99.9), summary.errors.status,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end
