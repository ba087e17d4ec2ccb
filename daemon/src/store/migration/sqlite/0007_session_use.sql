-- What was used in each session, kept with it: listing sessions must not sum up every request. Written in the transaction
-- that adds the usage.
ALTER TABLE session ADD COLUMN requests INTEGER NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN input INTEGER NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN output INTEGER NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN cache_read INTEGER NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN cache_write INTEGER NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN cache_write_hour INTEGER NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN cost INTEGER NOT NULL DEFAULT 0;
-- The end of the last request, its model, and the user agent that sent it.
ALTER TABLE session ADD COLUMN used_at INTEGER;
ALTER TABLE session ADD COLUMN last_model TEXT;
ALTER TABLE session ADD COLUMN last_client TEXT;
-- When anything of the row was written last.
ALTER TABLE session ADD COLUMN changed_at INTEGER NOT NULL DEFAULT 0;

UPDATE session
SET requests = used.requests, input = used.input, output = used.output, cache_read = used.cache_read,
    cache_write = used.cache_write, cache_write_hour = used.cache_write_hour, cost = used.cost,
    used_at = used.used_at, last_model = used.model
-- SQLite takes the model from the row with the maximum: it promises that for one `max`.
FROM (SELECT session AS id, model, count(*) AS requests, sum(input) AS input, sum(output) AS output,
             sum(cache_read) AS cache_read, sum(cache_write) AS cache_write,
             sum(cache_write_hour) AS cache_write_hour, sum(cost) AS cost, max(ended_at) AS used_at
      FROM usage GROUP BY session) AS used
WHERE used.id = session.id;

UPDATE session SET changed_at = max(refreshed_at, coalesce(ended_at, 0), coalesce(used_at, 0));

CREATE INDEX session_changed_at ON session (changed_at);
