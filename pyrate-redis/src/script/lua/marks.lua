-- Everything else of the state, and searching in the marks.

-- The server's time.
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

local gone, last_id, base, front, places, runs, ahead = 0, 0, 0, 0, 0, 0, 0
-- The gauges that are stored: an interval, the mark where its window began when last looked, the units before that mark,
-- and the mark's instant where it is known. A gauge belongs to an interval, so that handles with other limits share it.
local known_gauges = {}

if not is_new then
  if call('STRLEN', key) ~= MARK * stored + gap + trailer_size then
    return redis.error_reply('PYRATE_CORRUPT the value is longer or shorter than it says')
  end
  gone, last_id, base, front, places, runs, ahead = unpack(COLD, tail, cold_at)
  for number = 1, gauges do
    local interval, before = unpack('>I7I7', tail, pairs_at + PAIR_SIZE * (number - 1))
    local index, instant = unpack('>I6I7', tail, cold_at - SPOT_SIZE * (gauges - number + 1))
    known_gauges[number] =
      { interval = interval, before = before, index = index, instant = instant > 0 and instant - 1 or nil }
  end
end

-- Lua's format would end a key at its first zero byte.
local function page_key(number)
  return key .. ':' .. string.format('%.0f', number)
end

-- What is wrong when the server can't be asked whether it has several keys.
local trouble

local function is_refused(...)
  local answer = redis.pcall('EXISTS', ...)
  if type(answer) ~= 'table' then
    return false
  end
  local is_elsewhere = answer.err:find('non local key', 1, true) ~= nil
  trouble = not is_elsewhere and answer or trouble
  return is_elsewhere
end

-- Whether this call has to come again, since a cluster is moving the bucket's slot.
--
-- The keys may be on two servers by then, and a new one can only be made where the slot goes to. Servers refuse a script
-- that asks about several keys then, unless all are there, and the server that gives the slot away, about any that is not.
local function is_between_servers()
  if not is_refused(key, key .. ':') then
    return false
  end
  if is_refused(key .. ':') then
    return true
  end
  for _, further in ipairs({ { ':q', waiting }, { ':p', places }, { ':n', runs } }) do
    if further[2] > 0 and is_refused(key, key .. further[1]) then
      return true
    end
  end
  for number = math.floor(front / PAGE), base / PAGE - 1 do
    if is_refused(key, page_key(number)) then
      return true
    end
  end
  return false
end

-- A bucket that is one key moves as one. Where it begins to be more than one, the server refuses its first further key, before
-- anything is written.
if waiting + places + runs > 0 or math.floor(front / PAGE) < base / PAGE then
  if is_between_servers() then
    return redis.error_reply('PYRATE_MOVING the bucket is between two servers')
  elseif trouble then
    return trouble
  end
end

-- Units that were granted and are due, free ones not: names are counted by them.
local due = since(total, ahead)
-- Whether the keys' life must be set anew.
local is_fresh = is_new
local finish = base + open
-- The marks of KEYS[1], where they are to be written anew.
local image

-- The instant of a mark and the units before it; nothing if its page has expired, as all that it held had.
local function read(index)
  local place, bytes = index - base, nil
  if place < 0 then
    local page = math.floor(index / PAGE)
    local offset = MARK * (index - PAGE * page)
    bytes = call('GETRANGE', page_key(page), offset, offset + MARK - 1)
    if #bytes < MARK then
      return nil
    end
  elseif image then
    bytes = sub(image, MARK * place + 1, MARK * (place + 1))
  elseif place >= stored then
    bytes = sub(appended, MARK * (place - stored) + 1, MARK * (place - stored + 1))
  else
    bytes = call('GETRANGE', key, MARK * place, MARK * (place + 1) - 1)
  end
  local instant, before = unpack('>I7I7', bytes)
  return instant, before
end

-- The first mark from `low` on that is not passed, with its instant and the units before it, and the instant of the one
-- in front of it. Marks that are passed stand before all others.
--
-- Steps of doubling length, then halving: what is near is found in a few reads, however long the log.
local function search(low, is_passed)
  local high, step = finish, 1
  local instant, before, behind
  while low + step <= finish do
    local at, units = read(low + step - 1)
    if not is_passed(at, units) then
      high, instant, before = low + step - 1, at, units
      break
    end
    low, step, behind = low + step, 2 * step, at
  end
  while low < high do
    local middle = math.floor((low + high) / 2)
    local at, units = read(middle)
    if is_passed(at, units) then
      low, behind = middle + 1, at
    else
      high, instant, before = middle, at, units
    end
  end
  return low, instant, before or total, behind
end

-- Where the window of `interval` begins at `now`: a gauge that stands on the first mark inside it, from `gauge` on.
local function window(gauge, interval, now)
  if gauge.instant and now - gauge.instant < interval then
    return gauge
  end
  local index, instant, before = search(gauge.index, function(at)
    return not at or now - at >= interval
  end)
  return { interval = interval, index = index, instant = instant, before = before }
end

-- The gauges of this handle's rates, the shortest first, and their limits.
local own_gauges, limits = {}, {}
for rate = 1, rates do
  local interval, limit = unpack('>I7I7', common, COMMON_SIZE + 1 + RATE_SIZE * (rate - 1))
  limits[rate] = limit
  own_gauges[rate] = { interval = interval, index = front, before = dropped }
  for _, gauge in ipairs(known_gauges) do
    if gauge.interval == interval then
      own_gauges[rate] = gauge
    end
  end
end
local longest = own_gauges[rates].interval
local is_kept_longer = keep > kept
if is_kept_longer then
  kept, is_fresh = keep, true
end

-- The units before the first mark that must be kept.
local function expired_before(interval, now)
  return window({ index = front, before = dropped }, interval, now).before
end

-- The present: never before the last change.
local function present(is_told, instant)
  return math.max(seen, is_told == 0 and clock() or instant)
end
