/** Draws panels with Grafana's own component, in a browser. Bundled by ../draw-panels.ts, which calls `drawPanels`. */

import {
  applyFieldOverrides,
  createDataFrame,
  createTheme,
  dateTime,
  FieldConfigOptionsRegistry,
  FieldType,
  ThemeContext,
} from '@grafana/data'
// Deep: the index loads an editor, maps and more.
import { TimeSeries } from './node_modules/@grafana/ui/dist/esm/graveyard/TimeSeries/TimeSeries.mjs'
import { createElement as h } from 'react'
import { createRoot } from 'react-dom/client'

const TIME_ZONE = 'America/New_York'
const GAP = 8
const TITLE = 28
const CUSTOM = {
  drawStyle: 'line',
  lineInterpolation: 'linear',
  lineWidth: 1,
  fillOpacity: 0,
  gradientMode: 'none',
  showPoints: 'auto',
  pointSize: 5,
  barAlignment: 0,
  stacking: { mode: 'none', group: 'A' },
  axisPlacement: 'auto',
  axisGridShow: true,
  axisBorderShow: false,
}
const theme = createTheme({ colors: { mode: 'light' } })

/** Grafana's server adds what the plugin of the panel takes for granted; so does this, for the properties that our panels set. */
function withDefaults({ defaults, overrides }) {
  return { defaults: { color: { mode: 'palette-classic' }, ...defaults, custom: { ...CUSTOM, ...defaults.custom } }, overrides }
}

/** A property as Grafana's registry describes it: taken as it is. */
const property = (id) => {
  const isCustom = id.startsWith('custom.')
  return { id, path: isCustom ? id.slice('custom.'.length) : id, isCustom, name: id, process: (value) => value, shouldApply: () => true }
}

function registryFor({ defaults, overrides }) {
  const { custom, ...standard } = defaults
  const ids = [
    ...Object.keys(standard),
    ...Object.keys(custom).map((name) => `custom.${name}`),
    ...overrides.flatMap(({ properties }) => properties.map(({ id }) => id)),
  ]
  return new FieldConfigOptionsRegistry(() => [...new Set(ids)].map(property))
}

function framesOf({ series, fieldConfig }) {
  const config = withDefaults(fieldConfig)
  const data = series.map(({ name, times, values }) =>
    createDataFrame({
      fields: [
        { name: 'Time', type: FieldType.time, values: times },
        { name: 'Value', type: FieldType.number, values, config: { displayNameFromDS: name } },
      ],
    }),
  )
  const fieldConfigRegistry = registryFor(config)
  return applyFieldOverrides({
    data,
    fieldConfig: config,
    fieldConfigRegistry,
    replaceVariables: (text) => text,
    theme,
    timeZone: TIME_ZONE,
  })
}

function Panel({ panel, width, height }) {
  const [from, to] = [dateTime(panel.from), dateTime(panel.to)]
  return h(
    'section',
    {
      'data-panel': panel.title,
      style: { width, height, background: theme.colors.background.primary, border: `1px solid ${theme.colors.border.weak}` },
    },
    h(
      'h2',
      {
        style: {
          font: theme.typography.body.fontFamily,
          fontSize: 14,
          fontWeight: 500,
          margin: 0,
          padding: '6px 8px',
          height: TITLE,
          boxSizing: 'border-box',
        },
      },
      panel.title,
    ),
    h(TimeSeries, {
      frames: framesOf(panel),
      legend: panel.legend,
      timeRange: { from, to, raw: { from, to } },
      timeZone: TIME_ZONE,
      width: width - 2,
      height: height - TITLE - 2,
      tweakAxis: (axis) => axis,
      tweakScale: (scale) => scale,
      options: {},
    }),
  )
}

/** Two panels a row, in place of those that were there. Resolves when all are drawn. */
globalThis.drawPanels = async (panels, { width, height }) => {
  const style = {
    display: 'grid',
    gridTemplateColumns: '1fr 1fr',
    gap: GAP,
    padding: GAP,
    background: theme.colors.background.canvas,
    color: theme.colors.text.primary,
    fontFamily: theme.typography.fontFamily,
    fontSize: 12,
    width: 'fit-content',
  }
  const size = { width: (width - 3 * GAP) / 2, height }
  const drawn = panels.map((panel) => h(Panel, { key: panel.title, panel, ...size }))
  document.body.style.margin = '0'
  document.querySelector('main')?.remove()
  const root = document.body.appendChild(document.createElement('main'))
  createRoot(root).render(h(ThemeContext.Provider, { value: theme }, h('div', { id: 'panels', style }, drawn)))
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve))
  while (root.querySelectorAll('canvas').length < panels.length) await frame()
  await document.fonts.ready
  await frame()
  await frame()
}
