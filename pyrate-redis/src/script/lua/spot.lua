-- Where an item fits.

-- The first place from `now` on that has `weight` free units, and room by the rates of this handle. Of more than 1,024 places
-- in line the later ones are not looked at, nor of those with so many free units more than 8: that bounds a call, and only
-- costs capacity.
local function free_place(weight, now)
  local tried = 0
  for first = 0, 960, 64 do
    local found = call('ZRANGEBYSCORE', key .. ':p', now, '+inf', 'LIMIT', first, 64)
    for _, place in ipairs(found) do
      local at, free = unpack('>I7I7', place)
      if free >= weight then
        if has_room_at(at) then
          return at
        end
        tried = tried + 1
        if tried == 8 then
          return nil
        end
      end
    end
    if #found < 64 then
      return nil
    end
  end
end

-- The instant of the grant that must leave the window of `gauge` before `weight` fits; nothing if it has room, or if that
-- grant has left already.
local function blocker(gauge, limit, weight)
  -- So many units have to leave, counted from the first kept mark.
  local need = since(total, dropped) - (limit - weight)
  local before = since(gauge.before, dropped)
  if need <= before then
    return nil
  end
  -- Each mark holds at least one unit, so the first unit is in the gauge's own.
  if need == before + 1 and gauge.instant then
    return gauge.instant
  end
  local _, _, _, behind = search(gauge.index, function(_, units)
    return not units or since(units, dropped) < need
  end)
  return behind
end

-- The earliest instant for `weight`: it is `at` + `interval`, which may lie beyond what a double counts exactly, so the two
-- stay apart. Then the number of the rate that sets it, 0 if none does, and whether it is a free place.
--
-- Nothing if the weight is above a limit.
local function earliest(weight, now)
  for rate = 1, rates do
    if weight > limits[rate] then
      return nil
    end
  end
  if places > 0 then
    local at = free_place(weight, now)
    if at then
      return at, 0, 0, true
    end
  end
  local at, interval, binding = math.max(now, last), 0, 0
  for rate = 1, rates do
    local gauge = own_gauges[rate]
    local instant = blocker(gauge, limits[rate], weight)
    if instant then
      -- Sums are compared by their differences.
      local later, earlier = instant - at, interval - gauge.interval
      if later > earlier or (later == earlier and binding == 0) then
        at, interval, binding = instant, gauge.interval, rate
      end
    end
  end
  return at, interval, binding, false
end

-- Whether an item may be recorded there: in time for its caller, at an instant that is one, and so that the live units
-- stay below 2^53.
local function may_hold(weight, now, max_delay, at, interval, is_place)
  if at - now > max_delay - interval or at > ROUND - 1 - interval then
    return false
  end
  return is_place
    or weight < ROUND - since(total, dropped)
    or weight < ROUND - since(total, expired_before(kept, now))
end
