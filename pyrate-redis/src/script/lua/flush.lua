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
call('DEL', queue_key, places_key, names_key)

last, total, dropped, due, gone = 0, 0, 0, 0, 0
open, base, front, finish, waiting, places, runs = 0, 0, 0, 0, 0, 0, 0
last_name, name_size, known_gauges, image, is_fresh = '', 0, {}, '', true
save(seen, false)
return 0
