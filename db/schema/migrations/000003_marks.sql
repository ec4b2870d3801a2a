-- Marks of ticks, and the hours of instruments.

ALTER TABLE quotes ADD COLUMN marks text;
ALTER TABLE trades ADD COLUMN marks text;
ALTER TABLE option_greeks ADD COLUMN marks text;
ALTER TABLE statistics ADD COLUMN marks text;

-- The same words as in market/tick-fields.ts; a test compares.
COMMENT ON COLUMN quotes.marks IS 'What is special about it, by comma: initial, merged, late, frozen, overnight, pre-open, past-limit, bid-past-limit, ask-past-limit, unreported. Null: nothing.';
COMMENT ON COLUMN trades.marks IS 'What is special about it, by comma: initial, merged, late, frozen, overnight, pre-open, past-limit, bid-past-limit, ask-past-limit, unreported. Null: nothing.';
COMMENT ON COLUMN option_greeks.marks IS 'What is special about it, by comma: initial, merged, late, frozen, overnight, pre-open, past-limit, bid-past-limit, ask-past-limit, unreported. Null: nothing.';
COMMENT ON COLUMN statistics.marks IS 'What is special about it, by comma: initial, merged, late, frozen, overnight, pre-open, past-limit, bid-past-limit, ask-past-limit, unreported. Null: nothing.';

ALTER TABLE instruments ADD COLUMN hours jsonb;
COMMENT ON COLUMN instruments.hours IS 'When it trades, as the broker last listed it for some days ahead: {"readOn", "timeZone", "trading", "liquid"}. control_records keeps what was listed before.';

-- down

ALTER TABLE instruments DROP COLUMN hours;
ALTER TABLE quotes DROP COLUMN marks;
ALTER TABLE trades DROP COLUMN marks;
ALTER TABLE option_greeks DROP COLUMN marks;
ALTER TABLE statistics DROP COLUMN marks;
