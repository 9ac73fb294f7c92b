-- Forgets every grant and reservation, but neither how far time had come nor which numbers were given out.

if is_new then
  return 0
end
-- The newest first: older ones than one that has expired expire by themselves.
for number = base / PAGE - 1, math.floor(front / PAGE), -1 do
  if call('UNLINK', page_key(number)) == 0 then
    break
  end
end
-- One by one: while a cluster moves the slot, several may only be named if all are there.
for _, further in ipairs({ { queue_key, waiting }, { places_key, places }, { names_key, runs } }) do
  if further[2] > 0 then
    call('DEL', further[1])
  end
end

last, total, dropped, due, gone = 0, 0, 0, 0, 0
open, base, front, finish, waiting, places, runs = 0, 0, 0, 0, 0, 0, 0
last_name, name_size, known_gauges, image, is_fresh = '', 0, {}, '', true
save(seen, false)
return 0
