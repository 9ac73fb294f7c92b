-- Decides in order the items that `quick` left. Each is answered by four numbers: 1 granted, 0 denied, 2 never fits; the
-- present; the instant, of a denial without the interval of the rate that sets it; the reservation's number, or that rate.

while item_at <= items_size do
  local is_told, weight, max_delay, instant, item_name_size, name_from = unpack(ITEM, items, item_at)
  local item_end = name_from + item_name_size
  local now = present(is_told, instant)
  local kind, at, extra = 1, now, 0
  if weight > 0 then
    local start, interval, binding, is_place = earliest(weight, now)
    if not start then
      kind = 2
    elseif not may_hold(weight, now, max_delay, start, interval, is_place) then
      kind, at, extra = 0, start, binding
    else
      at = start + interval
      seen, is_changed = now, true
      local is_behind = settle(now)
      advance(now)
      if is_place then
        set_place(at, remove_place(at) - weight)
      else
        append(at, weight)
      end
      local name = sub(items, name_from, item_end - 1)
      if at > now then
        extra = line_up(at, weight, name)
      elseif is_behind then
        line_up(at, weight, name)
      else
        name_units(name, weight)
      end
    end
  end
  answered = answered + 1
  answers[answered] = { kind, now, at, extra }
  item_at = item_end
end

if is_changed then
  save(seen, false)
end
return answers
