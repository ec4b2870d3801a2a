/** The dashboards as they are shipped, as JSON: what Grafana gets, and not what the sources say. */

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { packageRoot } from '../../../system/package-root.ts'

export const DASHBOARDS = join(packageRoot(), 'compose', 'grafana', 'dashboards')

export interface Target {
  refId: string
  datasource: { type: string; uid: string }
  /** PromQL. */
  expr?: string
  instant?: boolean
  legendFormat?: string
  /** SQL. */
  rawSql?: string
  format?: 'table' | 'time_series'
}

export interface Panel {
  id: number
  type: string
  title: string
  description?: string
  gridPos: { x: number; y: number; w: number; h: number }
  interval?: string
  targets?: Target[]
  options?: Record<string, unknown> & { legend?: { showLegend: boolean } }
  fieldConfig?: {
    defaults: { unit?: string; noValue?: string }
    overrides: { matcher: { id: string; options: unknown }; properties: { id: string; value: unknown }[] }[]
  }
}

export interface Variable {
  name: string
  type: string
  query: string | { query: string }
  multi?: boolean
  includeAll?: boolean
  allValue?: string
  datasource: { type: string; uid: string }
}

export interface ShippedDashboard {
  uid: string
  title: string
  time: { from: string; to: string }
  panels: Panel[]
  templating: { list: Variable[] }
}

export const dashboardFiles = (): string[] => readdirSync(DASHBOARDS).filter((file) => file.endsWith('.json'))

export function shippedDashboards(): ShippedDashboard[] {
  return dashboardFiles().map((file) => JSON.parse(readFileSync(join(DASHBOARDS, file), 'utf8')) as ShippedDashboard)
}

/** Dashboard, panel and target of each query, with a name for messages. */
export function queriesOf(
  dashboards: readonly ShippedDashboard[],
): { name: string; dashboard: ShippedDashboard; panel: Panel; target: Target }[] {
  return dashboards.flatMap((dashboard) =>
    dashboard.panels.flatMap((panel) =>
      (panel.targets ?? []).map((target) => ({ name: `${dashboard.title}: ${panel.title} ${target.refId}`, dashboard, panel, target })),
    ),
  )
}
