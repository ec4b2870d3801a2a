-- A leg that the database did not take keeps the tape's number, so that a proof can name its contract.

COMMENT ON COLUMN findings.evidence IS 'Other instruments that it rests on: the other legs. Below 0: one that could not be stored, -1 less the tape''s number of it (0 in earlier rows). Null: none.';

-- down

COMMENT ON COLUMN findings.evidence IS 'Other instruments that it rests on: the other legs. 0: one that could not be stored. Null: none.';
