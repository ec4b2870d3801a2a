/** What goes to standard output and to the terminal. Results go to standard output, progress and logs to standard error. */

export const print = (text: string): void => {
  process.stdout.write(`${text}\n`)
}
export const printJson = (value: unknown): void => print(JSON.stringify(value))
/** One line of NDJSON for a program that reads us. */
export const event = (name: string, content: object) => printJson({ event: name, ...content })

/** One line that is written over on a terminal; elsewhere a line every few seconds. */
export function statusLine(): (line: string | undefined) => void {
  const { stderr } = process
  let lastMs = Number.NEGATIVE_INFINITY
  return (line) => {
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

/** Resolves when standard output wants more, or never will again. */
export function writeStdout(text: string): Promise<void> | undefined {
  const { stdout } = process
  if (stdout.write(text)) return undefined
  return new Promise((resolve) => {
    const done = () => {
      stdout.off('drain', done).off('close', done)
      resolve()
    }
    stdout.on('drain', done).on('close', done)
  })
}

/**
 * What to do when the reader of standard output (head, less) has seen enough, or when it takes no more because its disk is full, which
 * is a fault and said; replaces what was to be done before.
 */
export function onUnread(act: (isFault: boolean) => void): void {
  process.stdout.removeAllListeners('error').once('error', (error: NodeJS.ErrnoException) => {
    const isFault = error.code !== 'EPIPE'
    if (isFault) process.stderr.write(`tapedeck: standard output cannot be written: ${error.message}\n`)
    process.stdout.on('error', () => undefined)
    act(isFault)
  })
}

const LEVELS: Readonly<Record<number, string>> = { 10: 'TRACE', 20: 'DEBUG', 30: 'INFO', 40: 'WARN', 50: 'ERROR', 60: 'FATAL' }

/** One log record of pino as a line for a person: time, level, message, then the fields. */
function formatLogLine(json: string): string {
  const { level, time, msg, err, ...fields } = JSON.parse(json)
  const details = Object.entries({ ...fields, ...(err && { error: err.message }) })
  const text = details.map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`).join(' ')
  return `${new Date(time).toISOString().slice(11, 19)} ${(LEVELS[level] ?? String(level)).padEnd(5)} ${msg}${text && `  ${text}`}`
}

/** Where logs go: lines for a person on a terminal (over the status line), JSON for everything else. */
export const logDestination = {
  write(json: string): void {
    process.stderr.write(process.stderr.isTTY ? `\r\u001b[K${formatLogLine(json)}\n` : json)
  },
}
