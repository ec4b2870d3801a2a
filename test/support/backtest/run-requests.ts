/** Requests of runs on datasets of a folder. */

import type { InputRequest } from '../../../backtester/run/input.ts'
import { chooseModel } from '../../../backtester/run/models.ts'
import type { RunSettings } from '../../../backtester/run/result.ts'
import type { RunRequest } from '../../../backtester/run/run.ts'
import { arbitrageSettings } from '../../../market/arbitrage/settings.ts'

export function runSettings(given: Partial<RunSettings> = {}): RunSettings {
  const models = {
    fill: chooseModel('fill', 'touch'),
    latency: chooseModel('latency', 'none'),
    slippage: chooseModel('slippage', 'linear:1'),
    fees: chooseModel('fees', 'percent:0.01'),
    financing: chooseModel('financing', 'fixed:0.05,0.06,0.01'),
  }
  return { cash: 100_000, currency: 'USD', seed: 1, models, ...given }
}

/** Mean reversion that trades often, on the dataset `name`. */
export function runRequest(dataDir: string, name: string, given: Partial<RunRequest> = {}): RunRequest {
  const input: InputRequest = { kind: 'dataset', dataDir, name }
  return {
    strategy: 'z-score',
    cwd: dataDir,
    params: { period: 10, entry: 1, exit: 0.2, short: true },
    settings: runSettings(),
    input,
    arbitrage: arbitrageSettings(),
    codeVersion: '0.0.0',
    startedAt: '2026-01-01T00:00:00Z',
    ...given,
  }
}
