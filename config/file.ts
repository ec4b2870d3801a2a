/** Reads the configuration file: YAML 1.2, of which every value's line and column is kept for messages. */

import { readFileSync } from 'node:fs'
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
  const { text, problem } = decode(readBytes(path, label, askedBy))
  const lines = new LineCounter()
  const place = (offset: number): Source => {
    const { line, col } = lines.linePos(offset)
    return { text: `${label}:${line}:${col}`, order: offset }
  }
  const document = parseDocument(text, { lineCounter: lines, merge: true, prettyErrors: false })
  const root = document.contents
  const problems = [...document.errors, ...document.warnings].map((error) => ({ source: place(error.pos[0]), text: explain(error, text) }))
  if (problem !== undefined) problems.unshift({ source: place(problem), text: 'these bytes are not UTF-8; save the file as UTF-8' })

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

function readBytes(path: string, label: string, askedBy: string): Uint8Array {
  try {
    return readFileSync(path)
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'it does not exist' : (cause as Error).message
    throw new ConfigError(`The configuration file ${label} (${askedBy}) cannot be read: ${reason}.`, {
      code: 'config-file-unreadable',
      cause,
    })
  }
}

/** The text, and the offset of its first character that was no UTF-8. */
function decode(bytes: Uint8Array): { text: string; problem?: number } {
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) }
  } catch {
    const text = new TextDecoder().decode(bytes)
    return { text: text.slice(0, text.indexOf('\uFFFD')), problem: text.indexOf('\uFFFD') }
  }
}

function explain(error: YAMLError, text: string): string {
  if (error.code !== 'DUPLICATE_KEY') return `this is not valid YAML: ${scrubUrls(error.message)}`
  const name = /^[^\s:]+/.exec(text.slice(error.pos[0]))?.[0] ?? ''
  return `${name} is given twice in this section; keep one`
}
