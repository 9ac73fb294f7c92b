-- The server's time: seconds, and microseconds of the next one.

return redis.call('TIME')
