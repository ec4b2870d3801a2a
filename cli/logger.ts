/** The log: on a terminal lines for a person, elsewhere one JSON object a line. Goes to standard error, and never waits for its reader. */

import type { Logger } from 'pino'

import { LossyOutput } from './lossy-output.ts'

/** What may wait in memory for a reader that has stalled. */
const BEHIND_BYTES = 1 << 20
const LEVELS: Readonly<Record<number, string>> = { 10: 'TRACE', 20: 'DEBUG', 30: 'INFO', 40: 'WARN', 50: 'ERROR', 60: 'FATAL' }

export async function createLogger(level: string): Promise<Logger> {
  const { pino } = await import('pino')
  return pino({ level, base: null }, logDestination(new LossyOutput(process.stderr), process.stderr.isTTY))
}

/** Where pino writes. Once a reader that had stalled takes lines again, it gets to know how many it missed. */
export function logDestination(output: LossyOutput, forPerson: boolean): { write: (json: string) => void } {
  // A log line goes over the status line of a terminal.
  const shown = (json: string) => (forPerson ? `\r\u001b[K${formatLogLine(json)}\n` : json)
  return {
    write(json) {
      const { dropped } = output
      if (!output.offer(shown(json), BEHIND_BYTES) || dropped === 0) return
      const notice = {
        level: 40,
        time: Date.now(),
        lines: dropped,
        msg: 'log lines before the last one were dropped: their reader had stalled',
      }
      output.offer(shown(`${JSON.stringify(notice)}\n`), 2 * BEHIND_BYTES)
    },
  }
}

/** One log record of pino as a line for a person: time, level, message, then the fields. */
function formatLogLine(json: string): string {
  const { level, time, msg, err, ...fields } = JSON.parse(json)
  const details = Object.entries({ ...fields, ...(err && { error: err.message }) })
  const text = details.map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`).join(' ')
  return `${new Date(time).toISOString().slice(11, 19)} ${(LEVELS[level] ?? String(level)).padEnd(5)} ${msg}${text && `  ${text}`}`
}
