-- Says which nodes have members in a room and how many; and who they are, if all of them
-- together are few enough.
--
-- KEYS  the room's nodes
-- ARGV  the most members that are listed, what the keys of nodes' members begin with, the node
--       that asks: its own members are counted and not listed
-- Gives of each node a line `node number count listed`, listed being how many members follow;
--       then of each of them a line `session length` and the member.

local most, own = tonumber(ARGV[1]), ARGV[3]
local all = redis.call('HGETALL', KEYS[1])
local nodes, sum = {}, 0
for i = 1, #all, 2 do
  local number, count = string.match(all[i + 1], '^(%d+) (%d+)$')
  nodes[#nodes + 1] = { name = all[i], number = number, count = count }
  sum = sum + tonumber(count)
end

local out = {}
for _, node in ipairs(nodes) do
  local key = ARGV[2] .. node.name
  local is_whole = sum <= most and node.name ~= own
    and redis.call('HLEN', key) == tonumber(node.count)
  local members = is_whole and redis.call('HGETALL', key) or {}
  out[#out + 1] = table.concat({ node.name, node.number, node.count, #members / 2 }, ' ') .. '\n'
  for i = 1, #members, 2 do
    out[#out + 1] = members[i] .. ' ' .. #members[i + 1] .. '\n' .. members[i + 1]
  end
end
return table.concat(out)
