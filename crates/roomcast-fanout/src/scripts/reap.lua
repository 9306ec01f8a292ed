-- Ends the presence of a node that is gone, in one room. Of many nodes that find it gone, the
-- first says so.
--
-- KEYS  the node's members, the room's nodes
-- ARGV  the command that publishes, channel, node
-- Gives 1, or 0 if nothing stood there.

local removed = redis.call('DEL', KEYS[1]) + redis.call('HDEL', KEYS[2], ARGV[3])
if removed == 0 then return '0' end
redis.call(ARGV[1], ARGV[2], '\2' .. ARGV[3] .. ' gone\n')
return '1'
