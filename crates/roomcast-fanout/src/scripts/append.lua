-- Publishes a batch of messages, each in one step: a name that is known already is found, the
-- next offset taken, the log prolonged within its bounds, and all members told.
--
-- KEYS  of each room: head, log, names now, names past, backend's names now, and past
-- ARGV  run, kept, the command that publishes, how long names last (ms), number of rooms;
--       of each room: channel, fresh epoch, most messages, most bytes, ttl (ms), life (ms), rate;
--       of each message: number of its room, flags (e: ephemeral, b: backend), name, body
-- Gives what became of each message, with commas between: `epoch:offset`, `-` without a place,
--       `=` before it if that name was known, `!ms` if there were too many.

-- Most names of a room in one of its two halves.
local NAMES = 5000

local run, kept, publish, window = ARGV[1], ARGV[2] == '1', ARGV[3], tonumber(ARGV[4])
local at = 6

local function remember(room, backend, name, place)
  local now, past = room.keys[backend and 5 or 3], room.keys[backend and 6 or 4]
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
  return redis.call('HGET', room.keys[backend and 5 or 3], name)
    or redis.call('HGET', room.keys[backend and 6 or 4], name)
end

-- How long to wait, in ms, if the room's members have published too much; a second's worth may
-- come at once.
local function too_many(room)
  local time = redis.call('TIME')
  local now = time[1] * 1000 + time[2] / 1000
  room.due = room.due or tonumber(redis.call('HGET', room.head.key, 'due') or 0)
  local due = math.max(room.due, now)
  if due - now > 1000 - 1000 / room.rate then
    return math.ceil(due - now - 1000 + 1000 / room.rate)
  end
  room.due = due + 1000 / room.rate
  redis.call('HSET', room.head.key, 'due', room.due)
end

-- Drops the oldest messages beyond the bytes. Marks say how many bytes there were up to an
-- offset; they are set so close that little more than the bound is ever kept.
local function bound_bytes(room, head, bytes)
  head.sum = head.sum + bytes
  if head.sum - head.mark >= room.bytes / 16 then
    head.mark, head.marks = head.sum, head.marks .. head.offset .. ':' .. head.sum .. ','
  end
  local trim
  while head.sum - head.base > room.bytes do
    local offset, sum, rest = string.match(head.marks, '^(%d+):(%d+),(.*)$')
    if not offset then break end
    trim, head.base, head.marks = offset, tonumber(sum), rest
  end
  if trim then
    redis.call('XTRIM', room.keys[2], 'MINID', string.format('%.0f-0', tonumber(trim) + 1))
  end
end

local function append(room, body)
  local head, log = room.head, room.keys[2]
  head.offset, head.grown = head.offset + 1, true
  if room.size == 0 then return end
  local function add()
    local id = string.format('%.0f-0', head.offset)
    return redis.pcall('XADD', log, 'MAXLEN', room.size, id, 'm', body)
  end
  if type(add()) == 'table' then
    -- The log is ahead of its head: go on behind its end.
    local last = redis.call('XREVRANGE', log, '+', '-', 'COUNT', 1)[1]
    head.offset = tonumber(string.match(last and last[1] or '0', '^%d+')) + 1
    redis.call('DEL', log)
    add()
  end
  bound_bytes(room, head, #body)
end

local rooms = {}
for i = 1, tonumber(ARGV[5]) do
  local keys = {}
  for k = 1, 6 do keys[k] = KEYS[(i - 1) * 6 + k] end
  rooms[i] = {
    keys = keys, head = open(keys[1], keys[2], run, kept, ARGV[at + 1]), channel = ARGV[at],
    size = tonumber(ARGV[at + 2]), bytes = tonumber(ARGV[at + 3]), ttl = ARGV[at + 4],
    life = ARGV[at + 5], rate = tonumber(ARGV[at + 6]), said = {},
  }
  at = at + 7
end

local function take(room, flags, name, body)
  local head, backend = room.head, string.find(flags, 'b', 1, true)
  local place = name ~= '' and known(room, backend, name)
  if place then return '=' .. place end
  local wait = room.rate > 0 and not backend and too_many(room)
  if wait then return '!' .. wait end
  local offset = 0
  if string.find(flags, 'e', 1, true) then
    place = '-'
  else
    append(room, body)
    offset = head.offset
    place = string.format('%s:%.0f', head.epoch, offset)
  end
  if name ~= '' then remember(room, backend, name, place) end
  room.said[#room.said + 1] = string.format('%.0f %d\n', offset, #body) .. body
  return place
end

local outcomes = {}
for i = at, #ARGV, 4 do
  outcomes[#outcomes + 1] = take(rooms[tonumber(ARGV[i])], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3])
end
for _, room in ipairs(rooms) do
  save(room.head, room.life)
  if room.head.grown then redis.call('PEXPIRE', room.keys[2], room.ttl) end
  if #room.said > 0 then
    redis.call(publish, room.channel, '\1' .. room.head.epoch .. '\n' .. table.concat(room.said))
  end
end
return table.concat(outcomes, ',')
