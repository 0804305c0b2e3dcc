-- Decides one purchase and stores it.
-- keys: receipt of the user, stock, orders
-- args: user, order id, receipt, start and end of the sale in epoch milliseconds
-- returns: the stored receipt of an earlier purchase, or 1 (sold), 0 (sold out), -1 (too early), -2 (over)
local stored = redis.call('GET', KEYS[1])
if stored then return stored end
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
if now < tonumber(ARGV[4]) then return -1 end
if now >= tonumber(ARGV[5]) then return -2 end
if tonumber(redis.call('GET', KEYS[2]) or 0) <= 0 then return 0 end
redis.call('DECR', KEYS[2])
redis.call('SET', KEYS[1], ARGV[3])
redis.call('XADD', KEYS[3], '*', 'user', ARGV[1], 'order', ARGV[2])
return 1
