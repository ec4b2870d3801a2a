/** Loads settings from a folder of its own for every case. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type ConfigOverrides, type LoadedConfig, loadConfig } from '../../../config/load.ts'
import type { TapedeckConfig } from '../../../config/schema.ts'
import { ConfigError } from '../../../market/errors.ts'

export interface Given {
  yaml?: string | Uint8Array
  env?: Record<string, string>
  overrides?: ConfigOverrides
  file?: string
}

/** A new folder with this `tapedeck.yaml` in it. */
export function folderWith(yaml?: string | Uint8Array): string {
  const cwd = mkdtempSync(join(tmpdir(), 'tapedeck-config-'))
  onTestFinished(() => rmSync(cwd, { recursive: true, force: true }))
  if (yaml !== undefined) writeFileSync(join(cwd, 'tapedeck.yaml'), yaml)
  return cwd
}

export function load({ yaml, env = {}, overrides, file }: Given = {}): LoadedConfig {
  return loadConfig({ cwd: folderWith(yaml), env: { HOME: '/home/pat', ...env }, overrides, file, asRoot: false })
}

export const settings = (given: Given): TapedeckConfig => load(given).config

/** The error that is thrown. */
export function failure(given: Given): ConfigError {
  try {
    load(given)
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

/** The problems that are reported, one text each, without the heading. */
export const problems = (given: Given): string[] =>
  failure(given)
    .message.split('\n')
    .slice(1)
    .map((line) => line.trim())
