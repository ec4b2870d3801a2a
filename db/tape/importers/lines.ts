/** Lines of a text file, plain or gzipped, streamed in chunks so that an await is paid per chunk and not per line. */

import { createReadStream, type ReadStream } from 'node:fs'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'

import { FeedError } from '../../../market/errors.ts'

/** No row of market data is this long; without a bound a file that has no line ends would be read into memory whole. */
const MAX_LINE_CHARACTERS = 1 << 16

export interface LineChunk {
  /** Number of the first line of the chunk, from 1. */
  first: number
  lines: string[]
}

/**
 * Lines without their ends (LF or CRLF); a byte order mark is dropped. `onBytes` hears how many bytes of the file were read so far.
 * Throws a FeedError `import-unreadable` when the file cannot be read or unpacked.
 */
export async function* readLines(path: string, onBytes: (bytes: number) => void): AsyncGenerator<LineChunk> {
  const file = createReadStream(path)
  let first = 1
  let rest = ''
  for await (const text of textOf(file, path)) {
    const lines = (first === 1 && rest === '' ? text.replace(/^\uFEFF/, '') : rest + text).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > MAX_LINE_CHARACTERS) {
      throw new FeedError(
        `${path}:${first + lines.length}: expected a line of text, found more than ${MAX_LINE_CHARACTERS} characters without a line end.`,
        {
          code: 'import-unreadable',
        },
      )
    }
    onBytes(file.bytesRead)
    if (lines.length === 0) continue
    yield { first, lines: lines.map(withoutReturn) }
    first += lines.length
  }
  if (rest !== '') yield { first, lines: [withoutReturn(rest)] }
}

async function* textOf(file: ReadStream, path: string): AsyncGenerator<string> {
  // The error of either stream ends the iteration below; pipeline's own report of it is not needed.
  const stream = path.endsWith('.gz') ? pipeline(file, createGunzip(), () => undefined) : file
  stream.setEncoding('utf8')
  try {
    yield* stream
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    throw new FeedError(`${path} cannot be read (${code ?? message}). Check the path and that the file is whole.`, {
      code: 'import-unreadable',
      cause,
    })
  }
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line
}
