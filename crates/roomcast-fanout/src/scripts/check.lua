-- Compares how far a node has heard each of many rooms with how far they are, and keeps their
-- heads alive.
--
-- KEYS  of each room: head, log
-- ARGV  run, kept; of each room: fresh epoch, life (ms), the epoch and the offset last heard
-- Gives of each room `=`, or `!` where the node must read.

local run, kept = ARGV[1], ARGV[2] == '1'

-- A node that has heard more of an epoch than there is of it proves that its end was lost:
-- positions in it and before it count no more.
local function lose(head, fresh, epoch, offset)
  if epoch == head.epoch and offset > head.offset then
    return renew(head, fresh, run, false)
  end
  local done = 1
  for known, last, stop in string.gmatch(head.lineage, '(%x+):(%d+),()') do
    if known == epoch and offset > tonumber(last) then done = stop end
  end
  if done > 1 then
    head.lineage, head.anew = string.sub(head.lineage, done), true
  end
end

local out = {}
for i = 1, #KEYS / 2 do
  local at = 3 + (i - 1) * 4
  local epoch, offset = ARGV[at + 2], tonumber(ARGV[at + 3])
  local head = open(KEYS[2 * i - 1], KEYS[2 * i], run, kept, ARGV[at])
  lose(head, ARGV[at], epoch, offset)
  save(head, ARGV[at + 1])
  out[i] = head.epoch == epoch and head.offset == offset and '=' or '!'
end
return table.concat(out)
