-- A node's sign of life, and who else is alive. What has run out stays so: a node whose lease
-- has must come back under another name.
--
-- KEYS  the leases: of each node until when, and since when Redis has known any
-- ARGV  node, lease (ms), 1 if it is new, a name for this memory of Redis if it has none
-- Gives a line `1 name` or `0 name`: whether the lease holds, and the name of this memory of
--       Redis, another one if it has lost its data; then the nodes that are alive, 16 digits each.

local key, node = KEYS[1], ARGV[1]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
local memory = redis.call('ZRANGEBYSCORE', key, '+inf', '+inf')[1]
if not memory then
  memory = 'memory ' .. ARGV[4]
  redis.call('ZADD', key, '+inf', memory)
end
local holds = ARGV[3] == '1' or redis.call('ZSCORE', key, node)
if holds then redis.call('ZADD', key, now + tonumber(ARGV[2]), node) end
local alive = table.concat(redis.call('ZRANGEBYSCORE', key, now, '(+inf'))
return (holds and '1' or '0') .. ' ' .. string.sub(memory, 8) .. '\n' .. alive
