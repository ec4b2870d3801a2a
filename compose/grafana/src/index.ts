/** The dashboards that are shipped: `npm run dashboards` writes each to compose/grafana/dashboards/<uid>.json. */

import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'

import { arbitrageDashboard } from './arbitrage.ts'
import { collectorDashboard } from './collector.ts'
import { databaseDashboard } from './database.ts'
import { marketDashboard } from './market.ts'
import { qualityDashboard } from './quality.ts'

/** Their panels numbered from 1, as Grafana wants them. */
export function dashboards(): Dashboard[] {
  return [collectorDashboard(), marketDashboard(), qualityDashboard(), arbitrageDashboard(), databaseDashboard()].map((builder) => {
    const dashboard = builder.build()
    for (const [i, panel] of (dashboard.panels ?? []).entries()) panel.id = i + 1
    return dashboard
  })
}
