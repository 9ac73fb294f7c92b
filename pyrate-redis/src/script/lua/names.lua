-- The names of units that are due, as runs. There is no run while all units bear the key's own name.

local names_key = key .. ':n'

local function known_name()
  if name_size == LONG then
    last_name = sub(call('LINDEX', names_key, -1) or '', 8)
    name_size = 0
  end
  return last_name
end

-- Appends `units` of `name` that are due.
local function name_units(name, units)
  if name ~= known_name() then
    if runs == 0 then
      is_fresh = true
      if due ~= gone then
        call('RPUSH', names_key, pack('>I7', gone))
        runs = 1
      end
    end
    call('RPUSH', names_key, pack('>I7', due) .. name)
    runs = runs + 1
    last_name = name
  end
  due = plus(due, units)
end

-- Forgets the `units` oldest, and the runs that end with them.
local function forget_names(units)
  gone = plus(gone, units)
  if runs > 0 and gone == due then
    call('DEL', names_key)
    runs, last_name, name_size = 0, '', 0
  end
  if runs < 2 then
    return
  end
  -- A run is over if the next one begins by the first unit that is kept. Steps of doubling length, then halving.
  local units_left = since(due, gone)
  local function begins_by_then(index)
    return since(due, (unpack('>I7', call('LINDEX', names_key, index)))) >= units_left
  end
  local low, step = 0, 1
  while low + step < runs and begins_by_then(low + step) do
    low, step = low + step, 2 * step
  end
  local high = math.min(low + step, runs)
  while high - low > 1 do
    local middle = math.floor((low + high) / 2)
    if begins_by_then(middle) then
      low = middle
    else
      high = middle
    end
  end
  if low > 0 then
    call('LTRIM', names_key, low, -1)
    runs = runs - low
  end
end
