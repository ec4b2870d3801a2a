/** Reads a fault script: YAML or JSON, checked as a whole, so that one run names every mistake with its place. */

import { readFile } from 'node:fs/promises'

import { isNode, LineCounter, parseDocument } from 'yaml'
import { z } from 'zod'

import { ConfigError, messageOf } from '../../../market/errors.ts'
import type { FaultKind } from './fault.ts'
import { FAULT_KINDS } from './kinds/index.ts'
import { checkTrigger, TRIGGER_FIELDS, type Trigger, triggersOf } from './trigger.ts'

/** One fault at one time; a repeated one is several. */
export interface ScriptedFault {
  /** Its place in the script, counted from 1. */
  readonly no: number
  readonly kind: FaultKind
  readonly trigger: Trigger
  /** As its kind reads it. */
  readonly fault: object
  /** How long it lasts; at most one of them. */
  readonly tapeSeconds?: number | undefined
  readonly seconds?: number | undefined
}

export interface FaultScript {
  /** What messages call it. */
  readonly label: string
  readonly faults: readonly ScriptedFault[]
}

type Path = readonly PropertyKey[]

interface Problem {
  path: Path
  text: string
}

interface Checked {
  faults: ScriptedFault[]
  problems: Problem[]
}

/** @throws ConfigError when the file cannot be read or something is wrong in it. */
export async function readFaultScript(path: string): Promise<FaultScript> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'it does not exist' : messageOf(cause)
    throw new ConfigError(`The fault script ${path} (given with --faults) cannot be read: ${why}.`, {
      code: 'fault-script-unreadable',
      cause,
    })
  }
  return parseFaultScript(text, path)
}

/** @throws ConfigError that lists everything that is wrong. */
export function parseFaultScript(text: string, label: string): FaultScript {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset)
    return `${label}:${line}:${col}`
  }
  const placeOf = (path: Path) => {
    for (let depth = path.length; depth > 0; depth--) {
      const node = document.getIn(path.slice(0, depth), true)
      if (isNode(node) && node.range) return place(node.range[0])
    }
    return place(0)
  }
  const errors = document.errors.map((error) => `  ${place(error.pos[0])}  this is not valid YAML: ${error.message}`)
  if (errors.length > 0) throw invalid(label, errors)
  const { faults, problems } = checkScript(document.toJS() as unknown)
  if (problems.length > 0)
    throw invalid(
      label,
      problems.map(({ path, text }) => `  ${placeOf(path)}  ${z.core.toDotPath([...path])}: ${text}`),
    )
  return { label, faults }
}

/** The script as JSON Schema, for editors and for other programs. */
export function faultScriptSchema(): object {
  const kinds = FAULT_KINDS.map((kind) => entryOf(kind))
  const script = z.strictObject({ faults: z.array(z.union(kinds)) })
  return z.toJSONSchema(script, { io: 'input' })
}

function entryOf(kind: FaultKind) {
  return z.strictObject({ kind: z.literal(kind.name), ...TRIGGER_FIELDS, ...kind.fields })
}

function checkScript(content: unknown): Checked {
  const faults = isSection(content) ? content['faults'] : undefined
  if (!isSection(content) || !Array.isArray(faults) || faults.length === 0)
    return problem(['faults'], `expected a list of faults under this name, found ${show(isSection(content) ? faults : content)}`)
  const others = Object.keys(content).filter((name) => name !== 'faults')
  const kinds = kindsByName()
  const checked = faults.map((entry: unknown, i) => checkEntry(entry, i, kinds))
  return {
    faults: checked.flatMap(({ faults }) => faults),
    problems: [
      ...others.map((name) => ({ path: [name], text: 'expected nothing beside faults' })),
      ...checked.flatMap(({ problems }) => problems),
    ],
  }
}

function kindsByName(): Map<string, FaultKind> {
  const kinds = new Map<string, FaultKind>()
  for (const kind of FAULT_KINDS) {
    if (kinds.has(kind.name)) throw new RangeError(`Two kinds of faults are called ${kind.name}. Rename one of them.`)
    kinds.set(kind.name, kind)
  }
  return kinds
}

function checkEntry(entry: unknown, index: number, kinds: ReadonlyMap<string, FaultKind>): Checked {
  const path = ['faults', index]
  if (!isSection(entry)) return problem(path, `expected a fault such as { kind: restart, seconds: 20 }, found ${show(entry)}`)
  const kind = kinds.get(String(entry['kind']))
  if (!kind) return problem([...path, 'kind'], `expected ${[...kinds.keys()].join(', ')}, found ${show(entry['kind'])}`)
  const parsed = entryOf(kind).safeParse(entry)
  if (!parsed.success) return { faults: [], problems: parsed.error.issues.flatMap((issue) => problemsOf(issue, path, entry, kind)) }
  const fault = parsed.data as { tapeSeconds?: number; seconds?: number }
  const trouble = checkTrigger(parsed.data) ?? kind.check?.(fault)
  if (trouble !== undefined) return problem(path, `expected ${trouble}`)
  const { tapeSeconds, seconds } = fault
  const triggers = triggersOf(parsed.data)
  return { faults: triggers.map((trigger) => ({ no: index + 1, kind, trigger, fault, tapeSeconds, seconds })), problems: [] }
}

function problemsOf(issue: z.core.$ZodIssue, path: Path, entry: object, kind: FaultKind): Problem[] {
  const at = [...path, ...issue.path]
  if (issue.code === 'unrecognized_keys') {
    const known = [...Object.keys(TRIGGER_FIELDS), ...Object.keys(kind.fields)].join(', ')
    return issue.keys.map((key) => ({ path: [...at, key], text: `${kind.name} has no such field; it has ${known}` }))
  }
  return [{ path: at, text: `expected ${issue.message}, found ${show(valueAt(entry, issue.path))}` }]
}

function problem(path: Path, text: string): Checked {
  return { faults: [], problems: [{ path, text }] }
}

function invalid(label: string, lines: readonly string[]): ConfigError {
  const count = lines.length === 1 ? 'One thing is wrong' : `${lines.length} things are wrong`
  return new ConfigError(`${count} in the fault script ${label}:\n${lines.join('\n')}`, { code: 'fault-script-invalid' })
}

function isSection(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((inner, key) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined), value)
}

function show(value: unknown): string {
  if (value === undefined || value === null) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a section'
  const text = JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}
