/**
 * Asks a real Grafana for the health of both data sources, and runs every query of every Tapedeck dashboard through it.
 *
 *   GRAFANA_TOKEN=… node smoke.mjs http://127.0.0.1:3000 [--from TIME] [--to TIME]
 *
 * Exits with 1 when a data source is unwell, a dashboard is missing, or a query fails. A query without rows is no failure.
 */

import { parseArgs } from 'node:util'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { from: { type: 'string', default: '' }, to: { type: 'string', default: '' } },
})
const [grafana] = positionals
const { GRAFANA_TOKEN: token, GRAFANA_USER: user, GRAFANA_PASSWORD: password } = process.env
if (!grafana || (!token && !user)) {
  console.error(
    'expected: GRAFANA_TOKEN=… node smoke.mjs http://127.0.0.1:3000 [--from TIME] [--to TIME]; or GRAFANA_USER and GRAFANA_PASSWORD',
  )
  process.exit(2)
}
const to = values.to ? Date.parse(values.to) : Date.now()
const from = values.from ? Date.parse(values.from) : to - 24 * 3_600_000
if (!(from < to)) {
  console.error(`expected --from before --to, both as 2014-06-05T08:00:00Z, found ${values.from} and ${values.to}`)
  process.exit(2)
}
const authorization = token ? `Bearer ${token}` : `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`

async function ask(path, body) {
  const init = body && { method: 'POST', body: JSON.stringify(body) }
  const response = await fetch(new URL(path, grafana), { ...init, headers: { authorization, 'content-type': 'application/json' } })
  const text = await response.text()
  if (!response.ok) throw new Error(`${path}: ${response.status} ${text.slice(0, 300)}`)
  return JSON.parse(text)
}

let failed = 0
const check = async (what, task) => {
  try {
    console.log(`ok    ${what}: ${await task()}`)
  } catch (error) {
    failed++
    console.log(`FAIL  ${what}: ${error.message}`)
  }
}

/** Runs a query of SQL or PromQL as a panel does. Returns the number of rows. */
async function rows(target) {
  const query = { ...target, intervalMs: 60_000, maxDataPoints: 1000 }
  const { results } = await ask('/api/ds/query', { from: String(from), to: String(to), queries: [query] })
  const { error, frames = [] } = results[target.refId] ?? { error: 'no answer' }
  if (error) throw new Error(error)
  return frames.reduce((sum, { data }) => sum + (data?.values?.[0]?.length ?? 0), 0)
}

/** The first value of a variable, or all of them, as the browser puts it into a query. */
async function chosen({ name, query, includeAll, allValue }, put) {
  if (typeof query !== 'string') return [name, '.*']
  if (allValue) return [name, allValue]
  const datasource = { type: 'grafana-postgresql-datasource', uid: 'tapedeck-database' }
  const target = { refId: 'V', datasource, format: 'table', rawQuery: true, rawSql: put(query), intervalMs: 60_000, maxDataPoints: 1000 }
  const { results } = await ask('/api/ds/query', { from: String(from), to: String(to), queries: [target] })
  const found = results.V?.frames?.[0]?.data?.values?.[0] ?? []
  const quoted = (value) => String(value).replaceAll("'", "''")
  return [name, includeAll ? found.map((value) => `'${quoted(value)}'`).join(',') || "''" : quoted(found[0] ?? '')]
}

for (const uid of ['tapedeck-prometheus', 'tapedeck-database'])
  await check(`data source ${uid}`, async () => {
    const { status, message } = await ask(`/api/datasources/uid/${uid}/health`)
    if (status !== 'OK') throw new Error(message)
    return message
  })
for (const uid of ['collector', 'market', 'quality', 'arbitrage', 'database'].map((name) => `tapedeck-${name}`))
  await check(`dashboard ${uid}`, async () => {
    const { dashboard } = await ask(`/api/dashboards/uid/${uid}`)
    const variables = new Map()
    const put = (text) => text.replaceAll(/\$(\w+)/g, (found, name) => variables.get(name) ?? found).replaceAll('$__rate_interval', '1m')
    for (const variable of dashboard.templating.list) variables.set(...(await chosen(variable, put)))
    for (const panel of dashboard.panels)
      for (const target of panel.targets ?? [])
        await check(`${panel.title} ${target.refId}`, async () => {
          const text = target.expr ? { expr: put(target.expr) } : { rawSql: put(target.rawSql) }
          return `${await rows({ ...target, ...text })} rows`
        })
    return `${dashboard.panels.length} panels`
  })
if (failed > 0) console.log(`${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0
