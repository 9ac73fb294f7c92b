-- Units inside this handle's longest window, reservations included, free ones not.

local now = present(unpack('>BI7', ARGV[2]))
local units = since(total, expired_before(longest, now))
if places > 0 then
  local oldest = string.format('(%.0f', now - longest)
  for _, place in ipairs(call('ZRANGEBYSCORE', key .. ':p', oldest, '+inf')) do
    units = units - select(2, unpack('>I7I7', place))
  end
end
return units
