-- Gives a reservation back; answers 1 if it was one that is not due.

local is_told, instant, at, id = unpack('>BI7I7I7', ARGV[2])
local now = present(is_told, instant)
if waiting == 0 or at <= now then
  return 0
end

-- At one instant, reservations stand by their numbers.
local low = call('ZCOUNT', queue_key, '-inf', string.format('(%.0f', at))
local behind = low + call('ZCOUNT', queue_key, at, at)
local high = behind
while low < high do
  local middle = math.floor((low + high) / 2)
  if unpack('>I7', call('ZRANGE', queue_key, middle, middle)[1]) < id then
    low = middle + 1
  else
    high = middle
  end
end
local item = low < behind and call('ZRANGE', queue_key, low, low)[1]
if not item or unpack('>I7', item) ~= id then
  return 0
end

local _, weight = unpack('>I7I7', item)
set_place(at, remove_place(at) + weight)
call('ZREM', queue_key, item)
waiting = waiting - 1
settle(now)

-- Makes the page before the marks of KEYS[1] part of them again.
local function unseal()
  local page = page_key(base / PAGE - 1)
  image = call('GETRANGE', page, 0, -1)
  call('DEL', page)
  base, open = base - PAGE, PAGE
  if #image < MARK * PAGE then
    -- It has expired, and so have all marks that are left.
    image, base, open, finish, front = '', 0, 0, 0, 0
  end
end

-- Free units behind which nobody stands go at once.
while finish > front do
  local free = remove_place(last)
  if free == 0 then
    break
  end
  total = since(total, free)
  local _, before = read(finish - 1)
  if total ~= before then
    break
  end
  if open == 0 then
    unseal()
  end
  if open > 0 then
    finish, open = finish - 1, open - 1
  end
  last = finish > front and read(finish - 1) or 0
end

save(now, false)
return 1
