/** Standard output of commands whose output is their work. Results go to standard output, progress and logs to standard error. */

export const print = (text: string): void => {
  process.stdout.write(`${text}\n`)
}
export const printJson = (value: unknown): void => print(JSON.stringify(value))

/** One line of NDJSON for a program that reads our output. */
export const eventLine = (name: string, content: object): string => `${JSON.stringify({ event: name, ...content })}\n`
export const event = (name: string, content: object): void => {
  process.stdout.write(eventLine(name, content))
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
 * Sets what happens when the reader of standard output (head, less) has seen enough, or when a full disk takes no more of it, which is
 * a fault and is reported. Replaces what was set before.
 */
export function onUnread(act: (isFault: boolean) => void): void {
  process.stdout.removeAllListeners('error').once('error', (error: NodeJS.ErrnoException) => {
    const isFault = error.code !== 'EPIPE'
    if (isFault) process.stderr.write(`tapedeck: standard output cannot be written: ${error.message}\n`)
    process.stdout.on('error', () => undefined)
    act(isFault)
  })
}
