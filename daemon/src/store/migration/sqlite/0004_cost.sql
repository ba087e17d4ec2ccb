-- What each request cost when it was settled, in micro-dollars: a later change of prices does not change the past.
ALTER TABLE usage ADD COLUMN cost INTEGER NOT NULL DEFAULT 0;
-- Those of `cache_write` that are kept for an hour.
ALTER TABLE usage ADD COLUMN cache_write_hour INTEGER NOT NULL DEFAULT 0;
