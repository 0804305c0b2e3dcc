-- One new user with each request, and the headers that a real client sends.
local number = 0
local headers = {
  ["Content-Type"] = "application/json",
  ["X-CSRF-Token"] = string.rep("t", 75),
  ["Cookie"] = "csrfToken=" .. string.rep("t", 75),
}

function request()
  number = number + 1
  headers["Idempotency-Key"] = string.format("%032x", number)
  local user = string.format("load-%016x@example.com", number)
  return wrk.format("POST", "/api/purchase", headers, '{"userId":"' .. user .. '"}')
end
