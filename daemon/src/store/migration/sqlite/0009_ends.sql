-- The ends that still matter, without a look at every session: two daemons that hand over ask for them 4 times a second.
CREATE INDEX session_ended ON session (access_until, ended_at, end_reason) WHERE ended_at IS NOT NULL;
