-- Publishes a batch of messages, each in one step: a name that is known already is found, the
-- next offset taken, the log prolonged within its bounds, and all members told.
--
-- KEYS  of each room: head, log; and if a message has a name: names now, names past, backend's
--       names now, and past
-- ARGV  run, kept, the command that publishes, how long names last (ms), fresh epoch,
--       number of kinds, number of rooms, keys of a room;
--       of each kind: most messages, most bytes, ttl (ms), life (ms), rate;
--       of each room: channel, number of its kind;
--       of each message: number of its room, flags (e: ephemeral, b: backend, n: named),
--       name if it has one, body
-- Gives what became of each message, with commas between: `epoch:offset`, `-` without a place,
--       `=` before it if that name was known, `!ms` if there were too many.

-- Most names of a room in one of its two halves.
local NAMES = 5000

local run, kept, publish, window = ARGV[1], ARGV[2] == '1', ARGV[3], tonumber(ARGV[4])
local fresh, keys_each = ARGV[5], tonumber(ARGV[8])
local at = 9

local function remember(room, backend, name, place)
  local now, past = KEYS[room.key + (backend and 5 or 3)], KEYS[room.key + (backend and 6 or 4)]
  local size = redis.call('HLEN', now)
  if size >= NAMES or (size > 0 and redis.call('PTTL', now) < window) then
    redis.call('RENAME', now, past)
    redis.call('PEXPIRE', past, window)
    size = 0
  end
  redis.call('HSET', now, name, place)
  if size == 0 then redis.call('PEXPIRE', now, 2 * window) end
end

local function known(room, backend, name)
  return redis.call('HGET', KEYS[room.key + (backend and 5 or 3)], name)
    or redis.call('HGET', KEYS[room.key + (backend and 6 or 4)], name)
end

-- How long to wait, in ms, if the room's members have published too much; a second's worth may
-- come at once.
local function too_many(room)
  local time = redis.call('TIME')
  local now = time[1] * 1000 + time[2] / 1000
  room.due = room.due or tonumber(redis.call('HGET', room.head.key, 'due') or 0)
  local due = math.max(room.due, now)
  if due - now > 1000 - 1000 / room.kind.rate then
    return math.ceil(due - now - 1000 + 1000 / room.kind.rate)
  end
  room.due = due + 1000 / room.kind.rate
  redis.call('HSET', room.head.key, 'due', room.due)
end

local function id(offset)
  return string.format('%.0f-0', offset)
end

-- The oldest offset that is kept, once so many bytes are added. Marks say how many bytes there
-- were up to an offset; they are set so close that little more than the bound is ever kept.
local function oldest(room, bytes)
  local head, kind, from = room.head, room.kind, room.head.offset - room.kind.size + 1
  head.sum = head.sum + bytes
  if head.sum - head.mark >= kind.bytes / 16 then
    head.mark, head.marks = head.sum, head.marks .. head.offset .. ':' .. head.sum .. ','
    head.marked = true
  end
  while head.sum - head.base > kind.bytes do
    local offset, sum, rest = string.match(head.marks, '^(%d+):(%d+),(.*)$')
    if not offset then break end
    from, head.base, head.marks = math.max(from, tonumber(offset) + 1), tonumber(sum), rest
    head.marked = true
  end
  return from
end

local kinds, rooms = {}, {}
for i = 1, tonumber(ARGV[6]) do
  kinds[i] = {
    size = tonumber(ARGV[at]), bytes = tonumber(ARGV[at + 1]), ttl = ARGV[at + 2],
    life = ARGV[at + 3], rate = tonumber(ARGV[at + 4]),
  }
  at = at + 5
end
for i = 1, tonumber(ARGV[7]) do
  local key = (i - 1) * keys_each
  local log = KEYS[key + 2]
  rooms[i] = {
    key = key, log = log, head = open(KEYS[key + 1], log, run, kept, fresh),
    channel = ARGV[at], kind = kinds[tonumber(ARGV[at + 1])], said = {}, kept = {}, names = {},
  }
  at = at + 2
end

local function take(room, flags, name, body)
  local head, backend = room.head, string.find(flags, 'b', 1, true)
  local scoped = (backend and 'b' or 'c') .. name
  local place = name ~= '' and (room.names[scoped] or known(room, backend, name))
  if place then return '=' .. place end
  local wait = room.kind.rate > 0 and not backend and too_many(room)
  if wait then return '!' .. wait end
  local record
  if string.find(flags, 'e', 1, true) then
    place, record, room.has_ephemeral = '-', '0 ' .. #body .. '\n' .. body, true
  else
    head.offset, head.grown = head.offset + 1, true
    local offset = string.format('%.0f', head.offset)
    place, record = head.epoch .. ':' .. offset, offset .. ' ' .. #body .. '\n' .. body
    room.kept[#room.kept + 1] = record
  end
  room.said[#room.said + 1] = record
  if name ~= '' then
    room.names[scoped] = place
    room.names[#room.names + 1] = { backend, name, place }
  end
  return place
end

-- The head goes first: if anything fails behind it, offsets are missing and none is given twice.
local function finish(room)
  local said = table.concat(room.said)
  local is_kept = room.head.grown and room.kind.size > 0
  local kept = is_kept and (room.has_ephemeral and table.concat(room.kept) or said)
  local from = is_kept and oldest(room, #kept)
  save(room.head, room.kind.life)
  if is_kept then
    redis.call('XADD', room.log, id(room.head.offset), 'm', kept)
    if from > 1 then redis.call('XTRIM', room.log, 'MINID', id(from)) end
    redis.call('PEXPIRE', room.log, room.kind.ttl)
  end
  for _, named in ipairs(room.names) do
    remember(room, named[1], named[2], named[3])
  end
  if said ~= '' then
    redis.call(publish, room.channel, '\1' .. room.head.epoch .. '\n' .. said)
  end
end

local outcomes = {}
while at < #ARGV do
  local room, flags, name = rooms[tonumber(ARGV[at])], ARGV[at + 1], ''
  at = at + 2
  if string.find(flags, 'n', 1, true) then
    name, at = ARGV[at], at + 1
  end
  outcomes[#outcomes + 1] = take(room, flags, name, ARGV[at])
  at = at + 1
end
for _, room in ipairs(rooms) do finish(room) end
return table.concat(outcomes, ',')
