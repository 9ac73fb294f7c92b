-- The names of units that are due, as runs. There is no run while all units bear the key's own name.

local names_key = key .. ':n'
local is_fresh = false

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

-- Forgets the `units` oldest. Of runs that are over, up to 64 leave in one call, which can't add more than it was asked.
local function forget_names(units)
  gone = plus(gone, units)
  if runs == 0 then
    return
  end
  if gone == due then
    call('DEL', names_key)
    runs, last_name, name_size = 0, '', 0
    return
  end
  local kept_units, over = since(due, gone), 0
  for index, run in ipairs(call('LRANGE', names_key, 1, 64)) do
    if since(due, (unpack('>I7', run))) < kept_units then
      break
    end
    over = index
  end
  if over > 0 then
    call('LTRIM', names_key, over, -1)
    runs = runs - over
  end
end
