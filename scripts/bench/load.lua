-- wrk: asks for the paths of a file. Each line: path, and what is held of it (an entity tag) behind a tab.
-- Arguments: the file; "random", or "from N" for one after the other from line N on (0 the first), once; then header lines as
-- "Name: value", where {tag} stands for what is held.

dofile("report.lua") -- wrk runs in this directory

local requests = {}
local threads = 0
local at

function setup(thread)
  thread:set("seed", threads)
  threads = threads + 1
end

function init(args)
  math.randomseed(20261126 + seed)
  at = tonumber(args[2]:match("^from (%d+)$"))
  for line in io.lines(args[1]) do
    local path, tag = line:match("^([^\t]*)\t?(.*)$")
    local headers = {}
    for i = 3, #args do
      local name, value = args[i]:match("^([^:]+): (.*)$")
      headers[name] = value:gsub("{tag}", function() return tag end)
    end
    requests[#requests + 1] = wrk.format("GET", path, headers)
  end
end

function request()
  if at == nil then
    return requests[math.random(#requests)]
  end
  at = at % #requests + 1
  return requests[at]
end
