/** Rows in their order, which an array holds or something smaller. */

/** Can be looked at in their order: an array is one. */
export interface Rows<Row> extends Iterable<Row> {
  readonly length: number
  /** From the end when it is negative; undefined outside. */
  at(index: number): Row | undefined
  map<T>(make: (row: Row, index: number) => T): T[]
  filter(test: (row: Row) => boolean): Row[]
  every(test: (row: Row) => boolean): boolean
  entries(): Iterable<[number, Row]>
}
