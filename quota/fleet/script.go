package fleet

import "github.com/redis/go-redis/v9"

// reserveScript takes a place of each holder, or of none and returns the number
// of the first that is full, from 1 on.
//
// KEYS: the counts, each a hash from node to allocations. ARGV: the prefix of the
// nodes' leases, this node, how long a count lasts in ms, and the limits. Counts
// of nodes without a lease are dropped.
var reserveScript = redis.NewScript(`
local prefix, own, lasts = ARGV[1], ARGV[2], ARGV[3]
local alive = {[own] = true}
for i, key in ipairs(KEYS) do
  local limit, sum = tonumber(ARGV[3 + i]), 0
  if limit > 0 then
    local counts = redis.call('HGETALL', key)
    for j = 1, #counts, 2 do
      local node = counts[j]
      if alive[node] == nil then
        alive[node] = redis.call('EXISTS', prefix .. node) == 1
      end
      if alive[node] then
        sum = sum + tonumber(counts[j + 1])
      else
        redis.call('HDEL', key, node)
      end
    end
    if sum >= limit then
      return i
    end
  end
end
for i, key in ipairs(KEYS) do
  redis.call('HINCRBY', key, own, 1)
  redis.call('PEXPIRE', key, lasts)
end
return 0
`)
