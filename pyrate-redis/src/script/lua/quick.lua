-- The common case, decided by the trailer alone: items that fit by the gauges as they stand.
--
-- A gauge that lags counts too much, so what fits by it fits. Whatever else may be needed (a name that changes, a
-- reservation that falls due, a life that runs low, marks to be dropped now and then) is left to what follows.

local answers, answered, is_changed = {}, 0, false

if
  gauges == rates
  and waiting == 0
  and kept >= keep
  and name_size ~= LONG
  and sub(tail, gauges_at, gauges_at + 7 * rates - 1) == sub(common, 16, limits_at - 1)
then
  local befores_at = gauges_at + 7 * rates
  for index = 2, #ARGV do
    local item = ARGV[index]
    local is_stamped, weight, _, now, name_at = unpack('>BI7I7I7', item)
    if is_stamped == 0 then
      now = clock()
    end
    if now < seen then
      now = seen
    end
    local is_new_mark = now ~= last or open == 0
    if
      last > now
      or now + kept > expires
      or (is_new_mark and open % STRIDE == STRIDE - 1)
      or weight >= ROUND - since(total, dropped)
      or sub(item, name_at) ~= last_name
    then
      break
    end
    local fits = true
    for rate = 0, 7 * (rates - 1), 7 do
      if weight > unpack('>I7', common, limits_at + rate) - since(total, (unpack('>I7', tail, befores_at + rate))) then
        fits = false
        break
      end
    end
    if not fits then
      break
    end
    if weight > 0 then
      if is_new_mark then
        appended = appended .. pack('>I7I7', now, total)
        open = open + 1
        last = now
      end
      total = plus(total, weight)
      due = plus(due, weight)
      seen = now
      is_changed = true
    end
    answers[answered + 1], answers[answered + 2], answers[answered + 3], answers[answered + 4] = 1, now, now, 0
    answered = answered + 4
  end
end

if answered == 4 * (#ARGV - 1) then
  if is_changed then
    local added = #appended
    local filler = ''
    if gap > 0 then
      gap = gap > added and gap - added or 0
      filler = string.rep('\0', gap)
    end
    call(
      'SETRANGE',
      key,
      MARK * stored,
      appended
        .. filler
        .. sub(tail, gauges_at - name_bytes, size - HOT_SIZE)
        .. pack(HOT, seen, last, total, dropped, due, kept, expires, open, gap, waiting, name_size, gauges, VERSION)
    )
  end
  return answers
end
