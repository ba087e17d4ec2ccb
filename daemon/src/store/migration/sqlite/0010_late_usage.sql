-- Usage that was written by a daemon which had handed over to another one, numbered in the order of its writing: its successor
-- asks 4 times a second for what is new.
ALTER TABLE usage ADD COLUMN late INTEGER;

CREATE INDEX usage_late ON usage (late) WHERE late IS NOT NULL;
