-- The common case, decided by the trailer alone: items that fit by the gauges as they stand, and those that are denied by
-- gauges that don't lag.
--
-- A gauge that lags counts too much, so what fits by it fits. One doesn't lag while the mark it stands on is in the window;
-- and if a single unit is too many, that mark has to leave first. Whatever else may be needed (a name that changes, a
-- reservation that falls due, a life that runs low, marks to be dropped now and then) is left to what follows.
--
-- An item that is granted at once is answered by its instant alone. Here is no function call that isn't needed: of all a
-- call costs the server, this is the part that is ours.
--
-- What it leaves undecided follows from its state as it is then: `total`, `seen`, `last`, `open` and `appended` hold what was
-- granted here. All of that is due and bears the last name, as what follows takes for granted.

-- With room for one, which is what most calls ask.
local answers, answered, is_changed = { 0 }, 0, false

if gauges == rates and waiting == 0 and gap == 0 and kept >= keep and name_size ~= LONG then
  for index = 2, #ARGV do
    local item = ARGV[index]
    local is_told, weight, max_delay, now, name_from = unpack('>BI7I7I7', item)
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
    local fits = true
    for rate = 0, rates - 1 do
      local interval, limit = unpack('>I7I7', common, COMMON_SIZE + 1 + RATE_SIZE * rate)
      local own_interval, before = unpack('>I7I7', tail, pairs_at + PAIR_SIZE * rate)
      local used = total - before
      if used < 0 then
        used = used + ROUND
      end
      if interval ~= own_interval or weight > limit - used then
        fits = false
        break
      end
    end
    if not fits then
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
    else
      local is_new_mark = now ~= last or open == 0
      if
        now > assured
        or (is_new_mark and open >= look_at)
        or sub(item, name_from) ~= last_name
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
        total = total + weight
        seen, last, is_changed = now, now, true
      end
      answered = answered + 1
      answers[answered] = now
    end
  end
end

if answered == #ARGV - 1 then
  if is_changed then
    local rest = sub(tail, name_at, size - CHANGED_SIZE)
    call('SETRANGE', key, MARK * stored, pack('c0c0>I7I7I7I3', appended, rest, seen, last, total, open))
  end
  return answers
end
