-- What changes the marks, and how the state is written back.

-- Moves this handle's gauges to where their windows begin, drops what nobody has to keep, returns the dropped units.
local function advance(now)
  for rate = 1, rates do
    own_gauges[rate] = window(own_gauges[rate], own_gauges[rate].interval, now)
  end
  local start = own_gauges[rates]
  if start.interval ~= kept then
    start = window({ index = front, before = dropped }, kept, now)
  end
  if start.index == front then
    return 0
  end
  local units = since(start.before, dropped)
  -- Pages that nobody reads any more; what is left of them expires by itself.
  local page = math.floor(front / PAGE)
  local last_page = math.floor(math.min(start.index, base) / PAGE) - 1
  for number = page, math.min(last_page, page + BATCH - 1) do
    call('UNLINK', page_key(number))
  end
  front, dropped = start.index, start.before
  forget_names(units - forget_places(now - kept))
  return units
end

local function append(at, weight)
  if at ~= last or finish == front then
    appended = appended .. pack('>I7I7', at, total)
    open, finish, last = open + 1, finish + 1, at
  end
  total = plus(total, weight)
end

-- Every gauge that is worth keeping: those of this handle, as many as a byte can count, then those of others, 16 at most
-- unless this one has more.
local function packed_gauges()
  local list = {}
  for rate = 1, math.min(rates, 255) do
    list[rate] = own_gauges[rate]
  end
  for _, gauge in ipairs(known_gauges) do
    local is_own = false
    for rate = 1, rates do
      is_own = is_own or own_gauges[rate].interval == gauge.interval
    end
    if not is_own and #list < 16 then
      list[#list + 1] = gauge
    end
  end
  local spots, pairs = {}, {}
  for number, gauge in ipairs(list) do
    -- What was dropped meanwhile is passed by every gauge, and what was cancelled by none.
    if gauge.index < front then
      gauge.index, gauge.before, gauge.instant = front, dropped, nil
    elseif gauge.index >= finish then
      gauge.index, gauge.before, gauge.instant = finish, total, nil
    end
    spots[number] = pack('>I6I7', gauge.index, gauge.instant and gauge.instant + 1 or 0)
    pairs[number] = pack('>I7I7', gauge.interval, gauge.before)
  end
  gauges = #list
  return table.concat(spots), table.concat(pairs)
end

-- Writes KEYS[1] anew without its dead marks, once they are most of it or if it `is_idle`.
local function cut(is_idle)
  local dead = front - base
  if dead <= 0 or not (is_idle or (dead >= STRIDE and 2 * dead >= open)) then
    return
  end
  if not image then
    image = (stored > 0 and call('GETRANGE', key, 0, MARK * stored - 1) or '') .. appended
  end
  image = sub(image, MARK * dead + 1)
  open, finish = open - dead, open - dead
  for _, list in ipairs({ own_gauges, known_gauges }) do
    for _, gauge in ipairs(list) do
      if not gauge.is_moved then
        gauge.index, gauge.is_moved = math.max(gauge.index - front, -1), true
      end
    end
  end
  base, front = 0, 0
end

-- Moves a full page of marks to a key of its own, so that neither growing nor cutting ever copies more than one.
local function seal(life)
  if open < PAGE then
    return
  end
  if not image then
    image = (stored > 0 and call('GETRANGE', key, 0, MARK * stored - 1) or '') .. appended
  end
  call('SET', page_key(base / PAGE), sub(image, 1, MARK * PAGE), 'PX', life)
  image = sub(image, MARK * PAGE + 1)
  base, open = base + PAGE, open - PAGE
end

-- Milliseconds until nobody needs the bucket any more. Grants up to `assured` then don't lengthen its life.
local function life_from(now)
  local until_last = math.max(last, now)
  local real = is_injected == 1 and now or clock()
  assured = until_last + grace
  return math.ceil((math.max(until_last - real, 0) + kept + grace) / 1000)
end

-- Gives all keys so many milliseconds, but for KEYS[1] where that is written anew. That one goes first: the server's time goes on
-- meanwhile, and no key may end before the string that says that it is in use.
local function lengthen(life)
  if not image then
    call('PEXPIRE', key, life)
  end
  for _, further in ipairs({ { ':q', waiting }, { ':p', places }, { ':n', runs } }) do
    if further[2] > 0 then
      call('PEXPIRE', key .. further[1], life)
    end
  end
  -- A page is given its life when it is sealed; here somebody came who counts for longer.
  if is_kept_longer then
    -- The newest first: before one that has expired nobody reads any. And however far back a damaged trailer says that pages
    -- reach, the server does not stand still for it.
    for number = base / PAGE - 1, math.floor(front / PAGE), -1 do
      if call('PEXPIRE', page_key(number), life) == 0 then
        break
      end
    end
  end
end

-- Writes the state back. If it `is_idle`, nothing was granted.
local function save(now, is_idle)
  seen = now
  if is_new then
    image = appended
  end
  local life
  local until_last = math.max(last, now)
  -- What only drops needs no longer life. Where the end of the line was given back, less is needed than was set.
  if is_fresh or (until_last > assured and not is_idle) or until_last < assured - grace then
    life = life_from(now)
  end
  cut(is_idle)
  if open >= PAGE then
    life = life or life_from(now)
    seal(life)
  end
  -- What is written anew gets an end anew, so all keys do: alone, it would outlive the others, or they it.
  if image and not life then
    local left = is_idle and call('PTTL', key) or -1
    -- Somebody may have taken the key's end away.
    life = left < 0 and life_from(now) or math.max(left, 1)
  end
  if name_size ~= LONG then
    name_size = #last_name
  end
  local name = last_name
  if name_size > SHORT then
    name_size, name = LONG, ''
  end
  ahead = since(total, due)
  local spots, pairs = packed_gauges()
  local cold = pack(COLD, gone, last_id, base, front, places, runs, ahead)
  local new_size = #name + #spots + #cold + #pairs + FIXED_SIZE
  local spare = MARK * stored + gap + trailer_size - MARK * open - new_size
  gap = (not image and spare > 0) and spare or 0
  -- The more there are, the later it matters how many of them are dead.
  look_at = math.min(open + math.max(STRIDE, math.floor(open / 4)), PAGE - 1)
  local fixed =
    pack(FIXED, kept, assured, dropped, look_at, gap, waiting, name_size, gauges, VERSION, seen, last, total, open)
  local trailer = string.rep('\0', gap) .. name .. spots .. cold .. pairs .. fixed
  -- The state is written last: where the server refuses a command, nothing is recorded.
  if life then
    lengthen(life)
  end
  if image then
    call('SET', key, sub(image, 1, MARK * open) .. trailer, 'PX', life)
    if waiting + places + runs > 0 then
      lengthen(life)
    end
  else
    call('SETRANGE', key, MARK * math.min(stored, open), appended .. trailer)
  end
end
