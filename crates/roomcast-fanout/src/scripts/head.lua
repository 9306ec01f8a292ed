-- What every script about rooms begins with: the head of a room, from which it is numbered.
--
-- A head says in which epoch the room is, the last offset given out, and in which life of Redis
-- (`run`) that was. Where Redis came back, a new epoch begins: if all its data did (`kept`), the
-- old one joins the lineage, and positions in it still count up to where it ended.

local LINEAGE = 8

-- A new epoch; offsets go on.
local function renew(head, fresh, run, kept)
  local lineage = kept and (head.lineage .. head.epoch .. ':' .. head.offset .. ',') or ''
  if select(2, string.gsub(lineage, ',', '')) > LINEAGE then
    lineage = string.gsub(lineage, '^[^,]*,', '')
  end
  head.lineage, head.epoch, head.run, head.anew = lineage, fresh, run, true
end

-- The head as it is; none where the room has none.
local function peek(key)
  local h = redis.call('HMGET', key, 'epoch', 'offset', 'run', 'lineage', 'sum', 'base', 'mark', 'marks')
  if not h[1] then return nil end
  return {
    key = key, epoch = h[1], offset = tonumber(h[2]), run = h[3], lineage = h[4],
    sum = tonumber(h[5]), base = tonumber(h[6]), mark = tonumber(h[7]), marks = h[8],
  }
end

-- The head in this life of Redis, a new one where there was none.
local function open(key, log, run, kept, fresh)
  local head = peek(key)
  if not head then
    redis.call('DEL', log)
    return {
      key = key, epoch = fresh, offset = 0, run = run, lineage = '',
      sum = 0, base = 0, mark = 0, marks = '', anew = true,
    }
  end
  if head.run ~= run then renew(head, fresh, run, kept) end
  return head
end

-- Writes what has changed, and keeps the head alive.
local function save(head, life)
  if head.anew then
    redis.call('HSET', head.key, 'epoch', head.epoch, 'offset', head.offset, 'run', head.run,
      'lineage', head.lineage, 'sum', head.sum, 'base', head.base, 'mark', head.mark,
      'marks', head.marks)
  elseif head.grown then
    redis.call('HSET', head.key, 'offset', head.offset, 'sum', head.sum)
    if head.marked then
      redis.call('HSET', head.key, 'base', head.base, 'mark', head.mark, 'marks', head.marks)
    end
  end
  redis.call('PEXPIRE', head.key, life)
end
