-- Where an item would go, answered as a denial would be.

local is_told, weight, _, instant = unpack(ITEM, ARGV[2])
local now = present(is_told, instant)
if weight == 0 then
  return { { 0, now, now, 0 } }
end
local at, _, binding = earliest(weight, now)
return { at and { 0, now, at, binding } or { 2, now, now, 0 } }
