/** Plain text for terminals: columns that line up. Pure. */

/** Rows of cells as lines: columns padded to their widest cell, numbers to the right. */
export function alignColumns(rows: readonly (readonly (string | number)[])[], gap = '  '): string {
  const cells = rows.map((row) => row.map((cell) => (typeof cell === 'number' ? cell.toLocaleString('en-US') : cell)))
  const widths: number[] = []
  for (const row of cells) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length)
  return rows
    .map((row, r) =>
      row
        .map((cell, i) => {
          const text = cells[r]?.[i] ?? ''
          const width = widths[i] ?? 0
          return typeof cell === 'number' ? text.padStart(width) : text.padEnd(width)
        })
        .join(gap)
        .trimEnd(),
    )
    .join('\n')
}

/** Lines of at most `width` characters, broken at blanks where there are some. Shorter text stays as it is. */
export function wrapText(text: string, width: number): string[] {
  const lines: string[] = []
  let rest = text
  while (rest.length > width) {
    const blank = rest.lastIndexOf(' ', width)
    const end = blank > 0 ? blank : width
    lines.push(rest.slice(0, end))
    rest = rest.slice(end).trimStart()
  }
  return [...lines, rest]
}

/** `1,234`, `12.3k`, `1.2M`: at most five characters for anything a rate can be. */
export function shortNumber(value: number): string {
  if (value < 10_000) return Math.round(value).toLocaleString('en-US')
  if (value < 1_000_000) return `${(value / 1000).toFixed(value < 100_000 ? 1 : 0)}k`
  return `${(value / 1_000_000).toFixed(1)}M`
}
