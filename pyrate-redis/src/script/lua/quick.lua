-- The common case, decided by the trailer alone: items that fit by the gauges as they stand, and those that are denied by
-- gauges that don't lag.
--
-- A gauge that lags counts too much, so what fits by it fits. One doesn't lag while the mark it stands on is in the window;
-- and if a single unit is too many, that mark has to leave first. Whatever else may be needed (a name that changes, a
-- reservation that falls due, a life that runs low, marks to be dropped now and then) is left to what follows.
--
-- An item that is granted at once is answered by its instant alone, and so are all of a call together if they are granted at
-- the same. Here is no function call that isn't needed: of all a call costs the server, this is the part that is ours.
--
-- `reserve` goes on at `item_at`, behind the `answered` items in `answers`. `total`, `seen`, `last`, `open`, `appended` and
-- `is_changed` hold what was granted here: all of it is due and bears the last name, as what follows takes for granted.

-- Made with one slot, since most calls ask about one item: so the table need not grow.
local answers, answered, is_changed = { 0 }, 0, false
-- The one instant at which all were granted so far; false before the first, and for good once one was not.
local shared_at = false
-- The items, one behind the other, and where the first begins that is undecided.
local items, item_at = ARGV[2], 1
local items_size = #items

if gauges == rates and waiting == 0 and gap == 0 and kept >= keep and name_size ~= LONG then
  -- How many units fit by all gauges: found once, since a grant takes its weight from each, and lowered where `total` rises. -1,
  -- by which not even a weight of 0 fits, if the gauges are those of other intervals.
  local room = ROUND
  for rate = 0, rates - 1 do
    local interval, limit = unpack('>I7I7', common, COMMON_SIZE + 1 + RATE_SIZE * rate)
    local own_interval, before = unpack('>I7I7', tail, pairs_at + PAIR_SIZE * rate)
    local used = total - before
    if used < 0 then
      used = used + ROUND
    end
    if interval ~= own_interval then
      room = -1
      break
    end
    if limit - used < room then
      room = limit - used
    end
  end
  while item_at <= items_size do
    local is_told, weight, max_delay, now, item_name_size, name_from = unpack(ITEM, items, item_at)
    local item_end = name_from + item_name_size
    if is_told == 0 then
      if not reading then
        local time = call('TIME')
        reading = time[1] * 1000000 + time[2]
      end
      now = reading
    end
    if now < seen then
      now = seen
    end
    local live = total - dropped
    if live < 0 then
      live = live + ROUND
    end
    if last > now or weight >= ROUND - live then
      break
    end
    if weight > room then
      -- Places of now would have to be looked at, and marks of this call stand nowhere yet.
      local denied = last < now and weight > 0 and not is_changed
      local start, start_interval, binding = now, 0, 0
      local base
      for rate = 1, rates do
        local interval, limit = unpack('>I7I7', common, COMMON_SIZE + 1 + RATE_SIZE * (rate - 1))
        local own_interval, before = unpack('>I7I7', tail, pairs_at + PAIR_SIZE * (rate - 1))
        local used = total - before
        if used < 0 then
          used = used + ROUND
        end
        local excess = weight - (limit - used)
        denied = denied and interval == own_interval and weight <= limit and excess <= 1
        if not denied then
          break
        end
        if excess == 1 then
          local mark, instant = unpack('>I6I7', tail, cold_at - SPOT_SIZE * (gauges - rate + 1))
          if instant > 0 then
            instant = instant - 1
          else
            base = base or select(3, unpack(COLD, tail, cold_at))
            if mark < base or mark >= base + open then
              denied = false
              break
            end
            local offset = MARK * (mark - base)
            instant = unpack('>I7', call('GETRANGE', key, offset, offset + MARK - 1))
          end
          if now - instant >= interval then
            denied = false
            break
          end
          -- Sums are compared by their differences.
          local later, earlier = instant - start, start_interval - interval
          if later > earlier or (later == earlier and binding == 0) then
            start, start_interval, binding = instant, interval, rate
          end
        end
      end
      if not denied or start - now <= max_delay - start_interval then
        break
      end
      answered = answered + 1
      answers[answered] = { 0, now, start, binding }
      shared_at = false
    else
      local is_new_mark = now ~= last or open == 0
      if
        now > assured
        or (is_new_mark and open >= look_at)
        or item_name_size ~= name_size
        or (name_size > 0 and sub(items, name_from, item_end - 1) ~= last_name)
      then
        break
      end
      if weight > 0 then
        if is_new_mark then
          local mark = pack('>I7I7', now, total)
          appended = is_changed and appended .. mark or mark
          open = open + 1
        end
        if total >= ROUND - weight then
          total = total - ROUND
        end
        total, room = total + weight, room - weight
        seen, last, is_changed = now, now, true
      end
      answered = answered + 1
      answers[answered] = now
      shared_at = (answered == 1 or shared_at == now) and now
    end
    item_at = item_end
  end
end

if item_at > items_size then
  if is_changed then
    local rest = sub(tail, name_at, size - CHANGED_SIZE)
    call('SETRANGE', key, MARK * stored, pack('c0c0>I7I7I7I3', appended, rest, seen, last, total, open))
  end
  return shared_at or answers
end
