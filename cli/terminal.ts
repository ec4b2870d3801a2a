/** The status line on standard error. */

/** One line that is written over on a terminal; elsewhere a line every few seconds. */
export function statusLine(): (line: string | undefined) => void {
  const { stderr } = process
  let lastMs = Number.NEGATIVE_INFINITY
  return (line) => {
    // A terminal that is stopped gets the next line instead.
    if (line !== undefined && stderr.writableLength > 0) return
    if (stderr.isTTY) stderr.write(line === undefined ? '\r\u001b[K' : `\r\u001b[K${line.slice(0, (stderr.columns || 80) - 1)}`)
    else if (line !== undefined && performance.now() - lastMs > 2000) {
      lastMs = performance.now()
      stderr.write(`${line}\n`)
    }
  }
}

export function progressBar(done: number, total: number): string {
  const fraction = total > 0 ? Math.min(1, done / total) : 1
  const width = 50
  const filled = Math.round(fraction * width)
  return `[${'#'.repeat(filled)}${'.'.repeat(width - filled)}] ${String(Math.round(fraction * 100)).padStart(3)} %`
}
