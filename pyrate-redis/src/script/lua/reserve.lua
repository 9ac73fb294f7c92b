-- Decides items in order: those that `quick` left. Answers four numbers for each: 1 granted, 0 denied, 2 never fits; the
-- present; the instant, of a denial without the interval of the rate that sets it; the reservation's number, or that rate.

for index = 2 + answered / 4, #ARGV do
  local is_stamped, weight, max_delay, instant, name_at = unpack('>BI7I7I7', ARGV[index])
  local now = present(is_stamped, instant)
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
      local name = sub(ARGV[index], name_at)
      if at > now then
        extra = line_up(at, weight, name)
      elseif is_behind then
        line_up(at, weight, name)
      else
        name_units(name, weight)
      end
    end
  end
  for _, number in ipairs({ kind, now, at, extra }) do
    answered = answered + 1
    answers[answered] = number
  end
end

if is_changed then
  save(seen, false)
end
return answers
