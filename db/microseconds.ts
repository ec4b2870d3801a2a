/** Times of PostgreSQL as the program counts them. */

/** A timestamptz column as a whole number of microseconds since 1970 UTC, in SQL. */
export function microseconds(column: string): string {
  return `(extract(epoch FROM ${column}) * 1000000)::bigint`
}
