-- wrk: hands in decisions, each under a reference of its own.
-- Arguments: a decision (JSON) with {reference}, {holder} and {uscc} in it, a list of credit codes, the token, a word that begins the
-- references of this run.

dofile("report.lua") -- wrk runs in this directory

local codes = {}
local decision, token, run
local number = 0

function init(args)
  local file = assert(io.open(args[1]))
  decision = file:read("*a")
  file:close()
  for code in io.lines(args[2]) do codes[#codes + 1] = code end
  token, run = args[3], args[4]
  wrk.headers["Authorization"] = "Bearer " .. token
  wrk.headers["Content-Type"] = "application/json"
end

function request()
  number = number + 1
  local code = codes[number % #codes + 1]
  local known = { reference = run .. "-" .. number, uscc = code, holder = "示例第" .. (number % #codes) .. "号有限公司" }
  return wrk.format("POST", "/api/v1/issuing/certificates", nil, (decision:gsub("{(%w+)}", known)))
end
