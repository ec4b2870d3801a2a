/** Where datasets are kept: a folder each below the data folder, with what it holds in `dataset.json` and its content beside it. */

import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'

import { ConfigError, FeedError } from '../../market/errors.ts'
import { makeFolder, replaceFile, syncFolder } from '../../system/durable-files.ts'
import type { Dataset } from './dataset.ts'

const FOLDER = 'datasets'
const MANIFEST = 'dataset.json'
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/

export class DatasetFolder {
  readonly #folder: string

  constructor(dataDir: string) {
    this.#folder = join(dataDir, FOLDER)
  }

  /** Those that are whole, by name. */
  async list(): Promise<Dataset[]> {
    const names = await readdir(this.#folder).catch(absent)
    const known = (names ?? []).filter((name) => NAME.test(name)).sort()
    const found = await Promise.all(known.map((name) => this.#read(name)))
    return found.filter((dataset) => dataset !== undefined)
  }

  /** @throws ConfigError `dataset-unknown`, naming those there are; FeedError `dataset-damaged` */
  async find(name: string): Promise<Dataset> {
    const found = NAME.test(name) ? await this.#read(name) : undefined
    if (found) return found
    const known = (await this.list()).map((dataset) => dataset.name).join(', ')
    throw new ConfigError(
      `There is no dataset ${JSON.stringify(name)}. ${known === '' ? 'There is none yet: make one with `tapedeck dataset create`.' : `There are: ${known}.`}`,
      { code: 'dataset-unknown' },
    )
  }

  pathOf({ name }: Pick<Dataset, 'name'>, file: string): string {
    return join(this.#folder, name, file)
  }

  /**
   * Has `fill` write the content of a new dataset into a folder that gets its name when it is whole. Leaves nothing behind when it fails.
   *
   * @throws ConfigError `dataset-exists` or `dataset-name`
   */
  async create(name: string, fill: (folder: string) => Promise<Dataset>): Promise<Dataset> {
    if (!NAME.test(name))
      throw new ConfigError(`--name: expected letters, digits, dots, dashes and underscores, found ${JSON.stringify(name)}.`, {
        code: 'dataset-name',
      })
    await this.#refuseExisting(name)
    await makeFolder(this.#folder)
    const partial = join(this.#folder, `.${name}.${randomBytes(4).toString('hex')}`)
    await mkdir(partial)
    try {
      const dataset = await fill(partial)
      await replaceFile(join(partial, MANIFEST), `${JSON.stringify(dataset)}\n`)
      await this.#refuseExisting(name)
      await rename(partial, join(this.#folder, name))
      await syncFolder(this.#folder)
      return dataset
    } catch (error) {
      await rm(partial, { recursive: true, force: true })
      throw error
    }
  }

  /** @throws ConfigError `dataset-unknown` */
  async remove(name: string): Promise<void> {
    await this.find(name)
    // One that is half removed must not look whole.
    const gone = join(this.#folder, `.${name}.${randomBytes(4).toString('hex')}`)
    await rename(join(this.#folder, name), gone)
    await rm(gone, { recursive: true, force: true })
  }

  async #refuseExisting(name: string): Promise<void> {
    if (await this.#read(name))
      throw new ConfigError(
        `There is a dataset ${name} already. Give the new one another --name, or remove it: tapedeck dataset rm ${name}`,
        {
          code: 'dataset-exists',
        },
      )
  }

  /** Undefined when there is none of the name. */
  async #read(name: string): Promise<Dataset | undefined> {
    const path = join(this.#folder, name, MANIFEST)
    const text = await readFile(path, 'utf8').catch(absent)
    if (text === undefined) return undefined
    try {
      const dataset = JSON.parse(text) as Dataset
      if (dataset.format === 1 && dataset.name === name) return dataset
    } catch {
      // Said below.
    }
    throw new FeedError(`${path} is damaged, or of another version of this program. Make the dataset again.`, { code: 'dataset-damaged' })
  }
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error
}
