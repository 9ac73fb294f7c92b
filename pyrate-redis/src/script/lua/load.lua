-- How a bucket is stored, and its state as it is when a call comes.
--
-- KEYS[1] is a string: marks, a gap that means nothing (mostly none), then the trailer.
--   A mark is the instant of grants and the units granted before it, 7 bytes each, big-endian. It never changes.
--   The trailer is read from its end: hot numbers, cold numbers, gauges, and the name granted last.
-- Behind it, in the same hash slot and only while in use:
--   :<number>  a page of older marks; a page is never written twice
--   :q         reservations that are not due, a sorted set by instant; members are id, weight, name
--   :p         free places, a sorted set by instant; members are instant, free units
--   :n         runs of names, a list, the oldest first; of each the number of its first unit, then the name
-- A name is a dot and its text; the key's own name is nothing at all.
--
-- ARGV[1] is what all calls of a handle share: whether a clock was injected, the window that must be kept, the grace
-- after which keys vanish, then the intervals of its rates, the shortest first, and their limits.
--
-- Totals go round at 2^53: a double counts exactly up to there, and only differences of totals mean anything, none of
-- which reaches it. Instants and weights are below 2^53 from the start.

local key, common = KEYS[1], ARGV[1]
local call, pack, unpack, sub = redis.call, struct.pack, struct.unpack, string.sub

local ROUND = 9007199254740992
local MARK = 14
-- Marks of a page; new ones after which the dead are looked at; what one call works off of a long line. Tests make them small.
local PAGE, STRIDE, BATCH = 4096, 64, 64
local VERSION = 0x50795201
local HOT, HOT_SIZE = '>I7I7I7I7I7I7I7I3I4I4BBI4', 66
local COLD, COLD_SIZE = '>I7I7I6I6I4I4', 34
local GAUGE_SIZE = 27
-- Longer names stand in the list of runs only.
local SHORT, LONG = 64, 255
-- Enough for the trailer of a bucket with four rates.
local TAIL = 280

local is_injected, keep, grace = unpack('>BI7I7', common)
local rates = (#common - 15) / 14
local limits_at = 16 + 7 * rates

local tail = call('GETRANGE', key, -TAIL, -1)
local size = #tail

local seen, last, total, dropped, due, kept, expires = 0, 0, 0, 0, 0, 0, 0
local open, gap, waiting, name_size, gauges = 0, 0, 0, 0, 0
local is_new = size == 0

if not is_new then
  local version = size >= 4 and unpack('>I4', tail, size - 3) or 0
  if version ~= VERSION then
    if math.floor(version / 256) == math.floor(VERSION / 256) then
      return redis.error_reply('PYRATE_VERSION ' .. version % 256)
    end
    return redis.error_reply('PYRATE_FOREIGN the value is not a bucket')
  end
  if size < HOT_SIZE + COLD_SIZE then
    return redis.error_reply('PYRATE_CORRUPT the value ends within its numbers')
  end
  seen, last, total, dropped, due, kept, expires, open, gap, waiting, name_size, gauges =
    unpack(HOT, tail, size - HOT_SIZE + 1)
end

local name_bytes = name_size == LONG and 0 or name_size
local trailer_size = is_new and 0 or HOT_SIZE + COLD_SIZE + GAUGE_SIZE * gauges + name_bytes
if trailer_size > size then
  tail = call('GETRANGE', key, -trailer_size, -1)
  size = #tail
  if trailer_size > size then
    return redis.error_reply('PYRATE_CORRUPT the value ends within its gauges')
  end
end
local cold_at = size - HOT_SIZE - COLD_SIZE + 1
local gauges_at = cold_at - GAUGE_SIZE * gauges

-- The server's time, read once: it goes on while a script runs.
local reading
local function clock()
  if not reading then
    local time = call('TIME')
    reading = time[1] * 1000000 + time[2]
  end
  return reading
end

-- Units granted since a total was `origin`.
local function since(number, origin)
  local units = number - origin
  if units < 0 then
    return units + ROUND
  end
  return units
end

-- Both are below 2^53, their sum may not be.
local function plus(number, units)
  if number >= ROUND - units then
    return number - (ROUND - units)
  end
  return number + units
end

-- Marks that this call appends; those before are stored.
local stored, appended = open, ''
local last_name = sub(tail, gauges_at - name_bytes, gauges_at - 1)
