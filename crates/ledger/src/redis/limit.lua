-- Counts attempts for all nodes, several at once: the rule of limits/src/gcra.rs.
--
-- KEYS: for each attempt the key of its address and the key of its user.
-- ARGV: for addresses, then for users: the microseconds that one attempt takes and those that all who may
-- come at once take; 0 and 0 where they are not counted.
-- Answers for each attempt with 0, or with the microseconds to wait: negative for the address, positive for
-- the user. An attempt that is refused for one counts for neither.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local known = redis.call('MGET', unpack(KEYS))
local paid_off, changed = {}, {}
for i, key in ipairs(KEYS) do
  paid_off[key] = tonumber(known[i] or nil) or 0
end

-- The new moment to keep, and how long it is too far away.
local function decide(key, which)
  local interval, span = tonumber(ARGV[which]), tonumber(ARGV[which + 1])
  local next = math.max(paid_off[key], now) + interval
  return next, math.max(next - (now + span), 0)
end

local answers = {}
for i = 1, #KEYS, 2 do
  local address, user = KEYS[i], KEYS[i + 1]
  local address_next, address_wait = decide(address, 1)
  local user_next, user_wait = decide(user, 3)
  if address_wait > 0 then
    answers[#answers + 1] = -address_wait
  elseif user_wait > 0 then
    answers[#answers + 1] = user_wait
  else
    answers[#answers + 1] = 0
    paid_off[address], paid_off[user] = address_next, user_next
    changed[address], changed[user] = true, true
  end
end
for key in pairs(changed) do
  local ms = math.ceil((paid_off[key] - now) / 1000)
  -- Whoever is paid off already is as good as new, so nothing needs to be kept.
  if ms > 0 then
    redis.call('SET', key, string.format('%.0f', paid_off[key]), 'PX', ms)
  end
end
return answers
