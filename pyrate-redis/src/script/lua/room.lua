-- Whether a place fits the rates of the handle that asks: who left it may have come through a handle with looser ones.

-- Whether what is charged up to `at`, free units included, is within each rate.
local function has_room_at(at)
  local _, _, units = search(front, function(instant)
    return not instant or instant <= at
  end)
  for rate = 1, rates do
    local gauge = own_gauges[rate]
    if since(units, window(gauge, gauge.interval, at).before) > limits[rate] then
      return false
    end
  end
  return true
end
