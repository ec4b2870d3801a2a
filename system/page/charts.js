/*
 * Draws the charts of a page with uPlot: runs in the browser, as a plain script, since modules are not loaded from a file. Colours follow the
 * page's style sheet, so that a chart is drawn anew when the reader changes to dark, and light for paper.
 */
;(() => {
  'use strict'

  const PAPER_WIDTH = 680
  const LINE_HEIGHT = 260
  const ROW_HEIGHT = 26
  const AXES_HEIGHT = 60
  /** Dashes tell the lines apart where colours do not. */
  const DASHES = [[], [8, 4], [2, 3], [12, 4, 2, 4], [4, 4], [1, 2]]
  const charts = JSON.parse(document.getElementById('charts').textContent)
  const drawn = []
  let onPaper = false

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim()
  const seriesColour = (i) => colour(`--series-${(i % 6) + 1}`)
  const font = () => `12px ${getComputedStyle(document.body).fontFamily}`

  /** Doubles out of base64; what is not known is null, which draws nothing. */
  function decoded(base64) {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
    return Array.from(new Float64Array(bytes.buffer), (value) => (Number.isNaN(value) ? null : value))
  }

  function axis(more) {
    const line = { stroke: colour('--grid'), width: 1 }
    return { stroke: colour('--ink'), font: font(), grid: line, ticks: line, ...more }
  }

  const figure = (value, unit) => (value === null ? '' : `${Number(value.toPrecision(4)).toLocaleString('en-US')}${unit}`)

  /** Labels under the middle of their bars or points; of many, as many as have room. */
  function labelAxis({ labels }, width) {
    const most = Math.max(1, Math.floor((width - 64) / 90))
    const step = Math.ceil(labels.length / most)
    const shown = labels.map((_, i) => i).filter((i) => i % step === 0)
    return axis({ splits: () => shown, values: () => shown.map((i) => labels[i]), grid: { show: false } })
  }

  function rangeOf({ range, series }, from) {
    if (range) return () => range
    const values = series.flatMap(({ values }) => decoded(values)).filter((value) => value !== null)
    const high = Math.max(0, ...values)
    return () => [from ?? Math.min(...values), high === 0 ? 1 : high * 1.08]
  }

  /** Bars of several series stand beside each other. */
  const drawBars = (values) => (plot) => {
    const { ctx } = plot
    // A single bar needs no more than a part of the width.
    const group = Math.min(0.8 / values.length, 0.5, (plot.scales.x.max - plot.scales.x.min) / 10)
    const floor = plot.valToPos(0, 'y', true)
    ctx.save()
    for (const [i, ofSeries] of values.entries()) {
      ctx.fillStyle = seriesColour(i)
      for (const [at, value] of ofSeries.entries()) {
        if (value === null) continue
        const left = plot.valToPos(at + group * (i - values.length / 2), 'x', true)
        const right = plot.valToPos(at + group * (i + 1 - values.length / 2), 'x', true)
        const top = plot.valToPos(value, 'y', true)
        ctx.fillRect(left, top, right - left - devicePixelRatio, floor - top)
      }
    }
    ctx.restore()
  }

  /** Values over labels. */
  function overLabels(chart, width) {
    const { labels, series, unit, kind } = chart
    const isBars = kind === 'bars'
    const values = series.map(({ values }) => decoded(values))
    return {
      data: [labels.map((_, i) => i), ...values],
      options: {
        height: LINE_HEIGHT,
        scales: { x: { time: false, range: () => [-0.6, labels.length - 0.4] }, y: { range: rangeOf(chart, 0) } },
        axes: [labelAxis(chart, width), axis({ size: 64, values: (_, ticks) => ticks.map((tick) => figure(tick, unit)) })],
        series: [
          { label: 'Label', value: (_, i) => labels[i] ?? '' },
          ...series.map(({ name }, i) => ({
            label: name,
            stroke: seriesColour(i),
            fill: isBars ? seriesColour(i) : undefined,
            width: 2,
            dash: DASHES[i % DASHES.length],
            paths: isBars ? () => null : undefined,
            points: { show: !isBars, size: 7, fill: seriesColour(i) },
            value: (_, value) => figure(value ?? null, unit),
          })),
        ],
        hooks: { draw: isBars ? [drawBars(values)] : [] },
      },
    }
  }

  /** A row for each label, with a bar from each begin to its end. Short spans are drawn wide enough to be seen. */
  function spans({ labels, series }, width) {
    const [from, to, row] = series.map(({ values }) => decoded(values))
    const begin = Math.min(...from)
    const end = Math.max(...to)
    const margin = Math.max(60, (end - begin) * 0.02)
    const utc = (seconds) => new Date(seconds * 1000).toISOString()
    const format = end - begin > 2 * 86_400 ? (s) => utc(s).slice(5, 10) : (s) => utc(s).slice(11, 16)
    const wide = Math.min(260, width * 0.35)
    const cut = (label) => (label.length * 7.4 > wide ? `${label.slice(0, Math.floor(wide / 7.4) - 1)}…` : label)
    const draw = (plot) => {
      const { ctx } = plot
      ctx.save()
      for (let i = 0; i < from.length; i++) {
        const left = plot.valToPos(from[i], 'x', true)
        const right = plot.valToPos(to[i], 'x', true)
        const middle = plot.valToPos(row[i], 'y', true)
        const height = ROW_HEIGHT * 0.55 * devicePixelRatio
        ctx.fillStyle = seriesColour(row[i])
        ctx.fillRect(left, middle - height / 2, Math.max(2 * devicePixelRatio, right - left), height)
      }
      ctx.restore()
    }
    return {
      data: [
        [begin - margin, end + margin],
        [0, 0],
      ],
      options: {
        height: AXES_HEIGHT + ROW_HEIGHT * labels.length,
        legend: { show: false },
        cursor: { show: false },
        scales: {
          x: { time: false, range: () => [begin - margin, end + margin] },
          y: { range: () => [-0.5, labels.length - 0.5], dir: -1 },
        },
        axes: [
          axis({
            space: 70,
            values: (_, ticks) => ticks.map(format),
            incrs: [60, 300, 900, 3600, 7200, 14_400, 43_200, 86_400, 604_800, 2_592_000],
          }),
          axis({ size: wide + 12, splits: () => labels.map((_, i) => i), values: () => labels.map(cut), grid: { show: false } }),
        ],
        series: [{}, { stroke: 'transparent', points: { show: false } }],
        hooks: { draw: [draw] },
      },
    }
  }

  /** `2014-06-05` of days, `06-05 13:30` within them; UTC, as the values are. */
  const timeText = (seconds, step) => {
    const text = new Date(seconds * 1000).toISOString()
    return step >= 86_400 ? text.slice(0, 10) : text.slice(5, 16).replace('T', ' ')
  }

  /** Arrows whose tips are at their values. */
  const drawArrows = (series, values) => (plot) => {
    const { ctx } = plot
    const size = 6 * devicePixelRatio
    const [times] = values
    ctx.save()
    for (const [i, { style }] of series.entries()) {
      if (style !== 'up' && style !== 'down') continue
      const away = style === 'up' ? size : -size
      ctx.fillStyle = seriesColour(i - 1)
      for (const [at, value] of values[i].entries()) {
        if (value === null) continue
        const x = plot.valToPos(times[at], 'x', true)
        const y = plot.valToPos(value, 'y', true)
        ctx.beginPath()
        ctx.moveTo(x, y)
        ctx.lineTo(x - size * 0.7, y + 1.6 * away)
        ctx.lineTo(x + size * 0.7, y + 1.6 * away)
        ctx.fill()
      }
    }
    ctx.restore()
  }

  /** Values over time: the first series is the times, in seconds. */
  function overTime({ series, unit, range }) {
    const values = series.map(({ values }) => decoded(values))
    const isArrow = ({ style }) => style === 'up' || style === 'down'
    const steps = values[0].slice(1).map((time, i) => time - values[0][i])
    const isDays = steps.every((step) => step >= 20 * 3600)
    return {
      data: values,
      options: {
        height: LINE_HEIGHT,
        // Room for a label at the very end.
        padding: [null, 36, null, null],
        tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'UTC'),
        // A single moment has no width of its own.
        scales: {
          x: { range: (_, from, to) => (from === to ? [from - 43_200, to + 43_200] : [from, to]) },
          y: range ? { range: () => range } : {},
        },
        axes: [
          axis({
            space: 90,
            values: (_, ticks, _axis, _space, step) => ticks.map((tick) => timeText(tick, isDays ? Math.max(step, 86_400) : step)),
          }),
          axis({ size: 72, values: (_, ticks) => ticks.map((tick) => figure(tick, unit)) }),
        ],
        series: [
          { label: 'Time', value: (_, seconds) => (seconds === null ? '' : timeText(seconds, isDays ? 86_400 : 0)) },
          ...series.slice(1).map(({ name, style }, i) => ({
            label: name,
            stroke: seriesColour(i),
            fill: style === 'area' ? `${seriesColour(i)}33` : undefined,
            width: 1.5,
            dash: series.length > 2 && !series.some(isArrow) ? DASHES[i % DASHES.length] : undefined,
            spanGaps: true,
            paths: isArrow({ style }) ? () => null : undefined,
            points: { show: false },
            value: (_, value) => figure(value ?? null, unit),
          })),
        ],
        hooks: { draw: [drawArrows(series, values)] },
      },
    }
  }

  function drawAll() {
    for (const plot of drawn.splice(0)) plot.destroy()
    for (const place of document.querySelectorAll('[data-chart]')) {
      const chart = charts[place.dataset.chart]
      const width = onPaper ? PAPER_WIDTH : Math.max(240, place.clientWidth)
      const make = { spans, times: overTime }[chart.kind] ?? overLabels
      const { data, options } = make(chart, width)
      drawn.push(
        new uPlot(
          { legend: { show: chart.series.length > (chart.kind === 'times' ? 2 : 1) || chart.kind === 'lines' }, ...options, width },
          data,
          place,
        ),
      )
    }
  }

  let pending
  addEventListener('resize', () => {
    cancelAnimationFrame(pending)
    pending = requestAnimationFrame(drawAll)
  })
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawAll)
  const paper = (isPaper) => () => {
    onPaper = isPaper
    document.documentElement.classList.toggle('paper', isPaper)
    drawAll()
  }
  addEventListener('beforeprint', paper(true))
  addEventListener('afterprint', paper(false))
  drawAll()
})()
