/**
 * Settings come in layers: the file, the environment, the command line, each over the one before. Sections are merged,
 * lists are replaced whole. Every setting remembers the layer it came from.
 */

import { containerAt } from './schema.ts'

export type Path = readonly (string | number)[]

/** Where a setting stands, as text for a person, and its place in a list of problems. */
export interface Source {
  text: string
  order: number
}

export interface Layer {
  values: object
  /** Where in the layer the setting at `path` stands; `name`: the place of its name instead of its value. */
  source(path: Path, part: 'name' | 'value'): Source
}

export interface Problem {
  source: Source
  text: string
}

/** `universe.underlyings[0].strikes` */
export function formatPath(path: readonly PropertyKey[]): string {
  return path.map((key, index) => (typeof key === 'number' ? `[${key}]` : `${index === 0 ? '' : '.'}${String(key)}`)).join('')
}

export function isSection(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function valueAt(values: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined),
    values,
  )
}

/** The layers laid over each other, lowest first. */
export class MergedLayers {
  /** Without prototype: a file may hold a key called `__proto__`. */
  readonly values: Record<string, unknown> = Object.create(null) as Record<string, unknown>
  readonly #layers = new Map<string, Layer>()

  constructor(layers: Layer[]) {
    for (const layer of layers) this.#lay(this.values, layer.values, layer, [])
  }

  /** The layer that gives `path`, or the nearest setting around it. */
  layerOf(path: Path): Layer | undefined {
    for (let length = path.length; length > 0; length--) {
      const layer = this.#layers.get(formatPath(path.slice(0, length)))
      if (layer) return layer
    }
    return undefined
  }

  /** The place that `path` comes from; undefined when no layer has it. */
  sourceOf(path: Path, part: 'name' | 'value' = 'value'): Source | undefined {
    return this.layerOf(path)?.source(path, part)
  }

  #lay(target: Record<string, unknown>, values: object, layer: Layer, above: Path): void {
    for (const [key, value] of Object.entries(values) as [string, unknown][]) {
      const path = [...above, key]
      // A section whose lines are all commented out is no section at all.
      if (value === undefined || (value === null && containerAt(path))) continue
      this.#layers.set(formatPath(path), layer)
      if (!isSection(value)) {
        target[key] = value
        continue
      }
      const below = isSection(target[key]) ? target[key] : (Object.create(null) as Record<string, unknown>)
      target[key] = below
      this.#lay(below, value, layer, path)
    }
  }
}
