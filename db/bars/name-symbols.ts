/** Instruments of the symbols of an import. */

import type pg from 'pg'

import type { BarFormat } from './format.ts'

/** Makes instruments of the symbols, and `staged_symbols`, which says which instrument each staged number is. Within a transaction. */
export async function nameSymbols(
  client: pg.ClientBase,
  staged: readonly string[],
  all: ReadonlySet<string>,
  { kind, currency, calendar }: Pick<BarFormat, 'kind' | 'currency' | 'calendar'>,
): Promise<void> {
  const numbers = new Map(staged.map((name, number) => [name, number]))
  const symbols = [...all].map((name) => ({ name, symbol: numbers.get(name) ?? null, key: `${kind}:${name}:${currency}` }))
  await client.query(
    `INSERT INTO instruments (key, kind, symbol, currency, calendar)
     SELECT key, $2, name, $3, $4 FROM jsonb_to_recordset($1::jsonb) AS s(name text, key text) ORDER BY key
     ON CONFLICT (key) DO UPDATE SET calendar = EXCLUDED.calendar WHERE instruments.calendar IS DISTINCT FROM EXCLUDED.calendar`,
    [JSON.stringify(symbols), kind, currency, calendar],
  )
  await client.query('CREATE TEMP TABLE staged_symbols (symbol bigint, name text, instrument_id bigint) ON COMMIT DROP')
  await client.query(
    `INSERT INTO staged_symbols SELECT s.symbol, s.name, i.instrument_id
     FROM jsonb_to_recordset($1::jsonb) AS s(symbol bigint, name text, key text) JOIN instruments i USING (key)`,
    [JSON.stringify(symbols)],
  )
  await client.query('ANALYZE staged_symbols')
}
