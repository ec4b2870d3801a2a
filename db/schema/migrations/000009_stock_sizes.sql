-- In which unit the sizes of US stocks are, as the sessions learned it.

CREATE VIEW stock_size_units AS
SELECT r.session_id, g.key AS sizes, r.ts AS from_ts, lead(r.ts) OVER (PARTITION BY r.session_id, g.key ORDER BY r.seq) AS to_ts,
  g.value->>'unit' AS unit, g.value->>'how' AS how, COALESCE((g.value->>'doubted')::boolean, false) AS doubted,
  g.value->>'evidence' AS evidence, r.record->'sizes'->'lots' AS lots
FROM control_records r, jsonb_each(r.record->'sizes'->'groups') AS g
WHERE r.kind = 'session' AND r.record->>'event' = 'sizes';
COMMENT ON VIEW stock_size_units IS 'The unit of the sizes of US stocks, from from_ts to before to_ts. Sizes are stored as they were sent; without a row for their time it cannot be said in which unit.';
COMMENT ON COLUMN stock_size_units.sizes IS 'quotes: bid, ask and last sizes of sampled market data. rt-volume: trades of that source. tick-by-tick: quotes and trades of that source. volume: the statistics day-volume and rt-day-volume.';
COMMENT ON COLUMN stock_size_units.to_ts IS 'Null: to the end of the session.';
COMMENT ON COLUMN stock_size_units.unit IS 'shares or lots.';
COMMENT ON COLUMN stock_size_units.how IS 'stated: by the settings. inferred: from the data.';
COMMENT ON COLUMN stock_size_units.doubted IS 'True: the data speaks against the settings.';
COMMENT ON COLUMN stock_size_units.evidence IS 'What it was inferred from, or what speaks against the settings.';
COMMENT ON COLUMN stock_size_units.lots IS 'Shares in a lot by the key of the contract, where they were measured. Of the others it cannot be said: lots depend on the price.';

CREATE INDEX control_records_sizes ON control_records (session_id, seq) WHERE kind = 'session' AND record->>'event' = 'sizes';

COMMENT ON COLUMN quotes.bid_size IS 'In units traded, as sent: contracts, or shares, which of US stocks may be lots: the view stock_size_units says.';
COMMENT ON COLUMN quotes.ask_size IS 'In units traded, as sent: contracts, or shares, which of US stocks may be lots: the view stock_size_units says.';
COMMENT ON COLUMN trades.size IS 'In units traded, as sent: contracts, or shares, which of US stocks may be lots: the view stock_size_units says.';

-- down

COMMENT ON COLUMN quotes.bid_size IS 'In units traded: shares or contracts.';
COMMENT ON COLUMN quotes.ask_size IS 'In units traded: shares or contracts.';
COMMENT ON COLUMN trades.size IS 'In units traded: shares or contracts.';
DROP INDEX control_records_sizes;
DROP VIEW stock_size_units;
