/** The effective settings with where each comes from, for `tapedeck config show`. Passwords are masked. */

import { isSection, formatPath, type Path } from './layers.ts'
import type { LoadedConfig } from './load.ts'
import { splitAddress } from '../system/password-source.ts'
import { maskUrl } from './secrets.ts'
import { formatSize } from './size.ts'

export interface DescribedSetting {
  /** `universe.underlyings[0].symbol` */
  setting: string
  value: unknown
  /** `default`, `tapedeck.yaml:3:9`, `environment IB_PORT` or `command line`. */
  source: string
}

/** One entry per setting, in the order of the schema. `database.url` is null when the embedded server is used. */
export function describeConfig({ config, sourceOf }: LoadedConfig): DescribedSetting[] {
  const { url, passwordCommand, ...database } = config.database
  const { webhook } = config
  const shown = {
    ...config,
    database: {
      url: url === undefined ? null : maskUrl(splitAddress(url).url),
      // It may hold a secret of its own.
      ...(passwordCommand !== undefined && { passwordCommand: '***' }),
      ...database,
    },
    // Who knows the address may post to it.
    webhook: webhook === 'off' ? webhook : { ...webhook, url: new URL(webhook.url).origin },
  }
  return leaves(shown, []).map(({ path, value }) => ({ setting: formatPath(path), value, source: sourceOf(path) }))
}

/** The same as aligned text. */
export function formatSettings(settings: DescribedSetting[]): string {
  const rows = settings.map(({ setting, value, source }) => [
    setting,
    setting.endsWith('Bytes') ? formatSize(Number(value)) : formatValue(value),
    source,
  ])
  const width = (column: number) => Math.max(...rows.map((row) => row[column]?.length ?? 0))
  const widths = [width(0), Math.min(width(1), 60)]
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function formatValue(value: unknown): string {
  if (value === null) return '(none)'
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function leaves(value: unknown, path: Path): { path: Path; value: unknown }[] {
  if (value === undefined) return []
  // A list of words can be too long for one line.
  if (Array.isArray(value) && value.some((element) => isSection(element) || typeof element === 'string'))
    return value.flatMap((element, index) => leaves(element, [...path, index]))
  if (isSection(value)) return Object.entries(value).flatMap(([key, child]) => leaves(child, [...path, key]))
  return [{ path, value }]
}
