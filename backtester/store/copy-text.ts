/** Rows in PostgreSQL's text COPY format, whose numbers are decimal: money arrives as it was, without a detour over binary fractions. */

import { storableText } from '../../db/jsonb.ts'

type Field = string | number | boolean | undefined

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' }

/** Undefined is null. */
export function copyText(rows: readonly (readonly Field[])[]): Buffer {
  return Buffer.from(rows.map((row) => `${row.map(fieldText).join('\t')}\n`).join(''))
}

function fieldText(field: Field): string {
  if (field === undefined) return '\\N'
  if (typeof field === 'string') return storableText(field).replaceAll(/[\\\t\n\r]/g, (character) => ESCAPES[character] ?? character)
  return String(field)
}
