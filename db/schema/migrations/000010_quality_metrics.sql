-- Figures on the quality of recordings, one a row, for scripts of older systems.

CREATE VIEW data_quality_metrics AS
SELECT (b.last_ts AT TIME ZONE 'America/New_York')::date AS day, b.session_id, NULL::bigint AS instrument_id, NULL::text AS symbol,
  m.metric, NULL::text AS label, sum(m.value)::float8 AS value
FROM batches b CROSS JOIN LATERAL (VALUES
  ('accepted_ticks', b.accepted_ticks), ('quarantined_ticks', b.quarantined_ticks), ('refused_ticks', b.refused_ticks)) AS m (metric, value)
WHERE b.last_ts IS NOT NULL GROUP BY 1, 2, m.metric
UNION ALL
SELECT (f.ts AT TIME ZONE 'America/New_York')::date, f.session_id, f.instrument_id, i.symbol, f.disposition || '_' || f.severity, f.rule, count(*)::float8
FROM findings f LEFT JOIN instruments i USING (instrument_id) WHERE f.judgement_id = 0
GROUP BY 1, f.session_id, f.instrument_id, i.symbol, f.disposition, f.severity, f.rule
UNION ALL
SELECT (g.from_ts AT TIME ZONE 'America/New_York')::date, g.session_id, g.instrument_id, i.symbol, 'gap_seconds', g.cause,
  sum(extract(epoch FROM g.duration))::float8
FROM feed_gaps g LEFT JOIN instruments i USING (instrument_id) WHERE g.feed IS NULL GROUP BY 1, g.session_id, g.instrument_id, i.symbol, g.cause
UNION ALL
SELECT (g.from_ts AT TIME ZONE 'America/New_York')::date, g.session_id, g.instrument_id, i.symbol, 'dropped_ticks', g.cause, sum(g.dropped_ticks)::float8
FROM gaps g LEFT JOIN instruments i USING (instrument_id) WHERE g.dropped_ticks IS NOT NULL
GROUP BY 1, g.session_id, g.instrument_id, i.symbol, g.cause;
COMMENT ON VIEW data_quality_metrics IS 'Figures on the quality of recordings, one a row, as recorded. Looks through the whole history: name a day. tapedeck quality grades what is here.';
COMMENT ON COLUMN data_quality_metrics.day IS 'In New York. Ticks count on the day of the last tick of their batch, gaps on the day on which they begin.';
COMMENT ON COLUMN data_quality_metrics.instrument_id IS 'Null: of the whole session, or of all its lines.';
COMMENT ON COLUMN data_quality_metrics.metric IS 'accepted_ticks, quarantined_ticks and refused_ticks of a session; disposition and severity of findings of a rule, as flag_warning or quarantine_error; gap_seconds and dropped_ticks of a cause.';
COMMENT ON COLUMN data_quality_metrics.label IS 'The rule, or the cause. Null: of all.';

-- down

DROP VIEW data_quality_metrics;
