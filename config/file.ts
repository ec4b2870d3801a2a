/** Reads the configuration file: YAML 1.2. Keeps the line and column of every value for messages. */

import { isUtf8 } from 'node:buffer'
import { closeSync, openSync, readSync } from 'node:fs'
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type YAMLError } from 'yaml'
import { ConfigError } from '../market/errors.ts'
import { isSection, type Layer, type Path, type Problem, type Source } from './layers.ts'
import { scrubUrls } from './secrets.ts'

/**
 * Reads `path`, which messages call `label`. What is wrong with the text is returned as problems, and the layer is then empty.
 *
 * @throws ConfigError when the file cannot be read; `askedBy` says who wants it.
 */
export function readConfigFile(path: string, label: string, askedBy: string): { layer: Layer; problems: Problem[] } {
  const { text, fault } = decode(readBytes(path, label, askedBy))
  const lines = new LineCounter()
  const place = (offset: number): Source => {
    const { line, col } = lines.linePos(offset)
    return { text: `${label}:${line}:${col}`, order: offset }
  }
  const document = parseDocument(text, { lineCounter: lines, merge: true, prettyErrors: false })
  const root = document.contents
  const problems = [...document.errors, ...document.warnings].map((error) => ({ source: place(error.pos[0]), text: explain(error, text) }))
  if (fault) problems.unshift({ source: place(text.length), text: fault })

  const source = (wanted: Path, part: 'name' | 'value'): Source => {
    let node: Node | null = root
    let offset = 0
    for (const [depth, key] of wanted.entries()) {
      if (isAlias(node)) node = node.resolve(document) ?? null
      if (isMap<Node, Node | null>(node)) {
        const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === key)
        if (!pair) break
        const valued =
          pair.value && !(isScalar(pair.value) && pair.value.source === '') && !(part === 'name' && depth === wanted.length - 1)
        node = pair.value
        offset = (valued ? pair.value : pair.key)?.range?.[0] ?? offset
      } else if (isSeq<Node>(node) && typeof key === 'number' && node.items[key]) {
        node = node.items[key]
        offset = node.range?.[0] ?? offset
      } else break
    }
    return place(offset)
  }

  if (problems.length > 0) return { layer: { values: {}, source }, problems }
  try {
    const values: unknown = document.toJS() ?? {}
    if (isSection(values)) return { layer: { values, source }, problems }
    problems.push({ source: place(root?.range?.[0] ?? 0), text: 'expected settings like `dataDir: /srv/tape`, found something else' })
  } catch (error) {
    // Aliases that contain themselves or multiply without end.
    problems.push({ source: place(0), text: `its aliases cannot be resolved: ${error instanceof Error ? error.message : String(error)}` })
  }
  return { layer: { values: {}, source }, problems }
}

/** The longest configuration file, with room for thousands of stocks. A longer one was named by mistake, and parsing it takes time and memory. */
const MAX_BYTES = 1 << 16

function readBytes(path: string, label: string, askedBy: string): Uint8Array {
  const refused = (reason: string, cause?: unknown) =>
    new ConfigError(`The configuration file ${label} (${askedBy}) cannot be read: ${reason}.`, { code: 'config-file-unreadable', cause })
  const bytes = Buffer.alloc(MAX_BYTES + 1)
  let length = 0
  try {
    const file = openSync(path, 'r')
    try {
      // A pipe or a device has no size that could be asked for, and may have no end.
      for (let read = -1; read !== 0 && length < bytes.length; length += read)
        read = readSync(file, bytes, length, bytes.length - length, null)
    } finally {
      closeSync(file)
    }
  } catch (cause) {
    throw refused((cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'it does not exist' : (cause as Error).message, cause)
  }
  if (length > MAX_BYTES) throw refused(`expected at most ${MAX_BYTES / 1024} KiB of settings, found more`)
  return bytes.subarray(0, length)
}

/** The text, as far as it can be parsed, and what is wrong with what follows it. */
function decode(bytes: Uint8Array): { text: string; fault?: string } {
  const text = new TextDecoder().decode(bytes)
  // Valid UTF-8 may contain U+FFFD, which otherwise marks a bad byte.
  const isText = isUtf8(bytes)
  const sound = isText ? text : text.slice(0, text.indexOf('\uFFFD'))
  const deep = tooDeepAt(sound)
  if (deep !== undefined) return { text: sound.slice(0, deep), fault: `this nests deeper than ${MAX_DEPTH} levels, as no settings do` }
  return isText ? { text } : { text: sound, fault: 'these bytes are not UTF-8; save the file as UTF-8' }
}

/** The parser takes a stack frame for each level, and the process does not survive running out of them in a regular expression. */
const MAX_DEPTH = 50

/** Where brackets, list signs in a row or blanks in front nest too deep. Brackets inside texts count too: no settings have fifty. */
function tooDeepAt(text: string): number | undefined {
  let brackets = 0
  for (let at = 0; at < text.length; at++) {
    const sign = text[at]
    if (sign === '[' || sign === '{') brackets++
    else if ((sign === ']' || sign === '}') && brackets > 0) brackets--
    if (brackets > MAX_DEPTH) return at
  }
  return new RegExp(`^(?: *(?:[-?][ \\t]+){${MAX_DEPTH}}| {${4 * MAX_DEPTH}})`, 'm').exec(text)?.index
}

function explain(error: YAMLError, text: string): string {
  if (error.code !== 'DUPLICATE_KEY') return `this is not valid YAML: ${scrubUrls(error.message)}`
  const name = /^[^\s:]+/.exec(text.slice(error.pos[0]))?.[0] ?? ''
  return `${name} is given twice in this section; keep one`
}
