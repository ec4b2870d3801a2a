-- The gaps of single lines, from what is recorded of lines: which were open, and why one that is wanted is not.

CREATE INDEX control_records_lines ON control_records (session_id, seq) WHERE kind = 'line';

CREATE VIEW line_gaps AS
WITH events AS (
  SELECT session_id, opened_seq AS seq, opened_ts AS ts, opened_ts AS noted_ts, instrument_id, feed, NULL::text AS cause
  FROM line_holds
  UNION ALL
  SELECT session_id, closed_seq, until_ts, closed_ts, instrument_id, feed, COALESCE(cause, 'closed')
  FROM line_holds WHERE closed_seq IS NOT NULL
  UNION ALL
  SELECT session_id, seq, timestamptz 'epoch' + (record->>'untilTsUs')::bigint * interval '1 microsecond', ts, instrument_id,
    record->>'feed', record->>'cause'
  FROM control_records WHERE kind = 'line' AND record->>'event' = 'missing'
), parts AS (
  SELECT *, lead(ts) OVER (PARTITION BY session_id, instrument_id, feed ORDER BY seq) AS next_ts FROM events WHERE instrument_id IS NOT NULL
)
SELECT p.session_id, p.seq, p.ts AS from_ts, COALESCE(p.next_ts, s.ended_ts, s.last_alive_ts) AS to_ts, p.cause, p.instrument_id, p.feed, p.noted_ts
FROM parts p JOIN sessions s USING (session_id)
WHERE p.cause <> 'config' AND p.cause IS DISTINCT FROM s.ended_cause AND COALESCE(p.next_ts, s.ended_ts, s.last_alive_ts) > p.ts;
COMMENT ON VIEW line_gaps IS 'When a line that was wanted had no data, and why: from its closing, or from when it was wanted, to its next opening or the end of the session.';

CREATE OR REPLACE VIEW feed_gaps AS
SELECT session_id, seq, from_ts, to_ts, to_ts - from_ts AS duration, cause, instrument_id, dropped_ticks, noted_ts, NULL::text AS feed
FROM gaps
UNION ALL
SELECT l.session_id, l.seq, lower(part), upper(part), upper(part) - lower(part), l.cause, l.instrument_id, NULL, l.noted_ts, l.feed
FROM line_gaps l
JOIN instruments i USING (instrument_id)
CROSS JOIN LATERAL unnest(
  tstzmultirange(tstzrange(l.from_ts, l.to_ts)) - COALESCE(
    (SELECT range_agg(tstzrange(g.from_ts, g.to_ts)) FROM gaps g
     WHERE g.session_id = l.session_id AND g.instrument_id IS NULL AND g.dropped_ticks IS NULL AND g.from_ts < g.to_ts
       AND (g.cause NOT LIKE 'farm-broken: %' OR i.currency = 'USD' AND split_part(g.cause, '.', 1) = 'farm-broken: ' || CASE
         WHEN l.feed IS NOT NULL THEN 'ushmds'
         WHEN i.kind = 'option' THEN 'usopt'
         WHEN i.kind IN ('stock', 'index') THEN 'usfarm' ELSE '' END)),
    tstzmultirange()
  )
) AS part
-- Records of one moment are some microseconds apart on the tape: what remains of a gap between them is no time.
WHERE upper(part) - lower(part) >= interval '10 milliseconds';
COMMENT ON VIEW feed_gaps IS 'Every known gap in the recordings with its cause. instrument_id null: every line of the session, or of the farm that the cause names. A gap of one line is listed where no gap of all lines covers it.';
COMMENT ON COLUMN feed_gaps.feed IS 'tick-by-tick-trades or tick-by-tick-quotes; null: market data.';

-- down

DROP VIEW feed_gaps;
DROP VIEW line_gaps;
DROP INDEX control_records_lines;
CREATE VIEW feed_gaps AS
SELECT session_id, seq, from_ts, to_ts, to_ts - from_ts AS duration, cause, instrument_id, dropped_ticks, noted_ts
FROM gaps;
COMMENT ON VIEW feed_gaps IS 'Every known gap in the recordings with its cause. instrument_id null: every line of the session.';
