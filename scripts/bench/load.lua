-- wrk: asks for the paths of a file at random. Each line: path, and what is held of it (an entity tag) behind a tab.
-- Arguments: the file, then header lines as "Name: value"; {tag} in a value stands for what is held.

local requests = {}
local threads = 0

function setup(thread)
  thread:set("seed", threads)
  threads = threads + 1
end

function init(args)
  math.randomseed(20261126 + seed)
  for line in io.lines(args[1]) do
    local path, tag = line:match("^([^\t]*)\t?(.*)$")
    local headers = {}
    for i = 2, #args do
      local name, value = args[i]:match("^([^:]+): (.*)$")
      headers[name] = value:gsub("{tag}", function() return tag end)
    end
    requests[#requests + 1] = wrk.format("GET", path, headers)
  end
end

function request()
  return requests[math.random(#requests)]
end

local counts = {}
function response(status)
  counts[status] = (counts[status] or 0) + 1
end
response = nil -- counting each answer would cost the load its core; wrk counts those that are no 2xx or 3xx

function done(summary, latency, _)
  local at = function(p) return latency:percentile(p) end
  io.write(string.format(
    '{"requests":%d,"micros":%d,"bytes":%d,"p50":%d,"p99":%d,"p999":%d,"refused":%d,"broken":%d}\n',
    summary.requests, summary.duration, summary.bytes, at(50), at(99), at(99.9), summary.errors.status,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end
