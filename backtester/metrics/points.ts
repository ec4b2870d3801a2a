/** Points over time, which an array holds or something smaller. */

/** Points that can be looked at in their order: an array of them is one. */
export interface Points<Point> extends Iterable<Point> {
  readonly length: number
  /** From the end when it is negative; undefined outside. */
  at(index: number): Point | undefined
  map<T>(make: (point: Point, index: number) => T): T[]
  every(test: (point: Point) => boolean): boolean
  entries(): Iterable<[number, Point]>
}
