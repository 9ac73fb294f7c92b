-- The unit with so many newer ones behind it: its instant and its name; nothing beyond the oldest one.

local is_told, instant, newer = unpack('>BI7I7', ARGV[2])
local now = present(is_told, instant)
-- Of the units to pass, those that are due but stand in line still.
local at, name, unsettled = nil, nil, 0

local function pass_line()
  for first = 0, waiting, BATCH do
    local items = call('ZREVRANGE', key .. ':q', first, first + BATCH - 1, 'WITHSCORES')
    -- There are as many as were counted, unless the count was damaged.
    if #items == 0 then
      return
    end
    for index = 1, #items, 2 do
      local _, weight, name_at = unpack('>I7I7', items[index])
      local is_due = tonumber(items[index + 1]) <= seen
      if newer < weight then
        name = sub(items[index], name_at)
        at = not is_due and tonumber(items[index + 1]) or nil
        return
      end
      newer = newer - weight
      unsettled = unsettled + (is_due and weight or 0)
    end
  end
end

-- Units that were granted by `instant`, of those that are kept.
local function granted_by(until_then)
  local _, _, before = search(front, function(mark)
    return not mark or mark <= until_then
  end)
  return since(before, dropped)
end

-- The instant of the unit behind which `passed` others are due. Within an instant, free units count as the last ones.
local function instant_of_due(passed)
  local number = granted_by(seen) - passed
  if places > 0 then
    for _, place in ipairs(call('ZREVRANGEBYSCORE', key .. ':p', seen, '-inf')) do
      local place_at, free = unpack('>I7I7', place)
      if number > granted_by(place_at) then
        break
      end
      number = number - free
    end
  end
  if number <= 0 then
    return nil
  end
  local _, _, _, behind = search(front, function(_, units)
    return not units or since(units, dropped) < number
  end)
  return behind
end

-- The name of the unit behind which `passed` others have one: that of the last run that began before it. The first run may
-- have begun before all that is kept.
local function name_of_due(passed)
  local low, high = 1, runs
  while low < high do
    local middle = math.floor((low + high) / 2)
    if since(due, (unpack('>I7', call('LINDEX', key .. ':n', middle)))) > passed then
      low = middle + 1
    else
      high = middle
    end
  end
  return runs > 0 and sub(call('LINDEX', key .. ':n', low - 1), 8) or ''
end

if waiting > 0 then
  pass_line()
end
if not at then
  at = instant_of_due(newer + unsettled)
  name = name or name_of_due(newer)
end
if not at or now - at >= longest then
  return {}
end
return { at, name }
