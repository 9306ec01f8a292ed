-- Writes what is new of one node's members of one room, and tells the other nodes.
--
-- KEYS  the node's members, the room's nodes; the members under the node's earlier name, if any
-- ARGV  the command that publishes, channel, node, its earlier name or nothing, the number of
--       this change, how many members the node has, life (ms), 1 if what stands there is
--       replaced, what the others are told or nothing, number of members that are set; of each
--       of them session and member; sessions that are gone
-- Gives the number of the node's change before this one, 0 if nothing stands there.

local publish, channel, node, earlier = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local number, count, life, replace, told = ARGV[5], ARGV[6], ARGV[7], ARGV[8] == '1', ARGV[9]

-- A call takes only so many arguments.
local function each_hundred(command, from, to)
  for at = from, to, 100 do
    redis.call(command, KEYS[1], unpack(ARGV, at, math.min(at + 99, to)))
  end
end

local last = redis.call('HGET', KEYS[2], node)
if earlier ~= '' then
  redis.call('DEL', KEYS[3])
  redis.call('HDEL', KEYS[2], earlier)
end
if replace or count == '0' then redis.call('DEL', KEYS[1]) end
if count == '0' then
  redis.call('HDEL', KEYS[2], node)
else
  local sets = 2 * tonumber(ARGV[10])
  each_hundred('HSET', 11, 10 + sets)
  each_hundred('HDEL', 11 + sets, #ARGV)
  redis.call('HSET', KEYS[2], node, number .. ' ' .. count)
  redis.call('PEXPIRE', KEYS[1], life)
  redis.call('PEXPIRE', KEYS[2], life)
end
if told ~= '' then
  redis.call(publish, channel, '\2' .. node .. ' ' .. count .. '\n' .. told)
end
return last and string.match(last, '^%d+') or '0'
