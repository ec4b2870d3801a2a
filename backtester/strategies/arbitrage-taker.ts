/**
 * Trades what the detectors of arbitrage find, at the prices at which they found it, leg by leg with leg risk or as combos, and holds each package
 * until its options expire (`intrinsic` is exercised the same evening). Its log has each opportunity by its number: the edge that was found, and
 * what was left of it before fees.
 */

import { z } from 'zod'

import { DETECTORS } from '../../market/arbitrage/detectors/index.ts'
import type { ArbitrageSettings } from '../../market/arbitrage/settings.ts'
import { withPreset } from '../../market/arbitrage/settings.ts'
import type { Strategy } from '../engine/strategy.ts'
import { Packages } from './packages.ts'

const NAMES = DETECTORS.map(({ name }) => name)

const params = z.strictObject({
  detectors: z
    .string()
    .refine(
      (text) => text === 'all' || text.split(',').every((name) => NAMES.includes(name)),
      `expected all, or some of ${NAMES.join(',')}`,
    )
    .default('all')
    .describe('Detectors to listen to, with commas between; all: those that the settings turn on.'),
  preset: z
    .enum(['settings', 'conservative', 'balanced', 'aggressive'])
    .default('settings')
    .describe('Thresholds of the detectors: those of the settings, or of a preset.'),
  certainty: z.enum(['any', 'guaranteed']).default('any').describe('Whether what is only expected is taken too.'),
  entry: z.enum(['legs', 'combo']).default('legs').describe('Orders of the single legs, with leg risk, or all legs at once.'),
  packages: z
    .union([z.literal('all'), z.int().min(1)])
    .default('all')
    .describe('Most packages of one opportunity.'),
  mend: z
    .enum(['complete', 'unwind'])
    .default('complete')
    .describe('Where some legs are filled: trade those that are missing at the market, or trade back the others.'),
  patienceMs: z.number().min(0).default(1000).describe('Milliseconds until what is missing counts as missed.'),
})

export const arbitrageTaker: Strategy<z.infer<typeof params>> = {
  name: 'arbitrage-taker',
  version: '1',
  params,
  arbitrage(settings, { preset, detectors }) {
    const chosen = preset === 'settings' ? settings : withPreset(settings, preset)
    return detectors === 'all' ? chosen : onlyWith(chosen, detectors.split(','))
  },
  create(context, { entry, mend, packages, patienceMs, certainty }) {
    return new Packages(context, {
      entry,
      mend,
      packages,
      patienceMs,
      refusal: ({ opened }) => (certainty === 'guaranteed' && opened.certainty !== 'guaranteed' ? 'it is only expected' : undefined),
    }).handlers()
  },
}

/** The same settings with these detectors on and all others off. */
export function onlyWith(settings: ArbitrageSettings, detectors: readonly string[]): ArbitrageSettings {
  return { ...settings, detectors: Object.fromEntries(NAMES.map((name) => [name, detectors.includes(name) ? 'on' : 'off'])) }
}
