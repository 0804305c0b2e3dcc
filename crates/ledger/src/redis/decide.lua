-- Decides a batch and stores it, as one step of the server: the twin of `decide` in the crate `sale`,
-- with the checks of `books.rs` before it. In the same step it counts, for all nodes, how often somebody tries:
-- the rule of `limits/src/gcra.rs`.
--
-- Everything that can fail comes before the first write, so that nothing is ever half done; counts come last. What
-- the checks find wrong is reported as `CLOSED <code>`; `trouble.rs` has the sentences.
--
-- keys: config, stock, orders, then for each attempt the receipt of its user and, if the batch is to be counted,
--       the counts of its address and of its user
-- args: epoch, position and order id of the last order that the node has seen ('' for none), the
--       latest time that it has seen, the length of what the names of receipts begin with; for addresses and
--       then for users the microseconds that one attempt takes, and those that all take which may come at once
--       (0 and 0 where they are not counted); then for each attempt its order id and its idempotency key (''
--       for none)
-- returns: this server's time, the time of the decision, the units sold before it, the brake ('' if it
--          was never pulled), and for each attempt a unit (sold now), a receipt (sold before), one of
--          the four numbers below, or one of the two after them with the microseconds to wait
local SOLD_OUT, UPCOMING, ENDED, PAUSED = 0, -1, -2, -3
local TOO_OFTEN_ADDRESS, TOO_OFTEN_USER = 1, 2
local HEAD_KEYS, HEAD_ARGS = 3, 9

-- The length of the list, the newest id that it has ever had, and its last entry; or nothing and an error.
local function look_at_list(key)
  local info = redis.pcall('XINFO', 'STREAM', key)
  if info.err then
    if string.find(info.err, 'no such key', 1, true) then return 0, '0-0' end
    return nil, info
  end
  local found = {}
  for i = 1, #info, 2 do found[info[i]] = info[i + 1] end
  return found['length'], found['last-generated-id'], found['last-entry']
end

-- Nothing, if all that is written for an order may be written, or the error that it would be. `counted` is a key of
-- those that hold counts, if there are any. Servers before version 7 cannot be asked, so there the commands are
-- tried with what changes nothing; that of the counts is not among them, and if it fails in the end, the batch is
-- sent again and finds its receipts.
local function obstacle(keys, counted)
  if redis.acl_check_cmd then
    local may_write = redis.acl_check_cmd('MSETNX', keys[HEAD_KEYS + 1], '')
      and redis.acl_check_cmd('XADD', keys[3], '*', 'order', '')
      and redis.acl_check_cmd('DECRBY', keys[2], 1)
      and (not counted or redis.acl_check_cmd('SET', counted, ''))
    return not may_write and redis.error_reply('NOPERM may not run MSETNX, XADD, DECRBY and SET') or nil
  end
  local added, taken = redis.pcall('XADD', keys[3], '0-0', 'order', ''), redis.pcall('DECRBY', keys[2], 0)
  if not string.find(added.err or '', 'greater than 0-0', 1, true) then return added end
  return type(taken) ~= 'number' and taken or nil
end

-- Counts attempts made `now`, in microseconds. What is kept for each who tries is the moment at which that is
-- paid off.
local function new_count(args, now)
  local address_interval, address_span = tonumber(args[6]), tonumber(args[7])
  local user_interval, user_span = tonumber(args[8]), tonumber(args[9])
  local paid_off = {}
  local count = {}

  -- The moment after one attempt more, and how long that is too far away. Nobody owes more than the rate can let
  -- them owe: it may have been another one, or the clock of another server.
  local function one_more(key, stored, interval, span)
    if interval == 0 then return now, 0 end
    local owed = math.min(paid_off[key] or tonumber(stored or nil) or 0, now + span)
    local next = math.max(owed, now) + interval
    return next, next - (now + span)
  end

  -- Nothing, or who has to wait, and how long. An attempt that is refused for one counts for neither.
  function count.take(address, stored_address, user, stored_user)
    local address_next, address_wait = one_more(address, stored_address, address_interval, address_span)
    if address_wait > 0 then return { TOO_OFTEN_ADDRESS, address_wait } end
    local user_next, user_wait = one_more(user, stored_user, user_interval, user_span)
    if user_wait > 0 then return { TOO_OFTEN_USER, user_wait } end
    paid_off[address], paid_off[user] = address_next, user_next
  end

  -- Whoever has an order is not asked about any more.
  function count.forget(user) paid_off[user] = nil end

  -- Stores what has changed, until it says nothing any more: whoever is paid off is as good as new. Returns
  -- nothing, or an error.
  function count.store()
    for key, moment in pairs(paid_off) do
      local ms = math.ceil((moment - now) / 1000)
      local stored = ms > 0 and redis.pcall('SET', key, string.format('%.0f', moment), 'PX', ms) or {}
      if stored.err then return stored end
    end
  end

  return count
end

local function decide(keys, args)
  local config = redis.call('HMGET', keys[1], 'epoch', 'stock', 'startsAt', 'endsAt', 'endedAt', 'brake')
  if not config[1] then return redis.error_reply('CLOSED config_missing') end
  if config[1] ~= args[1] then return redis.error_reply('CLOSED foreign_epoch') end
  local stock, starts_at, ends_at = tonumber(config[2]), tonumber(config[3]), tonumber(config[4])
  if not (stock and starts_at and ends_at) then return redis.error_reply('CLOSED config_unsound') end

  local changes, changed_at = string.match(config[6] or '0 0', '^(%d+) (%d+)$')
  if not changes then return redis.error_reply('CLOSED brake_unsound') end

  if args[2] ~= '' then
    local known = redis.call('XRANGE', keys[3], args[2], args[2])[1]
    if not known or known[2][2] ~= args[3] then return redis.error_reply('CLOSED orders_lost') end
  end
  -- Redis counts down only what is written as it writes numbers.
  local counter = redis.call('GET', keys[2]) or ''
  local left = tonumber(counter)
  if not left or string.format('%.0f', left) ~= counter then return redis.error_reply('CLOSED stock_missing') end
  local length, newest, last = look_at_list(keys[3])
  if not length then return newest end
  local last_time, sold = 0, 0
  if last then
    local time, unit = string.match(last[1], '^(%d+)-(%d+)$')
    last_time, sold = tonumber(time), tonumber(unit)
  end
  if left < 0 or sold + left ~= stock or length ~= sold then return redis.error_reply('CLOSED counts_disagree') end
  if newest ~= (last and last[1] or '0-0') then return redis.error_reply('CLOSED entry_removed') end

  local clock = redis.call('TIME')
  local time = clock[1] * 1000 + math.floor(clock[2] / 1000)
  local now = math.max(time, last_time, tonumber(args[4]), tonumber(config[5] or 0),
    tonumber(changed_at))
  local closed = nil
  if now < starts_at then closed = UPCOMING elseif now >= ends_at then closed = ENDED end

  local attempts = (#args - HEAD_ARGS) / 2
  local keys_of_each = (#keys - HEAD_KEYS) / attempts
  local found = attempts > 0 and redis.call('MGET', unpack(keys, HEAD_KEYS + 1)) or {}
  local count = keys_of_each > 1 and new_count(args, clock[1] * 1000000 + clock[2]) or nil
  local results, entries, new_receipts, in_batch = {}, {}, {}, {}
  local unit = sold
  for i = 1, attempts do
    local at = (i - 1) * keys_of_each + 1
    local key = keys[HEAD_KEYS + at]
    local stored = found[at] or in_batch[key]
    -- Who has an order hears of it, however often.
    local too_often = not stored and count
      and count.take(keys[HEAD_KEYS + at + 1], found[at + 1], keys[HEAD_KEYS + at + 2], found[at + 2])
    if stored then
      if not string.match(stored, '^%d+%-%d+ %x+') then return redis.error_reply('CLOSED receipt_unsound') end
      results[i] = stored
    elseif too_often then
      results[i] = too_often
    elseif closed then
      results[i] = closed
    elseif unit >= stock then
      results[i] = SOLD_OUT
    elseif changes % 2 == 1 then
      results[i] = PAUSED
    else
      unit = unit + 1
      results[i] = unit
      if count then count.forget(keys[HEAD_KEYS + at + 2]) end
      local order_id, idempotency_key = args[HEAD_ARGS + 2 * i - 1], args[HEAD_ARGS + 2 * i]
      local position = string.format('%.0f-%.0f', now, unit)
      local receipt = position .. ' ' .. order_id
      if idempotency_key ~= '' then receipt = receipt .. ' ' .. idempotency_key end
      in_batch[key] = receipt
      new_receipts[#new_receipts + 1] = key
      new_receipts[#new_receipts + 1] = receipt
      entries[#entries + 1] = { position, order_id, string.sub(key, args[5] + 1), idempotency_key }
    end
  end

  if #entries > 0 then
    local error = obstacle(keys, count and keys[HEAD_KEYS + 2])
    if error then return error end
    -- The one write that can refuse: a key that is there, though MGET saw no text in it.
    if redis.call('MSETNX', unpack(new_receipts)) == 0 then
      return redis.error_reply('CLOSED receipt_type')
    end
    for _, entry in ipairs(entries) do
      redis.call('XADD', keys[3], entry[1], 'order', entry[2], 'user', entry[3], 'key', entry[4])
    end
    redis.call('DECRBY', keys[2], #entries)
  end
  if now >= ends_at and not config[5] then
    redis.call('HSET', keys[1], 'endedAt', string.format('%.0f', now))
  end
  local error = count and count.store()
  if error then return error end
  return { time, now, sold, config[6] or '', results }
end
