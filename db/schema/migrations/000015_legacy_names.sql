-- Names and columns that scripts of older systems expect, over what is recorded. docs/queries.md says what each stands for.

CREATE VIEW underlying_securities AS
SELECT i.instrument_id AS id, i.symbol, CASE i.kind WHEN 'stock' THEN 'STK' ELSE 'IND' END AS security_type, i.venue AS exchange, i.currency, i.con_id AS contract_id
FROM instruments i WHERE i.kind IN ('stock', 'index');
COMMENT ON VIEW underlying_securities IS 'Stocks and indices that were ever recorded. For scripts of older systems: instruments has all of it.';

CREATE VIEW option_chains AS
SELECT i.instrument_id AS id, u.instrument_id AS underlying_id, i.symbol, i.expiry AS expiration_date, i.strike AS strike_price,
  CASE i."right" WHEN 'C' THEN 'CALL' ELSE 'PUT' END AS option_type, i.multiplier, i.trading_class, i.currency, i.con_id AS contract_id
FROM instruments i
LEFT JOIN LATERAL (
  SELECT n.instrument_id FROM instruments n WHERE n.symbol = i.symbol AND n.currency = i.currency AND n.kind IN ('stock', 'index') ORDER BY n.kind DESC LIMIT 1
) u ON true
WHERE i.kind = 'option';
COMMENT ON VIEW option_chains IS 'Options that were ever recorded, expired ones too. For scripts of older systems: instruments has all of it, and chain_at what was known when.';
COMMENT ON COLUMN option_chains.underlying_id IS 'As in underlying_securities. Null: only options of it are known.';

CREATE VIEW market_data_ticks AS
SELECT t.ts AS "timestamp", t.instrument_id AS option_chain_id, i.symbol, t.tick_type, t.bid, t.ask, t.bid_size, t.ask_size, t.last, t.last_size, t.volume,
  t.open_interest, t.implied_vol, t.delta, t.gamma, t.vega, t.theta, t.underlying_price
FROM (
  SELECT q.ts, q.instrument_id, 'quote' AS tick_type, q.bid_price AS bid, q.ask_price AS ask, q.bid_size, q.ask_size, NULL::float8 AS last,
    NULL::float8 AS last_size, NULL::float8 AS volume, NULL::float8 AS open_interest, NULL::float8 AS implied_vol, NULL::float8 AS delta,
    NULL::float8 AS gamma, NULL::float8 AS vega, NULL::float8 AS theta, NULL::float8 AS underlying_price
  FROM quotes q WHERE q.source IS NULL
  UNION ALL
  SELECT p.ts, p.instrument_id, 'trade', NULL, NULL, NULL, NULL, p.price, p.size, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
  FROM trades p WHERE p.source IN ('last', 'import') AND (p.marks IS NULL OR NOT 'initial' = ANY (string_to_array(p.marks, ',')))
  UNION ALL
  SELECT g.ts, g.instrument_id, 'greeks', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, g.implied_volatility, g.delta, g.gamma, g.vega, g.theta,
    g.underlying_price
  FROM option_greeks g WHERE g.basis = 'model'
  UNION ALL
  SELECT s.ts, s.instrument_id, s.name, NULL, NULL, NULL, NULL, NULL, NULL, CASE s.name WHEN 'day-volume' THEN s.value END,
    CASE WHEN s.name <> 'day-volume' THEN s.value END, NULL, NULL, NULL, NULL, NULL, NULL
  FROM statistics s WHERE s.name IN ('day-volume', 'call-open-interest', 'put-open-interest')
) t JOIN instruments i ON i.instrument_id = t.instrument_id WHERE i.kind = 'option';
COMMENT ON VIEW market_data_ticks IS 'Ticks of options, one change a row: what a row does not tell of is null. For scripts of older systems. Name a range of timestamp: the view has the whole history.';
COMMENT ON COLUMN market_data_ticks.option_chain_id IS 'As id in option_chains.';
COMMENT ON COLUMN market_data_ticks.tick_type IS 'quote, trade, greeks (of the broker''s model), day-volume, call-open-interest or put-open-interest.';
COMMENT ON COLUMN market_data_ticks.last IS 'Price of a trade, of the sampled last trades or of an import: one row a trade, without the first values of a line.';
COMMENT ON COLUMN market_data_ticks.volume IS 'Of the day so far, and not of the tick.';
COMMENT ON COLUMN market_data_ticks.implied_vol IS 'Annual fraction; vega per percentage point and theta per day, as in option_greeks.';

CREATE VIEW stock_data_ticks AS
SELECT t.ts AS "timestamp", t.instrument_id AS underlying_id, i.symbol, t.tick_type, t.bid, t.ask, t.bid_size, t.ask_size, t.last, t.last_size, t.volume
FROM (
  SELECT q.ts, q.instrument_id, 'quote' AS tick_type, q.bid_price AS bid, q.ask_price AS ask, q.bid_size, q.ask_size, NULL::float8 AS last,
    NULL::float8 AS last_size, NULL::float8 AS volume
  FROM quotes q WHERE q.source IS NULL
  UNION ALL
  SELECT p.ts, p.instrument_id, 'trade', NULL, NULL, NULL, NULL, p.price, p.size, NULL
  FROM trades p WHERE p.source IN ('last', 'import') AND (p.marks IS NULL OR NOT 'initial' = ANY (string_to_array(p.marks, ',')))
  UNION ALL
  SELECT s.ts, s.instrument_id, s.name, NULL, NULL, NULL, NULL, NULL, NULL, s.value FROM statistics s WHERE s.name = 'day-volume'
) t JOIN instruments i ON i.instrument_id = t.instrument_id WHERE i.kind IN ('stock', 'index');
COMMENT ON VIEW stock_data_ticks IS 'Sampled ticks of stocks and indices, one change a row: what a row does not tell of is null. For scripts of older systems. Name a range of timestamp.';
COMMENT ON COLUMN stock_data_ticks.underlying_id IS 'As id in underlying_securities.';
COMMENT ON COLUMN stock_data_ticks.volume IS 'Of the day so far, and not of the tick.';

-- TimescaleDB may come later, or never: asked for when they are called.

CREATE FUNCTION tapedeck.hypertable_stats()
RETURNS TABLE (hypertable_name text, is_hypertable boolean, num_chunks bigint, compressed_chunks bigint, table_bytes bigint, index_bytes bigint,
  total_bytes bigint, total_size text)
LANGUAGE plpgsql STABLE AS $$
DECLARE
  extension_schema text := (SELECT e.extnamespace::regnamespace::text FROM pg_extension e WHERE e.extname = 'timescaledb');
BEGIN
  IF extension_schema IS NOT NULL THEN
    RETURN QUERY EXECUTE format($q$
      SELECT h.hypertable_name::text, true, (SELECT count(*) FROM timescaledb_information.chunks c
          WHERE c.hypertable_schema = h.hypertable_schema AND c.hypertable_name = h.hypertable_name),
        (SELECT count(*) FROM timescaledb_information.chunks c
          WHERE c.hypertable_schema = h.hypertable_schema AND c.hypertable_name = h.hypertable_name AND c.is_compressed),
        s.table_bytes + COALESCE(s.toast_bytes, 0), s.index_bytes, s.total_bytes, pg_size_pretty(s.total_bytes)
      FROM timescaledb_information.hypertables h
      CROSS JOIN LATERAL %s.hypertable_detailed_size(format('%%I.%%I', h.hypertable_schema, h.hypertable_name)::regclass) s
      WHERE h.hypertable_schema = 'public' ORDER BY 1$q$, extension_schema);
  END IF;
  RETURN QUERY
    SELECT c.relname::text, false, 0::bigint, 0::bigint, pg_table_size(c.oid), pg_indexes_size(c.oid), pg_total_relation_size(c.oid),
      pg_size_pretty(pg_total_relation_size(c.oid))
    FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname IN ('quotes', 'trades', 'option_greeks', 'statistics', 'findings')
      AND NOT tapedeck.is_hypertable(c.relname)
    ORDER BY 1;
END $$;
CREATE FUNCTION tapedeck.is_hypertable(name text) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE
  found boolean := false;
BEGIN
  IF EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') THEN
    EXECUTE 'SELECT EXISTS (SELECT FROM timescaledb_information.hypertables WHERE hypertable_schema = ''public'' AND hypertable_name = $1)' INTO found USING name;
  END IF;
  RETURN found;
END $$;

CREATE VIEW hypertable_stats AS SELECT * FROM tapedeck.hypertable_stats();
COMMENT ON VIEW hypertable_stats IS 'Sizes of the hypertables, aggregates'' ones left out; where a table of ticks is plain, of that table. For scripts of older systems: tapedeck db status says more.';
COMMENT ON COLUMN hypertable_stats.is_hypertable IS 'False: a plain table, which has no chunks.';

CREATE FUNCTION tapedeck.partition_info()
RETURNS TABLE (table_name text, partition_name text, range_start timestamptz, range_end timestamptz, is_compressed boolean, total_bytes bigint, total_size text)
LANGUAGE plpgsql STABLE AS $$
DECLARE
  extension_schema text := (SELECT e.extnamespace::regnamespace::text FROM pg_extension e WHERE e.extname = 'timescaledb');
BEGIN
  IF extension_schema IS NULL THEN RETURN; END IF;
  RETURN QUERY EXECUTE format($q$
    SELECT c.hypertable_name::text, c.chunk_schema || '.' || c.chunk_name, c.range_start, c.range_end, c.is_compressed, s.total_bytes, pg_size_pretty(s.total_bytes)
    FROM timescaledb_information.hypertables h
    CROSS JOIN LATERAL %s.chunks_detailed_size(format('%%I.%%I', h.hypertable_schema, h.hypertable_name)::regclass) s
    JOIN timescaledb_information.chunks c ON c.chunk_schema = s.chunk_schema AND c.chunk_name = s.chunk_name
    WHERE h.hypertable_schema = 'public' ORDER BY 1, 3$q$, extension_schema);
END $$;
CREATE VIEW partition_info AS SELECT * FROM tapedeck.partition_info();
COMMENT ON VIEW partition_info IS 'The chunks of the hypertables. Empty where there are none. For scripts of older systems.';
COMMENT ON COLUMN partition_info.range_end IS 'The first moment behind it.';

CREATE FUNCTION tapedeck.check_tick_table(name text) RETURNS void LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF name IS NULL OR name NOT IN ('quotes', 'trades', 'option_greeks', 'statistics', 'findings') THEN
    RAISE EXCEPTION 'expected one of the tables quotes, trades, option_greeks, statistics, findings, found %', COALESCE(name, 'null')
      USING ERRCODE = 'invalid_parameter_value', HINT = 'market_data_ticks and stock_data_ticks are views of the first four, which hold options and stocks together.';
  END IF;
END $$;

CREATE FUNCTION create_partition_range(table_name text, start_date date, end_date date) RETURNS integer LANGUAGE plpgsql STABLE AS $$
BEGIN
  PERFORM tapedeck.check_tick_table(table_name);
  IF start_date > end_date OR start_date IS NULL OR end_date IS NULL THEN
    RAISE EXCEPTION 'expected end_date at or behind start_date, found % and %', start_date, end_date USING ERRCODE = 'invalid_parameter_value';
  END IF;
  RETURN 0;
END $$;
COMMENT ON FUNCTION create_partition_range IS 'Makes nothing and returns 0, the number of partitions it made: chunks are made as rows come. For scripts of older systems.';

CREATE FUNCTION drop_old_partitions(table_name text, older_than interval, really boolean DEFAULT false)
RETURNS TABLE (partition_name text, range_start timestamptz, range_end timestamptz, dropped boolean)
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  extension_schema text := (SELECT e.extnamespace::regnamespace::text FROM pg_extension e WHERE e.extname = 'timescaledb');
  cutoff timestamptz := now() - older_than;
  late text;
  gone bigint;
  chunk record;
BEGIN
  PERFORM tapedeck.check_tick_table(table_name);
  IF older_than IS NULL OR cutoff >= now() THEN
    RAISE EXCEPTION 'expected an age such as interval ''90 days'', found %', COALESCE(older_than::text, 'null') USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF extension_schema IS NULL OR NOT tapedeck.is_hypertable(table_name) THEN
    RAISE NOTICE '% has no partitions, nothing was dropped. tapedeck db drop-before drops old rows.', table_name;
    RETURN;
  END IF;
  IF really THEN
    EXECUTE $q$
      SELECT string_agg(a.user_view_name, ', ' ORDER BY a.user_view_name) FROM _timescaledb_catalog.continuous_agg a
      CROSS JOIN LATERAL (SELECT _timescaledb_functions.to_timestamp(_timescaledb_functions.cagg_watermark(a.mat_hypertable_id)) AS at) w
      WHERE a.user_view_schema = 'public' AND w.at < (SELECT max(c.range_end) FROM timescaledb_information.chunks c
        WHERE c.hypertable_schema = 'public' AND c.hypertable_name = $1 AND c.range_end <= $2)$q$ INTO late USING table_name, cutoff;
    IF late IS NOT NULL THEN
      RAISE EXCEPTION 'bars are not computed as far as these ticks: %. Nothing was dropped', late
        USING HINT = 'Run tapedeck db maintain first, or tapedeck db drop-before, which says what would be lost.';
    END IF;
  END IF;
  FOR chunk IN EXECUTE $q$
    SELECT c.chunk_schema || '.' || c.chunk_name AS name, c.range_start AS from_ts, c.range_end AS to_ts FROM timescaledb_information.chunks c
    WHERE c.hypertable_schema = 'public' AND c.hypertable_name = $1 AND c.range_end <= $2 ORDER BY c.range_start$q$ USING table_name, cutoff
  LOOP
    IF really THEN
      -- As tapedeck db drop-before notes it, so that no check takes these rows for lost.
      EXECUTE format('SELECT count(*) FROM public.%I WHERE ts >= $1 AND ts < $2', table_name) INTO gone USING chunk.from_ts, chunk.to_ts;
      INSERT INTO public.dropped_ticks AS d (table_name, dropped_before, dropped_rows, done_at) VALUES ($1, chunk.to_ts, gone, clock_timestamp())
        ON CONFLICT ON CONSTRAINT dropped_ticks_table_name_instrument_id_dropped_before_key DO UPDATE
        SET dropped_rows = d.dropped_rows + EXCLUDED.dropped_rows, done_at = EXCLUDED.done_at;
      EXECUTE format('SELECT %s.drop_chunks(%L, older_than => $2, newer_than => $1)', extension_schema, 'public.' || quote_ident(table_name))
        USING chunk.from_ts, chunk.to_ts;
    END IF;
    RETURN QUERY SELECT chunk.name, chunk.from_ts, chunk.to_ts, really;
  END LOOP;
END $$;
COMMENT ON FUNCTION drop_old_partitions IS 'The chunks of a table of ticks that are older as a whole; with really => true drops them, notes that in dropped_ticks, and refuses ticks whose bars are not computed. Only the owner of the table may. For scripts of older systems: tapedeck db drop-before does it with more care.';

-- down

DROP FUNCTION drop_old_partitions;
DROP FUNCTION create_partition_range;
DROP FUNCTION tapedeck.check_tick_table;
DROP VIEW partition_info, hypertable_stats, stock_data_ticks, market_data_ticks, option_chains, underlying_securities;
DROP FUNCTION tapedeck.partition_info;
DROP FUNCTION tapedeck.hypertable_stats;
DROP FUNCTION tapedeck.is_hypertable;
