-- Sessions of ticks that were not recorded but asked for later, and the requests that brought them.

ALTER TABLE sessions ADD COLUMN kind text GENERATED ALWAYS AS (COALESCE(detail->>'kind', 'live')) STORED;
COMMENT ON TABLE sessions IS 'One run of a collector each, or ticks of one contract out of the broker''s history. Columns named ..._ts are times of the tape, which in a replay are not today''s.';
COMMENT ON COLUMN sessions.kind IS 'live: recorded as it came. history: ticks of the broker''s history, in the order of whole seconds; detail says of what, and of which time.';

ALTER TABLE backfill_requests ALTER COLUMN bar_seconds DROP NOT NULL;
ALTER TABLE backfill_requests ADD COLUMN ticks bigint CHECK (ticks >= 0);
ALTER TABLE backfill_requests ADD COLUMN session_id bigint;
COMMENT ON COLUMN backfill_requests.series IS 'trades, midpoint, bid, ask, bid-ask, implied-volatility or historical-volatility; of ticks trades or quotes.';
COMMENT ON COLUMN backfill_requests.bar_seconds IS 'Length of the bars. Null: ticks.';
COMMENT ON COLUMN backfill_requests.to_ts IS 'First moment behind it; of ticks that are stored, behind the last second that the answer had whole.';
COMMENT ON COLUMN backfill_requests.ticks IS 'Ticks of its answer that were stored.';
COMMENT ON COLUMN backfill_requests.session_id IS 'Where they are. Null: there were none, or it asked for bars.';

-- down

DELETE FROM backfill_requests WHERE bar_seconds IS NULL;
ALTER TABLE backfill_requests DROP COLUMN session_id, DROP COLUMN ticks;
ALTER TABLE backfill_requests ALTER COLUMN bar_seconds SET NOT NULL;
ALTER TABLE sessions DROP COLUMN kind;
COMMENT ON TABLE sessions IS 'One run of a collector each. Columns named ..._ts are times of the tape, which in a replay are not today''s.';
COMMENT ON COLUMN backfill_requests.series IS 'trades, midpoint, bid, ask, bid-ask, implied-volatility or historical-volatility.';
COMMENT ON COLUMN backfill_requests.bar_seconds IS 'Length of the bars.';
COMMENT ON COLUMN backfill_requests.to_ts IS 'First moment behind it.';
