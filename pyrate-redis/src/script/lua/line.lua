-- Who waits, and the places that those left who cancelled.

local queue_key, places_key = key .. ':q', key .. ':p'

-- Puts a reservation in line and returns its number.
--
-- Numbers rise, by the server's time and by one at least, and never come again: not after a flush, which keeps the last one,
-- nor after the key is gone, since no server makes more than one a microsecond for as long as a key lives.
local function line_up(at, weight, name)
  last_id = math.max(last_id + 1, clock())
  call('ZADD', queue_key, at, pack('>I7I7', last_id, weight) .. name)
  is_fresh = is_fresh or waiting == 0
  waiting = waiting + 1
  return last_id
end

-- Names what is due by `now`, up to a batch of reservations in one call. Answers whether some may be left: a grant that is due then
-- has to stand in line behind them.
local function settle(now)
  if waiting == 0 then
    return false
  end
  local due_items = call('ZRANGEBYSCORE', queue_key, '-inf', now, 'LIMIT', 0, BATCH)
  for _, item in ipairs(due_items) do
    local _, weight, name_at = unpack('>I7I7', item)
    name_units(sub(item, name_at), weight)
  end
  if #due_items > 0 then
    call('ZREMRANGEBYRANK', queue_key, 0, #due_items - 1)
    waiting = waiting - #due_items
  end
  return #due_items == BATCH
end

-- Takes the place at `at` out of the list and returns its free units.
local function remove_place(at)
  if places == 0 then
    return 0
  end
  local place = call('ZRANGEBYSCORE', places_key, at, at)[1]
  if not place then
    return 0
  end
  call('ZREM', places_key, place)
  places = places - 1
  local _, free = unpack('>I7I7', place)
  return free
end

local function set_place(at, free)
  if free > 0 then
    call('ZADD', places_key, at, pack('>I7I7', at, free))
    is_fresh = is_fresh or places == 0
    places = places + 1
  end
end

-- Removes the places up to `instant` and returns their free units.
local function forget_places(instant)
  local units = 0
  if places == 0 or instant < 0 then
    return 0
  end
  local over = call('ZRANGEBYSCORE', places_key, '-inf', instant)
  for _, place in ipairs(over) do
    local _, free = unpack('>I7I7', place)
    units = units + free
  end
  if #over > 0 then
    call('ZREMRANGEBYRANK', places_key, 0, #over - 1)
    places = places - #over
  end
  return units
end
