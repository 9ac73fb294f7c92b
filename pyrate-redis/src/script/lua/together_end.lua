end

local verdicts = {}
for bucket = 1, #KEYS do
  -- An error of one bucket must not end the script: others were decided before it.
  local has_ended, answer = pcall(decide, { KEYS[bucket] }, { ARGV[2 * bucket - 1], ARGV[2 * bucket] })
  local is_decided = has_ended and (type(answer) == 'number' or (type(answer) == 'table' and not answer.err))
  verdicts[bucket] = is_decided and answer
end
return verdicts
