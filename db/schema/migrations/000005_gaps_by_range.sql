-- Gaps of a range of time at a cost that follows the range, however long the history and its sessions are.

DROP INDEX control_records_lines;

CREATE VIEW missing_lines AS
SELECT session_id, seq, ts AS noted_ts, to_timestamp((record->>'untilTsUs')::float8 / 1000000) AS since_ts, instrument_id,
  record->>'feed' AS feed, record->>'cause' AS cause
FROM control_records WHERE kind = 'line' AND record->>'event' = 'missing';
COMMENT ON VIEW missing_lines IS 'When a line that was wanted and not open got another reason for that, or its first one. Cause config: it is not wanted any more.';

-- What happened to a line before and after a moment.
CREATE INDEX line_holds_openings ON line_holds (session_id, instrument_id, opened_seq);
CREATE INDEX line_holds_closings ON line_holds (session_id, instrument_id, until_ts, closed_seq);
CREATE INDEX missing_lines_line ON control_records (session_id, instrument_id, ts, seq) WHERE kind = 'line' AND record->>'event' = 'missing';
-- What happened to all lines within a range.
CREATE INDEX line_holds_until ON line_holds (until_ts);
CREATE INDEX line_holds_span ON line_holds USING gist (tstzrange(LEAST(opened_ts, until_ts), COALESCE(until_ts, 'infinity'), '[]'));
CREATE INDEX missing_lines_since ON control_records (to_timestamp((record->>'untilTsUs')::float8 / 1000000))
  WHERE kind = 'line' AND record->>'event' = 'missing';
-- What is recorded at another time than it is of, as parts of a gap that lie in an earlier session's time.
CREATE INDEX missing_lines_span ON control_records USING gist (tstzrange(
    LEAST(to_timestamp((record->>'untilTsUs')::float8 / 1000000), ts), GREATEST(to_timestamp((record->>'untilTsUs')::float8 / 1000000), ts), '[]'))
  WHERE kind = 'line' AND record->>'event' = 'missing';
-- LEAST and GREATEST: a gap that ends before it begins is no reason to refuse it.
CREATE INDEX gaps_span ON gaps USING gist (tstzrange(LEAST(from_ts, to_ts), GREATEST(from_ts, to_ts), '[]'));
CREATE INDEX control_records_contracts ON control_records (session_id) WHERE kind = 'contract';

-- One SELECT each, which the planner takes into the query that calls it.

CREATE FUNCTION line_gaps_between(range_from timestamptz, range_to timestamptz)
RETURNS TABLE (session_id bigint, seq bigint, from_ts timestamptz, to_ts timestamptz, cause text, instrument_id bigint, feed text, noted_ts timestamptz)
LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT b.session_id, b.seq, b.from_ts, e.to_ts, b.cause, b.instrument_id, b.feed, b.noted_ts
  FROM (
    SELECT h.session_id, h.closed_seq AS seq, h.until_ts AS from_ts, COALESCE(h.cause, 'closed') AS cause, h.instrument_id, h.feed,
      h.closed_ts AS noted_ts
    FROM line_holds h WHERE h.until_ts >= range_from AND h.until_ts < range_to
    UNION ALL
    SELECT m.session_id, m.seq, m.since_ts, m.cause, m.instrument_id, m.feed, m.noted_ts
    FROM missing_lines m WHERE m.since_ts >= range_from AND m.since_ts < range_to
    UNION ALL
    -- Those that may have begun before and go on: of each line that existed then the last ones.
    SELECT a.session_id, l.seq, l.from_ts, l.cause, i.instrument_id, f.feed, l.noted_ts
    FROM sessions a
    JOIN session_instruments i ON i.session_id = a.session_id
    CROSS JOIN (VALUES (NULL), ('tick-by-tick-trades'), ('tick-by-tick-quotes'), ('option-chain')) AS f (feed)
    CROSS JOIN LATERAL (
      (SELECT h.closed_seq AS seq, h.until_ts AS from_ts, COALESCE(h.cause, 'closed') AS cause, h.closed_ts AS noted_ts
       FROM line_holds h
       WHERE h.session_id = i.session_id AND h.instrument_id = i.instrument_id AND h.feed IS NOT DISTINCT FROM f.feed AND h.until_ts < range_from
       ORDER BY h.until_ts DESC, h.closed_seq DESC LIMIT 1)
      UNION ALL
      -- Recorded last, and not begun last: parts in an earlier session's time begin at any time.
      (SELECT m.seq, m.since_ts, m.cause, m.noted_ts
       FROM missing_lines m
       WHERE m.session_id = i.session_id AND m.instrument_id = i.instrument_id AND m.feed IS NOT DISTINCT FROM f.feed AND m.noted_ts < range_from
       ORDER BY m.noted_ts DESC, m.seq DESC LIMIT 1)
    ) l
    -- Lines were wanted before their session began, while the process started.
    WHERE COALESCE(a.started_ts, '-infinity') < range_to AND COALESCE(a.ended_ts, 'infinity') > range_from AND l.from_ts < range_from
    UNION ALL
    -- Those that were recorded later, whatever the session: the clock may have been set forward since.
    SELECT m.session_id, m.seq, m.since_ts, m.cause, m.instrument_id, m.feed, m.noted_ts
    FROM missing_lines m
    WHERE tstzrange(LEAST(m.since_ts, m.noted_ts), GREATEST(m.since_ts, m.noted_ts), '[]') @> range_from
      AND m.since_ts < range_from AND m.noted_ts >= range_from
    UNION ALL
    -- Those that end later than was recorded: the clock was set back. What ends them is recorded before the range and of a time behind its begin.
    SELECT p.session_id, p.seq, p.since_ts, p.cause, p.instrument_id, p.feed, p.noted_ts
    FROM missing_lines n
    CROSS JOIN LATERAL (
      SELECT m.* FROM missing_lines m
      WHERE m.session_id = n.session_id AND m.instrument_id = n.instrument_id AND m.feed IS NOT DISTINCT FROM n.feed
        AND m.noted_ts <= n.noted_ts AND m.seq < n.seq
      ORDER BY m.noted_ts DESC, m.seq DESC LIMIT 1
    ) p
    WHERE tstzrange(LEAST(n.since_ts, n.noted_ts), GREATEST(n.since_ts, n.noted_ts), '[]') @> range_from
      AND n.noted_ts < range_from AND p.since_ts < range_from
  ) b
  JOIN sessions s ON s.session_id = b.session_id
  CROSS JOIN LATERAL (
    -- The next event, by its number: its time may be an earlier one.
    SELECT COALESCE(
      (SELECT n.ts FROM (
        (SELECT h.opened_seq AS seq, h.opened_ts AS ts FROM line_holds h
         WHERE h.session_id = b.session_id AND h.instrument_id = b.instrument_id AND h.feed IS NOT DISTINCT FROM b.feed AND h.opened_seq > b.seq
         ORDER BY h.opened_seq LIMIT 1)
        UNION ALL
        (SELECT m.seq, m.since_ts FROM missing_lines m
         WHERE m.session_id = b.session_id AND m.instrument_id = b.instrument_id AND m.feed IS NOT DISTINCT FROM b.feed
           AND m.noted_ts >= b.noted_ts AND m.seq > b.seq
         ORDER BY m.noted_ts, m.seq LIMIT 1)
      ) n ORDER BY n.seq LIMIT 1),
      s.ended_ts, s.last_alive_ts) AS to_ts
    -- Looked up once for each row, and not for each use.
    OFFSET 0
  ) e
  WHERE b.instrument_id IS NOT NULL AND b.cause <> 'config' AND b.cause IS DISTINCT FROM s.ended_cause
    AND e.to_ts > b.from_ts AND e.to_ts > range_from;
END;
COMMENT ON FUNCTION line_gaps_between IS 'The rows of line_gaps that lie in a range of time or reach into it.';

CREATE FUNCTION feed_gaps_between(range_from timestamptz, range_to timestamptz)
RETURNS TABLE (session_id bigint, seq bigint, from_ts timestamptz, to_ts timestamptz, duration interval, cause text, instrument_id bigint,
  dropped_ticks bigint, noted_ts timestamptz, feed text)
LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT g.session_id, g.seq, g.from_ts, g.to_ts, g.to_ts - g.from_ts, g.cause, g.instrument_id, g.dropped_ticks, g.noted_ts, NULL::text
  FROM gaps g
  WHERE tstzrange(LEAST(g.from_ts, g.to_ts), GREATEST(g.from_ts, g.to_ts), '[]') && tstzrange(range_from, GREATEST(range_from, range_to), '[]')
    AND g.from_ts < range_to AND g.to_ts > range_from
  UNION ALL
  SELECT l.session_id, l.seq, lower(part), upper(part), upper(part) - lower(part), l.cause, l.instrument_id, NULL, l.noted_ts, l.feed
  FROM line_gaps_between(range_from, range_to) l
  JOIN instruments i ON i.instrument_id = l.instrument_id
  CROSS JOIN LATERAL unnest(
    tstzmultirange(tstzrange(l.from_ts, GREATEST(l.from_ts, l.to_ts))) - COALESCE(
      (SELECT range_agg(tstzrange(g.from_ts, g.to_ts)) FROM gaps g
       WHERE tstzrange(LEAST(g.from_ts, g.to_ts), GREATEST(g.from_ts, g.to_ts), '[]') && tstzrange(l.from_ts, GREATEST(l.from_ts, l.to_ts), '[]')
         AND g.session_id = l.session_id AND g.instrument_id IS NULL AND g.dropped_ticks IS NULL AND g.from_ts < g.to_ts
         AND (g.cause NOT LIKE 'farm-broken: %' OR i.currency = 'USD' AND split_part(g.cause, '.', 1) = 'farm-broken: ' || CASE
           -- No farm serves what is not known.
           WHEN l.feed = 'option-chain' THEN ''
           WHEN l.feed IS NOT NULL THEN 'ushmds'
           WHEN i.kind = 'option' THEN 'usopt'
           WHEN i.kind IN ('stock', 'index') THEN 'usfarm' ELSE '' END)),
      tstzmultirange()
    )
  ) AS part
  -- Records of one moment are some microseconds apart on the tape: what remains of a gap between them is no time.
  WHERE upper(part) - lower(part) >= interval '10 milliseconds' AND lower(part) < range_to AND upper(part) > range_from;
END;
COMMENT ON FUNCTION feed_gaps_between IS 'The rows of feed_gaps that lie in a range of time or reach into it.';

COMMENT ON VIEW line_gaps IS 'When a line that was wanted had no data, and why: from its closing, or from when it was wanted, to its next opening or the end of the session. line_gaps_between has those of a range of time, faster.';
-- Replaced, and by a query of its own: who may read the view, and the views that read it, need nothing new.
CREATE OR REPLACE VIEW feed_gaps AS
SELECT g.session_id, g.seq, g.from_ts, g.to_ts, g.to_ts - g.from_ts AS duration, g.cause, g.instrument_id, g.dropped_ticks, g.noted_ts, NULL::text AS feed
FROM gaps g
UNION ALL
SELECT l.session_id, l.seq, lower(part), upper(part), upper(part) - lower(part), l.cause, l.instrument_id, NULL, l.noted_ts, l.feed
FROM line_gaps l
JOIN instruments i ON i.instrument_id = l.instrument_id
CROSS JOIN LATERAL unnest(
  tstzmultirange(tstzrange(l.from_ts, GREATEST(l.from_ts, l.to_ts))) - COALESCE(
    (SELECT range_agg(tstzrange(g.from_ts, g.to_ts)) FROM gaps g
     WHERE tstzrange(LEAST(g.from_ts, g.to_ts), GREATEST(g.from_ts, g.to_ts), '[]') && tstzrange(l.from_ts, GREATEST(l.from_ts, l.to_ts), '[]')
       AND g.session_id = l.session_id AND g.instrument_id IS NULL AND g.dropped_ticks IS NULL AND g.from_ts < g.to_ts
       AND (g.cause NOT LIKE 'farm-broken: %' OR i.currency = 'USD' AND split_part(g.cause, '.', 1) = 'farm-broken: ' || CASE
         -- No farm serves what is not known.
         WHEN l.feed = 'option-chain' THEN ''
         WHEN l.feed IS NOT NULL THEN 'ushmds'
         WHEN i.kind = 'option' THEN 'usopt'
         WHEN i.kind IN ('stock', 'index') THEN 'usfarm' ELSE '' END)),
    tstzmultirange()
  )
) AS part
-- Records of one moment are some microseconds apart on the tape: what remains of a gap between them is no time.
WHERE upper(part) - lower(part) >= interval '10 milliseconds';
COMMENT ON VIEW feed_gaps IS 'Every known gap in the recordings with its cause. instrument_id null: every line of the session, or of the farm that the cause names. A gap of one line is listed where no gap of all lines covers it. feed_gaps_between has those of a range of time, faster.';
COMMENT ON COLUMN feed_gaps.feed IS 'tick-by-tick-trades or tick-by-tick-quotes; option-chain: the options of an underlying that are not known; null: market data.';

-- down

DROP FUNCTION feed_gaps_between;
DROP FUNCTION line_gaps_between;
DROP VIEW missing_lines;
DROP INDEX line_holds_openings, line_holds_closings, line_holds_until, line_holds_span, missing_lines_line, missing_lines_since,
  missing_lines_span, gaps_span, control_records_contracts;
CREATE INDEX control_records_lines ON control_records (session_id, seq) WHERE kind = 'line';

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
