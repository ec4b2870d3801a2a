/** Values as a picture in characters. Pure. */

export interface PlotOptions {
  /** Lines, at least 2. */
  height: number
  /** Of the values at the top, at the bottom, and of 0. */
  label: (value: number) => string
}

/**
 * A column for each value, from left to right. 0 is always within the picture, as a line of its own, so that it is seen what lies above and
 * what below. Labels stand on the left.
 */
export function plotValues(values: readonly number[], { height, label }: PlotOptions): string[] {
  const high = values.reduce((a, b) => Math.max(a, b), 0)
  const low = values.reduce((a, b) => Math.min(a, b), 0)
  // Where everything is 0 there is one line.
  const range = high - low || 1
  // The share first: a step between rows is rounded to nothing where values are as small as numbers get.
  const rowOf = (value: number) => Math.round(((high - value) / range) * (height - 1))
  const zero = rowOf(0)
  const rows = values.map(rowOf)
  const count = rowOf(low) + 1
  const labels = new Map([
    [0, label(high)],
    [count - 1, label(low)],
    [zero, label(0)],
  ])
  const width = [...labels.values()].reduce((most, text) => Math.max(most, text.length), 0)
  return Array.from({ length: count }, (_, row) => {
    const marks = rows.map((at, column) => (at === row ? '*' : passes(rows, column, row) ? ':' : row === zero ? '-' : ' '))
    return `${(labels.get(row) ?? '').padStart(width)} ${row === zero ? '+' : '|'}${marks.join('')}`.trimEnd()
  })
}

/** Whether the way from the value before to this one leads through that row. */
function passes(rows: readonly number[], column: number, row: number): boolean {
  const [before, at] = [rows[column - 1] ?? Number.NaN, rows[column] as number]
  return (row > before && row < at) || (row < before && row > at)
}
