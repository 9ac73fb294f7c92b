-- How a bucket is stored, and its state as it is when a call comes.
--
-- KEYS[1] is a string: marks, a gap that means nothing (mostly none), then the trailer.
--   A mark is the instant of grants and the units granted before it, 7 bytes each, big-endian. It never changes.
--   The trailer is the last name, a spot and a pair of each gauge (all spots, COLD, all pairs), then FIXED. It is read from
--   its end: FIXED says how long the rest is.
-- FIXED, of which each grant changes what stands behind the version:
--   kept       the longest window that any handle used; what it may still count is kept
--   assured    a grant up to here doesn't lengthen the keys' life
--   dropped    the total before the first mark that is kept
--   look_at    with so many marks here it is worth looking whether some are dead
--   gap, waiting, name_size, gauges    how many bytes, reservations, bytes, gauges there are
--   version
--   seen, last the last change; the latest grant, which may lie in the future
--   total      units granted up to `last`, free ones too
--   open       marks in this string
-- COLD, which `quick` needs for a denial only:
--   gone       units that are forgotten, on the scale of names: of those that are due, free ones not
--   last_id    the last number of a reservation
--   base       the index of the first mark in this string; those before are in pages
--   front      the index of the first mark that is kept
--   places, runs    how many free places and runs of names there are
--   ahead      what `total` is ahead of the scale of names: free units, and those in line
-- Always: the marks from `base` on are here, those from `front` up to it in the pages front / PAGE to base / PAGE - 1. Indexes
-- begin anew when no page is left.
-- Behind it, in the same hash slot and only while in use:
--   :<number>  a page of older marks
--   :q         reservations that are not due, a sorted set by instant; members are id, weight, name
--   :p         free places, a sorted set by instant; members are instant, free units
--   :n         runs of names, a list, the oldest first; of each the number of its first unit, then the name
-- A name is a dot and its text; the key's own name is nothing at all.
--
-- ARGV[1] is what all calls of a handle share: whether a clock was injected, the window that must be kept, the grace
-- after which keys vanish, then interval and limit of each of its rates, the shortest first.
-- ARGV[2] is what is asked. Of `reserve` it is items, one behind the other, each an ITEM and then its name; `waiting` is asked
-- about one without a name. What other scripts are asked, each unpacks in its first lines.
--
-- A number that is an argument of a command is written in full, but Lua's `..` keeps 14 digits: where an instant becomes part
-- of a text, it is formatted.
--
-- Totals go round at 2^53: a double counts exactly up to there, and only differences of totals mean anything, none of
-- which reaches it. Instants and weights are below 2^53 from the start.

local key, common = KEYS[1], ARGV[1]
local call, pack, unpack, sub = redis.call, struct.pack, struct.unpack, string.sub

local ROUND = 9007199254740992
local MARK = 14
-- Of `common`: what stands before the rates, and a rate.
local COMMON_SIZE, RATE_SIZE = 15, 14
-- Marks of a page; new ones after which the dead are looked at, at least; what one call works off of a long line. Tests make
-- them small.
local PAGE, STRIDE, BATCH = 4096, 64, 64
local VERSION = 0x50795201
-- The trailer's end, and what of that each grant changes.
local FIXED, FIXED_SIZE = '>I7I7I7I3I4I4BBI4I7I7I7I3', 62
local CHANGED_SIZE = 24
local COLD, COLD_SIZE = '>I7I7I6I6I4I4I7', 41
-- Of a gauge: its interval and the units before its mark; that mark's index and instant.
local PAIR_SIZE, SPOT_SIZE = 14, 13
-- Of an item: whether an instant is told, the weight, the longest delay, that instant, the size of the name behind it.
local ITEM = '>BI7I7I7I7'
-- Longer names stand in the list of runs only.
local SHORT, LONG = 64, 255

local is_injected, keep, grace = unpack('>BI7I7', common)
local rates = (#common - COMMON_SIZE) / RATE_SIZE

-- Enough for the trailer of a bucket with four rates.
local tail = call('GETRANGE', key, '-280', '-1')
local size = #tail
local is_new = size == 0

local kept, assured, dropped, look_at, gap, waiting, name_size, gauges = 0, 0, 0, 0, 0, 0, 0, 0
local seen, last, total, open = 0, 0, 0, 0
local trailer_size = 0

if not is_new then
  local version
  if size >= FIXED_SIZE + COLD_SIZE then
    kept, assured, dropped, look_at, gap, waiting, name_size, gauges, version, seen, last, total, open =
      unpack(FIXED, tail, size - FIXED_SIZE + 1)
  end
  if version ~= VERSION then
    if version and math.floor(version / 256) == math.floor(VERSION / 256) then
      return redis.error_reply('PYRATE_VERSION ' .. version % 256)
    end
    return redis.error_reply('PYRATE_FOREIGN the value is not a bucket')
  end
  trailer_size = FIXED_SIZE + COLD_SIZE + (PAIR_SIZE + SPOT_SIZE) * gauges + (name_size == LONG and 0 or name_size)
  if trailer_size > size then
    tail = call('GETRANGE', key, -trailer_size, '-1')
    size = #tail
    if trailer_size > size then
      return redis.error_reply('PYRATE_CORRUPT the value ends within its trailer')
    end
  end
end
-- Where the name stands, the gauges' intervals, and the rest.
local name_at = size - trailer_size + 1
local pairs_at = size - FIXED_SIZE - PAIR_SIZE * gauges + 1
local cold_at = pairs_at - COLD_SIZE
local last_name = name_size > 0 and name_size ~= LONG and sub(tail, name_at, name_at + name_size - 1) or ''

-- Marks that this call appends; those before are stored.
local stored, appended = open, ''
