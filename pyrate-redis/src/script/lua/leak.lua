-- Drops what has left the window that must be kept; answers the units.

if is_new then
  return 0
end
local now = present(unpack('>BI7', ARGV[2]))
if expired_before(kept, now) == dropped then
  return 0
end
settle(now)
local units = advance(now)
save(now, true)
return units
