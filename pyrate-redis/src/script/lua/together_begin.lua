-- One item for each of several buckets, decided by `quick` alone. What that leaves to others, or what fails, is answered by
-- false and has changed nothing: it is asked again by itself, and so hears its own error.
--
-- KEYS are the buckets; ARGV holds, for each, what all calls of its handle share, and the item.

local function decide(KEYS, ARGV)
