-- Takes one call from each of some token buckets, or from none of them.
--
-- KEYS: the buckets. ARGV: the moment in seconds, or "" for this server's own clock, so that hosts
-- whose clocks differ share one; then, for each bucket, how many tokens it gets a second and how
-- many it holds.
-- Returns whether they were taken (1 or 0), in how many seconds they could be, and how many whole
-- tokens each bucket has left.
--
-- A bucket is kept as its debt, in seconds until it would be full again, at a moment. So one that
-- is full need not be kept at all, and its rate may be changed at any time.
local now = tonumber(ARGV[1])
if not now then
    local time = redis.call('TIME')
    now = tonumber(time[1]) + tonumber(time[2]) / 1e6
end

-- Sums of fractions are off by less than this part of a token.
local LITTLE = 1e-6

local buckets, wait = {}, 0
for i, key in ipairs(KEYS) do
    local rate, burst = tonumber(ARGV[2 * i]), tonumber(ARGV[2 * i + 1])
    local debt, at = 0, now
    local kept = redis.call('HMGET', key, 'debt', 'at')
    if kept[1] and kept[2] then
        -- A clock that was set back pays nothing off, and does not make the bucket forget.
        at = math.max(now, tonumber(kept[2]))
        debt = math.max(0, tonumber(kept[1]) - (at - tonumber(kept[2])))
    end
    local tokens = burst - math.min(debt * rate, burst)
    buckets[i] = { key = key, rate = rate, tokens = tokens, burst = burst, at = at }
    if tokens < 1 - LITTLE then
        wait = math.max(wait, (1 - tokens) / rate)
    end
end

local taken = wait == 0
local answer = { taken and 1 or 0, string.format('%.6f', wait) }
for i, bucket in ipairs(buckets) do
    if taken then
        bucket.tokens = math.max(0, bucket.tokens - 1)
        local debt = (bucket.burst - bucket.tokens) / bucket.rate
        redis.call('HSET', bucket.key, 'debt', string.format('%.17g', debt),
            'at', string.format('%.17g', bucket.at))
        redis.call('EXPIRE', bucket.key, math.ceil(debt) + 60)
    end
    answer[i + 2] = math.floor(bucket.tokens + LITTLE)
end
return answer
