/**
 * JSON as jsonb can hold it. jsonb has no NUL and no lone surrogate in a text, and JSON has no infinities and no negative
 * zero: such a text becomes `{"base64": "<its UTF-8>"}`, such a number its text. Only a lone surrogate, which UTF-8 lacks too, is lost.
 */

/** JSON text that jsonb never refuses for its content. */
export function jsonbText(value: unknown): string {
  return JSON.stringify(storable(value))
}

/** The other way; numbers that were stored as text stay text, for only the reader knows which fields are numbers. */
export function parseJsonb(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown) => {
    if (typeof value !== 'object' || value === null || !('base64' in value)) return value
    return typeof value.base64 === 'string' && Object.keys(value).length === 1 ? Buffer.from(value.base64, 'base64').toString() : value
  })
}

/** Text for a column of type text, which cannot hold NUL: it is shown as the symbol for it. */
export function storableText(text: string): string {
  return isStorable(text) ? text : Buffer.from(text).toString().replaceAll('\0', '\u2400')
}

function storable(value: unknown): unknown {
  if (typeof value === 'string') return isStorable(value) ? value : { base64: Buffer.from(value).toString('base64') }
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : Number.isFinite(value) ? value : String(value)
  if (Array.isArray(value)) return value.map(storable)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [storableText(key), storable(field)]))
}

function isStorable(text: string): boolean {
  // In a pattern with the u flag, a surrogate matches only where it has no partner.
  return !/[\0\p{Surrogate}]/u.test(text)
}
