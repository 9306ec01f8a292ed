-- Reads a part of a room's log.
--
-- KEYS  head, log
-- ARGV  run, kept, fresh epoch, life (ms), what, a, b; what is
--       `catch up` (after offset a, if it is not -1, and at least the b newest; this begins the
--       room's life if it has none), `latest` (b newest), `before` (b newest before a),
--       `after` (b oldest after a)
-- Gives `epoch offset floor more from to lineage` and a new line, then of each message its offset,
--       its length, a new line and itself; those up to `from` and beyond `to` do not count.

local run, kept, fresh, life = ARGV[1], ARGV[2] == '1', ARGV[3], ARGV[4]
local what, a, b = ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7])

local head
if what == 'catch up' then
  head = open(KEYS[1], KEYS[2], run, kept, fresh)
  save(head, life)
else
  head = peek(KEYS[1])
end
if not head then return '0 0 0 0 0 0 \n' end

local first = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)[1]
local floor = first and tonumber(string.match(first[2][2], '^%d+')) - 1 or head.offset
floor = math.min(floor, head.offset)

local from, to, more = head.offset, head.offset, false
if what == 'catch up' then
  from = math.min(a < 0 and head.offset or a, math.max(head.offset - b, 0))
elseif what == 'after' then
  from = math.min(math.max(a, floor), head.offset)
  to = math.min(from + b, head.offset)
  more = to < head.offset
else
  if what == 'before' then to = math.min(math.max(a - 1, 0), head.offset) end
  from = math.max(to - b, math.min(floor, to))
  more = from > floor
end

local out = {
  string.format('%s %.0f %.0f %d %.0f %.0f %s\n', head.epoch, head.offset, floor, more and 1 or 0,
    from, to, head.lineage),
}
-- An entry is called by its last offset: those up to that of `to`, and the one that holds `to`.
if from < to then
  local first_id, last_id = string.format('%.0f-0', from + 1), string.format('%.0f-0', to)
  local entries = redis.call('XRANGE', KEYS[2], first_id, last_id)
  local last = entries[#entries]
  if not last or last[1] ~= last_id then
    local start = last and '(' .. last_id or first_id
    entries[#entries + 1] = redis.call('XRANGE', KEYS[2], start, '+', 'COUNT', 1)[1]
  end
  for _, entry in ipairs(entries) do
    out[#out + 1] = entry[2][2]
  end
end
return table.concat(out)
