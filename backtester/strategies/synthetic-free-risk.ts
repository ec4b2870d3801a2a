/**
 * Synthetic free risk: buys a stock and a put and sells a call of a higher strike where that costs less than the put's strike is worth today, by the
 * detector of that name with the thresholds of a preset, and holds the package until its options expire. What it brings at the least is the edge that
 * was found; where the stock ends above the put's strike it is more, up to the call's.
 */

import { z } from 'zod'

import { syntheticFreeRisk as detector } from '../../market/arbitrage/detectors/synthetic-free-risk.ts'
import { withPreset } from '../../market/arbitrage/settings.ts'
import type { Strategy } from '../engine/strategy.ts'
import { onlyWith } from './arbitrage-taker.ts'
import { Packages } from './packages.ts'

const params = z.strictObject({
  preset: z
    .enum(['conservative', 'balanced', 'aggressive', 'settings'])
    .default('balanced')
    .describe('Thresholds: profit, return, capital, days, strikes, spread, certainty. Those of a preset, or of the settings.'),
  entry: z.enum(['combo', 'legs']).default('combo').describe('All legs at once, or orders of the single legs, with leg risk.'),
  packages: z
    .union([z.literal('all'), z.int().min(1)])
    .default('all')
    .describe('Most packages of one opportunity.'),
})

export const syntheticFreeRisk: Strategy<z.infer<typeof params>> = {
  name: 'synthetic-free-risk',
  version: '1',
  params,
  arbitrage: (settings, { preset }) => onlyWith(preset === 'settings' ? settings : withPreset(settings, preset), [detector.name]),
  create: (context, { entry, packages }) => new Packages(context, { entry, packages, mend: 'unwind', patienceMs: 1000 }).handlers(),
}
