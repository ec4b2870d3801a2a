/**
 * What the time-series panels showed of the recorded day: series as the database and Prometheus gave them. `npm run pictures` writes it with the
 * queries themselves, so that a query which was changed since is noticed.
 */

import { existsSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { packageRoot } from '../../../system/package-root.ts'
import type { Panel } from './dashboards.ts'
import type { Series } from './frames.ts'

/** `npm run pictures`: tests write what they else compare with. */
export const WRITES_PICTURES = process.env['TAPEDECK_WRITE_PICTURES'] === '1'

export interface RecordedPanel {
  title: string
  queries: string[]
  /** Milliseconds since 1970. */
  from: number
  to: number
  series: Series[]
}

const fileOf = (uid: string) => join(packageRoot(), 'test', 'fixtures', 'dashboards', `${uid}.json`)

export const queriesOfPanel = ({ targets = [] }: Panel): string[] => targets.map(({ rawSql, expr }) => rawSql ?? expr ?? '')

export function recordedPanels(uid: string): RecordedPanel[] {
  return existsSync(fileOf(uid)) ? (JSON.parse(readFileSync(fileOf(uid), 'utf8')) as RecordedPanel[]) : []
}

/** Collects what the panels of a dashboard showed. */
export class PanelRecording {
  readonly #panels = new Map<string, RecordedPanel>()

  /** Of one query of a panel. */
  add(panel: Panel, { from, to }: { from: number; to: number }, series: readonly Series[]): void {
    if (panel.type !== 'timeseries') return
    const recorded = this.#panels.get(panel.title) ?? { title: panel.title, queries: queriesOfPanel(panel), from, to, series: [] }
    recorded.series.push(...series)
    this.#panels.set(panel.title, recorded)
  }

  /** Panels that were recorded before keep their place. Six digits are finer than a pixel. */
  async write(uid: string): Promise<void> {
    const all = new Map(recordedPanels(uid).map((panel) => [panel.title, panel]))
    for (const [title, panel] of this.#panels) all.set(title, panel)
    const short = (_: string, value: unknown) =>
      typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value
    const lines = [...all.values()].map((panel) => JSON.stringify(panel, short))
    if (lines.length > 0) await writeFile(fileOf(uid), `[\n${lines.join(',\n')}\n]\n`)
  }
}
