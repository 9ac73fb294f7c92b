-- The largest weight that fits at once: while others wait in line, what a cancelled place has free at this very instant.

local now = present(unpack('>BI7', ARGV[2]))
if last > now then
  local place = places > 0 and call('ZRANGEBYSCORE', key .. ':p', now, now)[1]
  return place and has_room_at(now) and select(2, unpack('>I7I7', place)) or 0
end
local room = ROUND
for rate = 1, rates do
  local gauge = own_gauges[rate]
  local used = since(total, window(gauge, gauge.interval, now).before)
  room = math.min(room, math.max(limits[rate] - used, 0))
end
return room
