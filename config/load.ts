/**
 * Entry of the room: reads the settings from `tapedeck.yaml`, the environment and the command line, each over the one before,
 * and names everything that is wrong with them at once. Passwords never appear in a message.
 */

import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import type { z } from 'zod'
import { ConfigError } from '../market/errors.ts'
import { connectionProblems } from './connections.ts'
import { type Environment, readEnvironment } from './environment.ts'
import { readConfigFile } from './file.ts'
import { formatPath, isSection, type Layer, MergedLayers, type Path, type Problem, valueAt } from './layers.ts'
import { nearest } from './nearest.ts'
import { isOwnRule } from '../market/rules/settings.ts'
import { configSchema, containerAt, type TapedeckConfig } from './schema.ts'
import { INHERITED } from './universe-schema.ts'
import { withPasswordSource } from '../system/password-source.ts'
import { scrubUrls } from './secrets.ts'

/** Settings given on the command line; the shape of the file, every part optional. */
export type ConfigOverrides = { [key: string]: string | number | boolean | readonly unknown[] | ConfigOverrides | undefined }

export interface LoadOptions {
  /** Path given with `--config`, relative to `cwd`. */
  file?: string | undefined
  env: Environment
  /** Where `tapedeck.yaml` is looked for. */
  cwd: string
  overrides?: ConfigOverrides | undefined
  /** Whether the process runs as root, which puts the data below /var/lib. Found out when absent. */
  asRoot?: boolean | undefined
}

export interface LoadedConfig {
  config: TapedeckConfig
  /** The file that was read, absolute; undefined when there is none. */
  file: string | undefined
  /** Where the setting at a path comes from: `default`, `tapedeck.yaml:3:9`, `environment IB_PORT` or `command line`. */
  sourceOf: (path: Path) => string
}

/** Problems of the command line are listed last. */
const COMMAND_LINE = { text: 'command line', order: 2 ** 41 }

/**
 * Reads all settings.
 *
 * @throws ConfigError `config-invalid`, whose message lists every problem with its place; `config-file-unreadable`.
 */
export function loadConfig({ file, env, cwd, overrides = {}, asRoot = process.getuid?.() === 0 }: LoadOptions): LoadedConfig {
  const chosen = chooseFile(file, env, cwd)
  const fromFile = chosen && readConfigFile(chosen.path, chosen.label, chosen.askedBy)
  const fromEnvironment = readEnvironment(env)
  const commandLine: Layer = { values: overrides, source: () => COMMAND_LINE }
  const layers = [fromFile?.layer, fromEnvironment.layer, commandLine].filter((layer) => layer !== undefined)
  const merged = new MergedLayers(layers)
  const dataDirBase = chosen && merged.layerOf(['dataDir']) === fromFile?.layer ? dirname(chosen.path) : cwd
  const withDefaults = ({ values }: MergedLayers) => ({ dataDir: defaultDataDir(env, asRoot), ...values })
  const findProblems = (some: MergedLayers) =>
    (configSchema.safeParse(withDefaults(some)).error?.issues ?? []).flatMap((issue) => describeIssue(issue, some))

  const parsed = configSchema.safeParse(withDefaults(merged))
  const problems = [...(fromFile?.problems ?? []), ...fromEnvironment.problems]
  // Each layer is also judged without those above it, which may hide a mistake.
  for (const count of layers.keys()) problems.push(...findProblems(new MergedLayers(layers.slice(0, count + 1))))
  if (parsed.success)
    for (const { path, text } of connectionProblems(parsed.data.gateway))
      problems.push({ source: merged.sourceOf(path) ?? COMMAND_LINE, text: `${formatPath(path)}: ${text}` })
  if (!parsed.success || problems.length > 0) throw invalid(problems)

  const rules = withAbsoluteFiles(parsed.data.rules, (file) => absolute(file, chosen ? dirname(chosen.path) : cwd, env))
  const database = withPassword(parsed.data.database, (file) => absolute(file, chosen ? dirname(chosen.path) : cwd, env))
  const config = { ...parsed.data, rules, database, dataDir: absolute(parsed.data.dataDir, dataDirBase, env) }
  return { config, file: chosen?.path, sourceOf: (path) => sourceText(path, merged) }
}

interface ChosenFile {
  path: string
  label: string
  askedBy: string
}

function chooseFile(file: string | undefined, env: Environment, cwd: string): ChosenFile | undefined {
  if (file !== undefined) return { path: resolve(cwd, file), label: file, askedBy: 'given with --config' }
  const named = env['TAPEDECK_CONFIG']
  if (named) return { path: resolve(cwd, named), label: named, askedBy: 'named by TAPEDECK_CONFIG' }
  const label = 'tapedeck.yaml'
  const path = join(cwd, label)
  return existsSync(path) ? { path, label, askedBy: 'found in this folder' } : undefined
}

/** `/var/lib/tapedeck` for root, else `$XDG_DATA_HOME/tapedeck` or `~/.local/share/tapedeck`. */
export function defaultDataDir(env: Environment, asRoot: boolean): string {
  if (asRoot) return '/var/lib/tapedeck'
  const xdg = env['XDG_DATA_HOME']
  // The XDG specification has relative paths ignored.
  return join(xdg?.startsWith('/') ? xdg : join(home(env), '.local/share'), 'tapedeck')
}

function withAbsoluteFiles(rules: TapedeckConfig['rules'], absolute: (file: string) => string): TapedeckConfig['rules'] {
  return Object.fromEntries(Object.entries(rules).map(([name, own]) => [name, isOwnRule(own) ? { ...own, file: absolute(own.file) } : own]))
}

/** The address so says where its password is. */
function withPassword(database: TapedeckConfig['database'], absolute: (file: string) => string): TapedeckConfig['database'] {
  const { url, passwordCommand, passwordFile } = database
  const names = [passwordCommand && 'database.passwordCommand', passwordFile && 'database.passwordFile'].filter(
    (name) => name !== undefined,
  )
  if (names.length === 0) return database
  const refuse = (text: string) => new ConfigError(`${names.join(' and ')}: ${text}.`, { code: 'config-invalid' })
  if (names.length > 1) throw refuse('expected one of the two, found both')
  if (url === undefined) throw refuse('expected database.url beside it, found none: the private database makes its own password')
  const { password, searchParams } = new URL(url)
  if (password !== '' || searchParams.has('password')) throw refuse('expected database.url without a password beside it, found one in it')
  const file = passwordFile === undefined ? undefined : absolute(passwordFile)
  return {
    ...database,
    ...(file !== undefined && { passwordFile: file }),
    url: withPasswordSource(url, { passwordCommand, passwordFile: file }),
  }
}

const home = (env: Environment) => env['HOME'] || homedir()

function absolute(path: string, base: string, env: Environment): string {
  return path === '~' || path.startsWith('~/') ? join(home(env), path.slice(1)) : resolve(base, path)
}

function sourceText(path: Path, merged: MergedLayers): string {
  if (valueAt(merged.values, path) !== undefined) return merged.sourceOf(path)?.text ?? 'default'
  const [first, second, , own, ...rest] = path
  // What an underlying does not say itself comes from the settings beside it.
  if (first === 'universe' && second === 'underlyings' && typeof own === 'string' && INHERITED.includes(own))
    return sourceText([first, own, ...rest], merged)
  return 'default'
}

function describeIssue(issue: z.core.$ZodIssue, merged: MergedLayers): Problem[] {
  const path = issue.path as Path
  const found = valueAt(merged.values, path)
  const problem = (at: Path, text: string, part: 'name' | 'value' = 'value'): Problem => ({
    source: merged.sourceOf(at, part) ?? COMMAND_LINE,
    text: `${formatPath(at)}: ${text}`,
  })
  const [section, name = '', ...rest] = path.map(String)
  // Without a file it can only have been meant for one of the rules that there are.
  if (section === 'rules' && name !== '' && !containerAt(['rules', name]) && (rest.length === 0 || found === undefined))
    return [problem(['rules', name], unknownName(name, ['rules']), 'name')]
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => problem([...path, key], unknownName(key, path), 'name'))
  if (issue.code === 'invalid_union' && isSection(found)) {
    // A section was meant: its own problems say more than "neither this nor that".
    const inner = issue.errors.find((errors) => errors.every(({ path: at, code }) => at.length > 0 || code === 'unrecognized_keys'))
    if (inner) return inner.flatMap((error) => describeIssue({ ...error, path: [...path, ...error.path] }, merged))
  }
  const quote = issue.code === 'invalid_type' && issue.expected === 'string' && (typeof found === 'number' || typeof found === 'boolean')
  return [problem(path, `expected ${issue.message}, found ${show(path, found)}${quote ? '; put it in quotes' : ''}`)]
}

function unknownName(name: string, path: Path): string {
  if (path[0] === 'rules' && path.length === 2 && name === 'file') return `${path[1]} is a rule of the program; give yours another name`
  const container = containerAt(path)
  const names = container?.kind === 'section' ? container.names : []
  const meant = nearest(name, names)
  const own = path[0] === 'rules' && path.length === 1 ? '; a rule of your own names its file' : ''
  return `there is no such setting; ${meant ? `did you mean ${meant}?` : `known here: ${names.join(', ')}${own}`}`
}

/** A text below `database` and the address of the webhook are never shown: they may be or hold a secret. */
function show(path: Path, value: unknown): string {
  if (value === undefined || value === null) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a section'
  if (typeof value !== 'string') return JSON.stringify(value)
  if (path[0] === 'database' || formatPath(path) === 'webhook.url')
    return /^[a-z]+(?=:\/\/)/i.exec(value) ? `another text (${value.slice(0, value.indexOf(':'))}://…)` : 'another text'
  const safe = scrubUrls(value)
  return JSON.stringify(safe.length > 60 ? `${safe.slice(0, 60)}…` : safe)
}

function invalid(problems: Problem[]): ConfigError {
  const ordered = problems.toSorted((a, b) => a.source.order - b.source.order)
  const lines = [...new Set(ordered.map(({ source, text }) => `  ${source.text}  ${text}`))]
  const count = lines.length === 1 ? 'One setting is wrong' : `${lines.length} settings are wrong`
  return new ConfigError(`${count}:\n${lines.join('\n')}`, { code: 'config-invalid' })
}
