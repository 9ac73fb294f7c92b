-- The server's time, read once: it goes on while a script runs.
local reading
