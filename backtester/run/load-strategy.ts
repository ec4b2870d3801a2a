/** Finds a strategy by its name, or in a file of the user, and its parameters in what was given for them. */

import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

import { z } from 'zod'

import type { ArbitrageSettings } from '../../market/arbitrage/settings.ts'
import { ConfigError, messageOf } from '../../market/errors.ts'
import type { Strategy } from '../engine/strategy.ts'
import { STRATEGIES } from '../strategies/index.ts'

export interface LoadedStrategy {
  strategy: Strategy
  /** `shipped`, or the path of the file. */
  source: string
}

const shape = z.object({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'expected lower-case letters, digits and dashes'),
  version: z.string().min(1),
  params: z.custom(
    (value) => typeof value === 'function' || value instanceof z.ZodType || isSchema(value),
    'expected a schema, or a function of zod that makes one',
  ),
  create: z.custom((value) => typeof value === 'function', 'expected a function'),
  arbitrage: z.custom((value) => value === undefined || typeof value === 'function', 'expected a function').optional(),
})

function isSchema(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'safeParse' in value
}

/** A path, and no name: it has a folder or an ending. */
export const isPath = (text: string) => /[\\/]|\.[cm]?[jt]s$/.test(text)

/**
 * @param text a name, or a path from the current folder
 * @throws ConfigError where there is none, or the file does not hold one
 */
export async function loadStrategy(text: string, cwd: string): Promise<LoadedStrategy> {
  if (!isPath(text)) return { strategy: shippedStrategy(text), source: 'shipped' }
  const path = resolve(cwd, text)
  const found = await stat(path).catch(() => undefined)
  if (!found?.isFile()) throw refusal(`There is no file ${path}. Name a strategy of \`tapedeck strategy list\`, or the path of a file.`)
  const stripsTypes = Boolean(Reflect.get(process.features, 'typescript'))
  if (/\.[cm]?ts$/.test(path) && !stripsTypes)
    throw refusal(
      `${path}: Node ${process.versions.node} does not run TypeScript. Use Node 22.18 or newer, or write the strategy in JavaScript (.mjs).`,
    )
  let module: { default?: unknown }
  try {
    module = (await import(pathToFileURL(path).href)) as { default?: unknown }
  } catch (cause) {
    throw refusal(`${path} cannot be loaded: ${messageOf(cause)}`, cause)
  }
  return { strategy: strategyIn(module.default, path), source: path }
}

function shippedStrategy(name: string): Strategy {
  const found = STRATEGIES.find((strategy) => strategy.name === name)
  if (found) return found
  throw refusal(
    `There is no strategy ${JSON.stringify(name)}. There are: ${STRATEGIES.map((strategy) => strategy.name).join(', ')}; or name a file, as ./mine.mjs.`,
  )
}

function strategyIn(value: unknown, path: string): Strategy {
  const read = shape.safeParse(value)
  if (!read.success) {
    const [issue] = read.error.issues
    const place = issue?.path.join('.') || 'the default export'
    throw refusal(
      `${path}: ${place}: ${issue?.message ?? 'wrong'}. Its default export is to be a strategy { name, version, params, create }; \`tapedeck strategy new\` writes one.`,
    )
  }
  const { name, version } = read.data
  const own = value as Omit<Strategy, 'params'> & { params: Strategy['params'] | ((zod: typeof z) => Strategy['params']) }
  let params: unknown
  try {
    params = typeof own.params === 'function' ? own.params(z) : own.params
  } catch (cause) {
    throw refusal(`${path}: params: ${messageOf(cause)}`, cause)
  }
  if (!isSchema(params)) throw refusal(`${path}: params: expected a schema, found ${typeof params}.`)
  return {
    name,
    version,
    params: params as Strategy['params'],
    ...(own.arbitrage && { arbitrage: (settings: ArbitrageSettings, given: unknown) => own.arbitrage?.(settings, given) ?? settings }),
    create: (context, given) => own.create(context, given),
  }
}

/** @throws ConfigError `strategy-params` for what the strategy does not accept, saying what it does */
export function checkParams(strategy: Strategy, given: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const read = strategy.params.safeParse(given)
  if (read.success) return read.data as Record<string, unknown>
  const wrong = read.error.issues.map(({ path, message }) => `${path.length > 0 ? `${path.join('.')}: ` : ''}${message}`)
  const known = paramsOf(strategy).map(({ name, about }) => `${name} (${about})`)
  throw new ConfigError(`--param: ${wrong.join('; ')}. ${strategy.name} takes: ${known.join(', ') || 'none'}.`, { code: 'strategy-params' })
}

export interface DescribedParam {
  name: string
  /** Default and description. */
  about: string
}

export function paramsOf({ params }: Pick<Strategy, 'params'>): DescribedParam[] {
  let properties: Record<string, { default?: unknown; description?: string }>
  try {
    properties = (z.toJSONSchema(params, { io: 'input' }).properties ?? {}) as typeof properties
  } catch {
    // A schema that JSON cannot say.
    return []
  }
  return Object.entries(properties).map(([name, { default: preset, description }]) => ({
    name,
    about: [preset === undefined ? 'needed' : `default ${JSON.stringify(preset)}`, description].filter(Boolean).join('; '),
  }))
}

function refusal(message: string, cause?: unknown): ConfigError {
  return new ConfigError(message, { code: 'strategy-unknown', ...(cause !== undefined && { cause }) })
}
