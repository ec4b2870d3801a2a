-- What each rule found, one row a finding: severity, disposition, reason and evidence. Rows of ticks say by bits which rules spoke.

CREATE TABLE rules (
  bit smallint PRIMARY KEY CHECK (bit BETWEEN 0 AND 61),
  name text NOT NULL UNIQUE,
  first_stored_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE rules IS 'Which bit of the column rules stands for which rule. Bits are given in the order in which rules first spoke, and never again to another rule.';
COMMENT ON COLUMN rules.bit IS 'From 0. Bit 62 of a row stands for all rules that came when these were given away.';

CREATE TABLE judgements (
  judgement_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  judged_at timestamptz NOT NULL DEFAULT now(),
  session_id bigint NOT NULL,
  from_ts timestamptz NOT NULL,
  to_ts timestamptz NOT NULL,
  version text NOT NULL,
  settings jsonb NOT NULL,
  symbols text[],
  digest text NOT NULL,
  ticks bigint NOT NULL,
  flagged_ticks bigint NOT NULL,
  quarantined_ticks bigint NOT NULL,
  differing_ticks bigint NOT NULL,
  UNIQUE (session_id, from_ts, to_ts, digest)
);
COMMENT ON TABLE judgements IS 'When recorded ticks were judged again. Judgement 0, which has no row here, is the one that was recorded.';
COMMENT ON COLUMN judgements.from_ts IS 'Of the first tick that was judged; to_ts is of the last.';
COMMENT ON COLUMN judgements.version IS 'Of the program.';
COMMENT ON COLUMN judgements.settings IS 'Of the rules that were run.';
COMMENT ON COLUMN judgements.symbols IS 'Only these and their options. Null: all.';
COMMENT ON COLUMN judgements.digest IS 'Of version, settings, symbols and all that was found: the same judgement is stored once.';
COMMENT ON COLUMN judgements.differing_ticks IS 'Ticks whose verdict is another than the recorded one.';

CREATE TABLE findings (
  ts timestamptz NOT NULL,
  session_id bigint NOT NULL,
  seq bigint NOT NULL,
  judgement_id bigint NOT NULL DEFAULT 0,
  ordinal smallint NOT NULL,
  instrument_id bigint,
  rule text NOT NULL,
  severity text NOT NULL,
  disposition text NOT NULL,
  reason text NOT NULL,
  evidence bigint[]
);
CREATE INDEX findings_session ON findings (session_id, judgement_id, ts, seq, ordinal);
CREATE INDEX findings_rule ON findings (rule, ts);
COMMENT ON TABLE findings IS 'What each rule found wrong with a tick. session_id and seq name the tick, in a table of ticks or in rejected_ticks.';
COMMENT ON COLUMN findings.judgement_id IS '0: as recorded. Others: of a later judgement, see judgements.';
COMMENT ON COLUMN findings.ordinal IS 'Place within the verdict on the tick, from 0: the order of the rules.';
COMMENT ON COLUMN findings.instrument_id IS 'The tick''s. Null: the tape did not say which instrument, or it could not be stored.';
COMMENT ON COLUMN findings.rule IS 'Name of the rule. unknown-instrument and database-refused are no rules but ours.';
COMMENT ON COLUMN findings.severity IS 'info, warning or error.';
COMMENT ON COLUMN findings.disposition IS 'flag: it only marks the tick. quarantine: it keeps the tick out of the tick tables.';
COMMENT ON COLUMN findings.reason IS 'With the figures.';
COMMENT ON COLUMN findings.evidence IS 'Other instruments that it rests on: the other legs. 0: one that could not be stored. Null: none.';

-- What is stored already. Severities of that time are those of the three rules that there were.

CREATE TEMPORARY TABLE earlier_verdicts ON COMMIT DROP AS
SELECT ts, session_id, seq, instrument_id, 'flag' AS disposition, string_to_array(flags, ',') AS rules, reason FROM quotes WHERE flags IS NOT NULL
UNION ALL
SELECT ts, session_id, seq, instrument_id, 'flag' AS disposition, string_to_array(flags, ',') AS rules, reason FROM trades WHERE flags IS NOT NULL
UNION ALL
SELECT ts, session_id, seq, instrument_id, 'flag' AS disposition, string_to_array(flags, ',') AS rules, reason FROM option_greeks WHERE flags IS NOT NULL
UNION ALL
SELECT ts, session_id, seq, instrument_id, 'flag' AS disposition, string_to_array(flags, ',') AS rules, reason FROM statistics WHERE flags IS NOT NULL
UNION ALL
SELECT ts, session_id, seq, instrument_id, 'quarantine', string_to_array(rules, ','), reason FROM rejected_ticks
WHERE kind IN ('quote', 'trade', 'greeks', 'statistic');

INSERT INTO findings (ts, session_id, seq, ordinal, instrument_id, rule, severity, disposition, reason)
SELECT ts, session_id, seq, f.ordinal - 1, instrument_id, f.rule,
  CASE WHEN f.rule = 'wide-spread' OR disposition = 'flag' AND f.rule <> 'rule-error' THEN 'warning' ELSE 'error' END,
  CASE WHEN f.rule IN ('wide-spread', 'rule-error') THEN 'flag' ELSE disposition END,
  -- Reasons were joined by "; ", which a reason may hold itself: then nothing tells them apart.
  COALESCE(CASE WHEN cardinality(string_to_array(reason, '; ')) = cardinality(rules) THEN (string_to_array(reason, '; '))[f.ordinal] ELSE reason END, '')
FROM earlier_verdicts CROSS JOIN LATERAL unnest(rules) WITH ORDINALITY AS f(rule, ordinal);
INSERT INTO rules (bit, name)
SELECT bit, rule FROM (
  SELECT row_number() OVER (ORDER BY rule) - 1 AS bit, rule FROM (SELECT DISTINCT unnest(rules) AS rule FROM earlier_verdicts WHERE disposition = 'flag') AS names
) AS numbered WHERE bit <= 61;


ALTER TABLE quotes ADD COLUMN rules bigint;
UPDATE quotes SET rules = (
  SELECT bit_or(1::bigint << COALESCE(r.bit, 62)::int) FROM unnest(string_to_array(flags, ',')) AS f(name) LEFT JOIN rules r USING (name)
) WHERE flags IS NOT NULL;
ALTER TABLE quotes DROP COLUMN flags;
ALTER TABLE quotes DROP COLUMN reason;
ALTER TABLE trades ADD COLUMN rules bigint;
UPDATE trades SET rules = (
  SELECT bit_or(1::bigint << COALESCE(r.bit, 62)::int) FROM unnest(string_to_array(flags, ',')) AS f(name) LEFT JOIN rules r USING (name)
) WHERE flags IS NOT NULL;
ALTER TABLE trades DROP COLUMN flags;
ALTER TABLE trades DROP COLUMN reason;
ALTER TABLE option_greeks ADD COLUMN rules bigint;
UPDATE option_greeks SET rules = (
  SELECT bit_or(1::bigint << COALESCE(r.bit, 62)::int) FROM unnest(string_to_array(flags, ',')) AS f(name) LEFT JOIN rules r USING (name)
) WHERE flags IS NOT NULL;
ALTER TABLE option_greeks DROP COLUMN flags;
ALTER TABLE option_greeks DROP COLUMN reason;
ALTER TABLE statistics ADD COLUMN rules bigint;
UPDATE statistics SET rules = (
  SELECT bit_or(1::bigint << COALESCE(r.bit, 62)::int) FROM unnest(string_to_array(flags, ',')) AS f(name) LEFT JOIN rules r USING (name)
) WHERE flags IS NOT NULL;
ALTER TABLE statistics DROP COLUMN flags;
ALTER TABLE statistics DROP COLUMN reason;

-- The same words as in market/tick-fields.ts; a test compares.
COMMENT ON COLUMN quotes.rules IS 'Which rules spoke, as bits: 1 << bit for each bit of the table rules, 1 << 62 for rules that got none. Null: none spoke. findings says the rest.';
COMMENT ON COLUMN trades.rules IS 'Which rules spoke, as bits: 1 << bit for each bit of the table rules, 1 << 62 for rules that got none. Null: none spoke. findings says the rest.';
COMMENT ON COLUMN option_greeks.rules IS 'Which rules spoke, as bits: 1 << bit for each bit of the table rules, 1 << 62 for rules that got none. Null: none spoke. findings says the rest.';
COMMENT ON COLUMN statistics.rules IS 'Which rules spoke, as bits: 1 << bit for each bit of the table rules, 1 << 62 for rules that got none. Null: none spoke. findings says the rest.';

COMMENT ON COLUMN rejected_ticks.rules IS 'Names of the rules, those included that only flagged it; unknown-instrument and database-refused are no rules but ours. findings has them one by one.';

COMMENT ON COLUMN control_records.kind IS 'session, config, contract, line, gap or carry.';

ALTER TABLE data_quality RENAME COLUMN severity TO disposition;
ALTER TABLE data_quality ADD COLUMN severity text;
UPDATE data_quality SET severity = CASE WHEN rule = 'wide-spread' OR disposition = 'flag' AND rule <> 'rule-error' THEN 'warning' ELSE 'error' END;
ALTER TABLE data_quality ALTER COLUMN severity SET NOT NULL;
ALTER TABLE data_quality DROP CONSTRAINT data_quality_pkey;
ALTER TABLE data_quality ADD PRIMARY KEY (session_id, batch_no, rule, severity, disposition);
COMMENT ON TABLE data_quality IS 'How many findings each rule had in a batch, by severity and disposition: as recorded, whatever later judgements say.';
COMMENT ON COLUMN data_quality.ticks IS 'A tick counts under every rule that spoke.';

-- down

-- Names and reasons go back to where they were; severities, evidence, later judgements and what keeps findings apart are lost.

ALTER TABLE quotes ADD COLUMN flags text;
ALTER TABLE quotes ADD COLUMN reason text;
UPDATE quotes t SET (flags, reason) = (
  SELECT string_agg(rule, ',' ORDER BY ordinal), string_agg(f.reason, '; ' ORDER BY ordinal) FROM findings f
  WHERE f.session_id = t.session_id AND f.judgement_id = 0 AND f.ts = t.ts AND f.seq = t.seq
) WHERE rules IS NOT NULL;
ALTER TABLE quotes DROP COLUMN rules;
ALTER TABLE trades ADD COLUMN flags text;
ALTER TABLE trades ADD COLUMN reason text;
UPDATE trades t SET (flags, reason) = (
  SELECT string_agg(rule, ',' ORDER BY ordinal), string_agg(f.reason, '; ' ORDER BY ordinal) FROM findings f
  WHERE f.session_id = t.session_id AND f.judgement_id = 0 AND f.ts = t.ts AND f.seq = t.seq
) WHERE rules IS NOT NULL;
ALTER TABLE trades DROP COLUMN rules;
ALTER TABLE option_greeks ADD COLUMN flags text;
ALTER TABLE option_greeks ADD COLUMN reason text;
UPDATE option_greeks t SET (flags, reason) = (
  SELECT string_agg(rule, ',' ORDER BY ordinal), string_agg(f.reason, '; ' ORDER BY ordinal) FROM findings f
  WHERE f.session_id = t.session_id AND f.judgement_id = 0 AND f.ts = t.ts AND f.seq = t.seq
) WHERE rules IS NOT NULL;
ALTER TABLE option_greeks DROP COLUMN rules;
ALTER TABLE statistics ADD COLUMN flags text;
ALTER TABLE statistics ADD COLUMN reason text;
UPDATE statistics t SET (flags, reason) = (
  SELECT string_agg(rule, ',' ORDER BY ordinal), string_agg(f.reason, '; ' ORDER BY ordinal) FROM findings f
  WHERE f.session_id = t.session_id AND f.judgement_id = 0 AND f.ts = t.ts AND f.seq = t.seq
) WHERE rules IS NOT NULL;
ALTER TABLE statistics DROP COLUMN rules;
ALTER TABLE data_quality DROP CONSTRAINT data_quality_pkey;
CREATE TEMPORARY TABLE counts_before ON COMMIT DROP AS
SELECT session_id, batch_no, rule, disposition, sum(ticks)::bigint AS ticks FROM data_quality GROUP BY session_id, batch_no, rule, disposition;
DELETE FROM data_quality;
ALTER TABLE data_quality DROP COLUMN severity;
ALTER TABLE data_quality RENAME COLUMN disposition TO severity;
ALTER TABLE data_quality ADD PRIMARY KEY (session_id, batch_no, rule, severity);
INSERT INTO data_quality (session_id, batch_no, rule, severity, ticks) SELECT session_id, batch_no, rule, disposition, ticks FROM counts_before;
DROP TABLE counts_before;
DROP TABLE findings;
DROP TABLE judgements, rules;
