-- One OAuth client's allowance, shared by every process that asks Genesys with it. See allowance.py.
--
-- A request counts from the moment it is granted until a window after its answer came: whenever in between it
-- reached Genesys, no window of Genesys's, whatever its phase, has more of them than the allowance. On top of that
-- they are paced, so that the allowance lasts the whole window and who waits waits briefly.
--
-- KEYS: a client's hash (for `room`: one each; for `told` also the hash that counts answers). All times are this
-- server's, in ms. A client's fields:
--   s:T      how many requests count until T
--   f:ID     "STARTS:LAPSES" of a request that is reserved from STARTS on, or under way; counts until LAPSES if its
--            process is never heard of again
--   next, next_background   when the pace allows the next one
--   allowed  what Genesys last said the allowance is
--   closed   until when Genesys wants none (Retry-After)
--   run, at  the server that wrote this, and when; anything else means that we don't know what was sent
--   known    Genesys has told us since
--   probed   when a request was sent to be told
--   young    until when requests of before may be under way that nobody here remembers
--   sure     Genesys has told us of one that was sent after that

local command, assumed, share = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local window, lost_after = tonumber(ARGV[4]), tonumber(ARGV[5])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local SLICE = math.ceil(window / 60)
local HOLD = window + SLICE -- clocks don't tick alike
local YOUNG = math.max(window / 4, math.min(lost_after, window / 2))
local PROBE_AGAIN = window / 12
local POLL = math.ceil(window / 600)
local RESET_DOUBT = window / 7 -- the seconds Genesys says are left are now and then wrong

local function text(number) return string.format('%.0f', number) end

local function server_run()
  local info = redis.pcall('INFO', 'server')
  return type(info) == 'string' and info:match('run_id:(%w+)') or 'unknown'
end

local function read(key)
  local fields, flat = {}, redis.call('HGETALL', key)
  for i = 1, #flat, 2 do fields[flat[i]] = flat[i + 1] end
  local run, at = server_run(), tonumber(fields.at)
  if fields.run ~= run or not at or at > now + 1000 or (at < now - HOLD and now > tonumber(fields.closed or 0)) then
    redis.call('DEL', key)
    fields = { run = run, young = text(now + YOUNG) }
    redis.call('HSET', key, 'run', run, 'at', text(now), 'young', fields.young)
    redis.call('PEXPIRE', key, text(2 * HOLD))
  end
  local state = { key = key, fields = fields, frees = {}, held = 0, under_way = 0, reserved = 0 }
  for field, value in pairs(fields) do
    local kind, name = field:match('^(%l):(.+)$')
    local until_ms = kind == 's' and tonumber(name) or kind == 'f' and tonumber(value:match(':(%d+)$'))
    if until_ms and until_ms <= now then
      redis.call('HDEL', key, field)
      fields[field] = nil -- clearing a field is the one change that pairs() allows
    elseif kind == 's' then
      state.held = state.held + value
      table.insert(state.frees, { until_ms, tonumber(value) })
    elseif kind == 'f' then
      local begun = tonumber(value:match('^(%d+)')) <= now
      local which = begun and 'under_way' or 'reserved'
      state[which] = state[which] + 1
      table.insert(state.frees, { until_ms, 1 })
    end
  end
  state.allowed = tonumber(fields.allowed) or assumed
  state.closed = tonumber(fields.closed) or 0
  return state
end

local function keep(state, ...)
  redis.call('HSET', state.key, 'at', text(now), ...)
  redis.call('PEXPIRE', state.key, text(math.max(2 * HOLD + lost_after, state.closed - now)))
end

local function hold(state, count, hold_ms)
  local slice = math.ceil((now + hold_ms) / SLICE) * SLICE
  redis.call('HINCRBY', state.key, 's:' .. text(slice), text(count))
end

-- Of the allowance, what this kind of request may use now.
local function limit_of(state, free_share)
  local kept = math.ceil(state.allowed * free_share)
  if not state.fields.sure then kept = math.max(kept, math.ceil(state.allowed / 5)) end
  return math.max(1, state.allowed - kept)
end

local function burst_of(limit) return math.max(1, math.floor(limit / 20)) end
local function interval_of(limit) return window / math.max(1, limit - burst_of(limit)) end

local function paced(state, field, limit)
  local next_at = tonumber(state.fields[field]) or 0
  return next_at - (burst_of(limit) - 1) * interval_of(limit)
end

-- When the next request may go, as things stand.
local function earliest(state)
  local limit = limit_of(state, share)
  local starts = math.max(now, state.closed, paced(state, 'next', limit_of(state, 0)))
  if share > 0 then starts = math.max(starts, paced(state, 'next_background', limit)) end
  local missing = state.held + state.under_way + state.reserved - limit + 1
  if missing > 0 then
    table.sort(state.frees, function(one, other) return one[1] < other[1] end)
    for _, free in ipairs(state.frees) do
      if missing > 0 then
        missing = missing - free[2]
        starts = math.max(starts, free[1])
      end
    end
  end
  return math.ceil(starts), limit - state.held - state.under_way - state.reserved
end

local function advance(state, field, limit, starts)
  local next_at = math.max(tonumber(state.fields[field]) or 0, starts) + interval_of(limit)
  redis.call('HSET', state.key, field, string.format('%.3f', next_at))
end

local function reserve(state, id, starts)
  keep(state, 'f:' .. id, text(starts) .. ':' .. text(starts + lost_after + HOLD))
  advance(state, 'next', limit_of(state, 0), starts)
  if share > 0 then advance(state, 'next_background', limit_of(state, share), starts) end
end

-- {1, 0}: go. {0, ms}: reserved; ask again after so long. {-1, ms}: no room for so long.
local function take(id, longest)
  local state = read(KEYS[1])
  local fields, own = state.fields, 'f:' .. id
  if fields[own] then
    local starts = tonumber(fields[own]:match('^(%d+)'))
    if starts > now then return { 0, starts - now } end
    local others = state.held + state.under_way - 1
    if state.closed <= now and others < limit_of(state, share) then return { 1, 0 } end
    redis.call('HDEL', state.key, own) -- Genesys has told us otherwise since
    state.under_way = state.under_way - 1
  end
  if not fields.known and state.closed <= now then
    local probed = tonumber(fields.probed)
    if probed and now - probed < PROBE_AGAIN then return { 0, POLL } end
    redis.call('HSET', state.key, 'probed', text(now))
    reserve(state, id, now)
    return { 1, 0 }
  end
  local starts = earliest(state)
  if starts - now > longest then return { -1, starts - now } end
  reserve(state, id, starts)
  return { starts <= now and 1 or 0, starts - now }
end

-- An answer came, or none will: what it said of the allowance, 0 and -1 where it said nothing.
local function told(id, answered, allowed, count, reset, retry_after)
  local state = read(KEYS[1])
  local own = state.fields['f:' .. id]
  if own then
    redis.call('HDEL', state.key, 'f:' .. id)
    state.under_way = state.under_way - 1
  end
  hold(state, 1, HOLD)
  local says = allowed > 0 and count >= 0
  if says then
    state.allowed = allowed
    local of_others = math.min(count, allowed) - (state.held + state.under_way + 1)
    local hold_ms = HOLD
    -- What was sent before we knew is gone with the window; who else uses the client will go on.
    if not state.fields.sure and reset > 0 then hold_ms = math.min(HOLD, reset + RESET_DOUBT) end
    if of_others > 0 then hold(state, of_others, hold_ms) end
    keep(state, 'allowed', text(allowed))
  elseif answered == 1 and not state.fields.known then
    -- It never tells: then a tenth of the window is all that may be left of it.
    hold(state, math.floor(state.allowed * 0.9), HOLD)
    keep(state, 'sure', '1')
  end
  if own and (says or answered == 1) then -- what was granted before we forgot tells of a time before, too
    keep(state, 'known', '1')
    if tonumber(own:match('^(%d+)')) >= tonumber(state.fields.young) then keep(state, 'sure', '1') end
  elseif own and not state.fields.known then
    redis.call('HDEL', state.key, 'probed')
  end
  if retry_after > 0 then state.closed = math.max(state.closed, now + retry_after) end
  keep(state, 'closed', text(state.closed))
end

-- For each client: how many requests it has room for now; or, negative, for how many ms it has none.
local function room()
  local rooms = {}
  for i, key in ipairs(KEYS) do
    local state = read(key)
    local probing = not state.fields.known and state.fields.probed
    local starts, free = earliest(state)
    rooms[i] = probing and -POLL or starts > now and now - starts or free
  end
  return rooms
end

if command == 'room' then return room() end
if command == 'take' then return take(ARGV[6], tonumber(ARGV[7])) end
if command == 'drop' then return redis.call('HDEL', KEYS[1], 'f:' .. ARGV[6]) end
told(ARGV[6], tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10]), tonumber(ARGV[11]))
-- last, so that the allowance is right whatever becomes of a count
if KEYS[2] then redis.call('HINCRBY', KEYS[2], ARGV[12], 1) end
