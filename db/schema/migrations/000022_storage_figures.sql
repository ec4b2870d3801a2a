-- What TimescaleDB does with our tables, as functions that exist on every server: its own views cannot be named where it is missing. Dashboards
-- and scripts that are to run on each edition ask these; without TimescaleDB they return no rows. It may come later: asked for when they are called.

CREATE FUNCTION tapedeck.table_chunks()
RETURNS TABLE (table_name text, chunks bigint, compressed_chunks bigint, oldest_ts timestamptz, newest_ts timestamptz, total_bytes bigint,
  uncompressed_bytes bigint, compressed_bytes bigint)
LANGUAGE plpgsql STABLE AS $$
DECLARE
  extension_schema text := (SELECT e.extnamespace::regnamespace::text FROM pg_extension e WHERE e.extname = 'timescaledb');
  compression text := 'SELECT NULL::bigint AS before_bytes, NULL::bigint AS after_bytes';
BEGIN
  IF extension_schema IS NULL THEN RETURN; END IF;
  -- Apache has the function and refuses it.
  IF current_setting('timescaledb.license', true) = 'timescale' THEN
    compression := format('SELECT sum(c.before_compression_total_bytes)::bigint AS before_bytes, sum(c.after_compression_total_bytes)::bigint AS after_bytes
      FROM %s.hypertable_compression_stats(h.name) c', extension_schema);
  END IF;
  RETURN QUERY EXECUTE format($q$
    SELECT h.shown, k.chunks, k.compressed, k.oldest, k.newest, %1$s.hypertable_size(h.name), s.before_bytes, s.after_bytes
    FROM (
      SELECT COALESCE(a.view_name, t.hypertable_name)::text AS shown, format('%%I.%%I', t.hypertable_schema, t.hypertable_name)::regclass AS name,
        t.hypertable_schema, t.hypertable_name
      FROM timescaledb_information.hypertables t
      LEFT JOIN timescaledb_information.continuous_aggregates a
        ON a.materialization_hypertable_schema = t.hypertable_schema AND a.materialization_hypertable_name = t.hypertable_name
      WHERE COALESCE(a.view_schema, t.hypertable_schema) = 'public'
    ) h
    CROSS JOIN LATERAL (
      SELECT count(*) AS chunks, count(*) FILTER (WHERE c.is_compressed) AS compressed, min(c.range_start) AS oldest, max(c.range_end) AS newest
      FROM timescaledb_information.chunks c WHERE c.hypertable_schema = h.hypertable_schema AND c.hypertable_name = h.hypertable_name
    ) k
    CROSS JOIN LATERAL (%2$s) s
    ORDER BY 1$q$, extension_schema, compression);
END $$;
COMMENT ON FUNCTION tapedeck.table_chunks IS 'Chunks of each hypertable and each computed aggregate, their range of time and their size. uncompressed_bytes and compressed_bytes: what the compressed chunks took before, and take now; null without any. No rows without TimescaleDB.';

CREATE FUNCTION tapedeck.storage_jobs()
RETURNS TABLE (job text, works_on text, every interval, scheduled boolean, last_run timestamptz, last_status text, last_success timestamptz,
  next_run timestamptz, runs bigint, failures bigint)
LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') THEN RETURN; END IF;
  RETURN QUERY EXECUTE $q$
    SELECT j.proc_name::text, COALESCE(a.view_name, j.hypertable_name)::text, j.schedule_interval, j.scheduled,
      NULLIF(s.last_run_started_at, '-infinity'), s.last_run_status, NULLIF(s.last_successful_finish, '-infinity'),
      CASE WHEN isfinite(j.next_start) THEN j.next_start END, COALESCE(s.total_runs, 0), COALESCE(s.total_failures, 0)
    FROM timescaledb_information.jobs j
    LEFT JOIN timescaledb_information.job_stats s ON s.job_id = j.job_id
    LEFT JOIN timescaledb_information.continuous_aggregates a
      ON a.materialization_hypertable_schema = j.hypertable_schema AND a.materialization_hypertable_name = j.hypertable_name
    WHERE j.hypertable_name IS NOT NULL AND COALESCE(a.view_schema, j.hypertable_schema) = 'public'
    ORDER BY 2, 1$q$;
END $$;
COMMENT ON FUNCTION tapedeck.storage_jobs IS 'Policies on our tables and aggregates with their last runs. last_run is null: it never ran. No rows where there are none: on plain PostgreSQL and in TimescaleDB Apache.';

CREATE FUNCTION tapedeck.computed_aggregates()
RETURNS TABLE (aggregate text, computed_to timestamptz)
LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') THEN RETURN; END IF;
  -- What was never computed ends at the least time that the server knows.
  RETURN QUERY EXECUTE $q$
    SELECT a.user_view_name::text, CASE WHEN w.at > '0001-01-01' THEN w.at END FROM _timescaledb_catalog.continuous_agg a
    CROSS JOIN LATERAL (SELECT _timescaledb_functions.to_timestamp(_timescaledb_functions.cagg_watermark(a.mat_hypertable_id)) AS at) w
    WHERE a.user_view_schema = 'public' ORDER BY 1$q$;
END $$;
COMMENT ON FUNCTION tapedeck.computed_aggregates IS 'How far each aggregate is computed; what is newer is computed when it is asked for. computed_to is null: never computed. No rows where aggregates are views.';

-- down

DROP FUNCTION tapedeck.computed_aggregates;
DROP FUNCTION tapedeck.storage_jobs;
DROP FUNCTION tapedeck.table_chunks;
