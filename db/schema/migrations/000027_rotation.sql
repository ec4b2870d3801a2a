-- More contracts than lines are watched in turn. The turn of one being over (cause rotation) is no gap: it is expected to be seen from time
-- to time, and where it is not, a record of its own says so (cause unseen).

CREATE OR REPLACE VIEW line_gaps AS
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
WHERE p.cause NOT IN ('config', 'rotation') AND p.cause IS DISTINCT FROM s.ended_cause AND COALESCE(p.next_ts, s.ended_ts, s.last_alive_ts) > p.ts;

CREATE OR REPLACE FUNCTION line_gaps_between(range_from timestamptz, range_to timestamptz)
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
  WHERE b.instrument_id IS NOT NULL AND b.cause NOT IN ('config', 'rotation') AND b.cause IS DISTINCT FROM s.ended_cause
    AND e.to_ts > b.from_ts AND e.to_ts > range_from;
END;

-- down

CREATE OR REPLACE VIEW line_gaps AS
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

CREATE OR REPLACE FUNCTION line_gaps_between(range_from timestamptz, range_to timestamptz)
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
