/** The compose file by itself: every profile is accepted, and every service is as sealed as it can be. */

import { readFileSync } from 'node:fs'
import { cp, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { COMPOSE, compose, type Project, REQUIRED, readProject, type Service, settingsOf } from '../support/compose/compose.ts'
import { placeForTest } from '../support/process/command.ts'
import { findTool, noTool } from '../support/tools.ts'

const program = findTool('bin/docker-compose')
const PROFILES = ['record', 'gateway', 'monitor', 'demo']
const everything = ['--profile', '*']

/** That `prepare.sh` makes. */
const PASSWORDS = ['database-password', 'collector-password', 'dashboards-password', 'exporter-password', 'grafana-password']

const text = readFileSync(join(COMPOSE, 'compose.yaml'), 'utf8')
/** Runs once and ends. */
const ONCE = ['ib-gateway-settings', 'database-setup']

describe.skipIf(program === undefined)(
  `the compose file${program === undefined ? ` (skipped: ${noTool('bin/docker-compose')})` : ''}`,
  () => {
    const docker = program ?? ''
    const servicesOf = async (...args: string[]) => Object.entries((await readProject(docker, args)).services)

    it.each([
      ...PROFILES.map((profile) => [profile]),
      ['record', 'gateway'],
      ['record', 'monitor'],
      ['record', 'gateway', 'monitor'],
      ['*'],
    ])('is accepted with the profiles %s %s %s', async (...profiles) => {
      const args = profiles.filter((profile) => profile !== undefined).flatMap((profile) => ['--profile', profile])
      expect(await compose(docker, [...args, 'config', '--quiet'])).toEqual({ code: 0, stdout: '', stderr: '' })
    })

    it('starts what each profile is for, and what that needs', async () => {
      const started = await Promise.all(
        PROFILES.map(async (profile) => (await servicesOf('--profile', profile)).map(([name]) => name).sort()),
      )
      const monitoring = ['alertmanager', 'database-setup', 'grafana', 'postgres-exporter', 'prometheus', 'timescaledb']
      expect(started).toEqual([
        ['collector', 'database-setup', 'timescaledb'],
        ['ib-gateway', 'ib-gateway-settings'],
        monitoring,
        [...monitoring, 'demo-collector', 'demo-gateway'].sort(),
      ])
    })

    it('runs the demonstration as its file of variables says, in a project of its own', async () => {
      const project = await readProject(docker, ['--env-file', join(COMPOSE, 'demo.env')], {})
      expect(project.name).toBe('tapedeck-demo')
      expect(Object.keys(project.services)).toContain('demo-collector')
      expect(project.services['demo-gateway']?.command).toContain('--speed=120')
    })

    it.each(Object.keys(REQUIRED))('refuses to start without %s, and says where it is set', async (name) => {
      const { code, stderr } = await compose(docker, ['config', '--quiet'], { ...REQUIRED, [name]: '' })
      expect(code).not.toBe(0)
      expect(stderr).toMatch(new RegExp(`required variable ${name} is missing a value: set it in compose/.env`))
    })

    it('asks for what is missing in the file of variables that it ships', async () => {
      const { code, stderr } = await compose(docker, ['--env-file', join(COMPOSE, '.env.example'), 'config', '--quiet'], {})
      expect(code).not.toBe(0)
      expect(stderr).toContain('required variable TWS_USERID is missing a value')
    })

    it('lets no service be root, become it, or write to its image', async () => {
      const faults = (await servicesOf(...everything)).flatMap(([name, service]) => {
        const said = unsealed(service)
        return said.length > 0 ? [[name, said]] : []
      })
      expect(Object.fromEntries(faults)).toEqual({
        // It writes its settings beside its programs.
        'ib-gateway': ['writable'],
        // Gives a new volume to the user of the former, and ends.
        'ib-gateway-settings': ['root', 'CHOWN'],
      })
    })

    it('watches, limits and restarts every service that stays', async () => {
      const faults = (await servicesOf(...everything))
        .filter(([name]) => !ONCE.includes(name))
        .map(([name, service]) => [name, unwatched(service)])
      expect(Object.fromEntries(faults.filter(([, said]) => said !== undefined && said.length > 0))).toEqual({
        // The day would begin anew.
        'demo-gateway': ['restart no'],
      })
    })

    it('publishes ports on this machine alone, and none of IB Gateway', async () => {
      const services = await servicesOf(...everything)
      const ports = services.flatMap(([name, { ports = [] }]) => ports.map(({ host_ip, target }) => [name, host_ip, target]))
      expect(ports.filter(([, address]) => address !== '127.0.0.1')).toEqual([])
      expect([...new Set(ports.map(([name]) => String(name)))].sort()).toEqual([
        'alertmanager',
        'collector',
        'demo-collector',
        'grafana',
        'prometheus',
        'timescaledb',
      ])
    })

    it('lets only the collectors speak to a gateway', async () => {
      const services = await servicesOf(...everything)
      const reachable = services.filter(([, { networks }]) => networks && 'tws' in networks).map(([name]) => name)
      expect(reachable.sort()).toEqual(['collector', 'demo-collector', 'demo-gateway', 'ib-gateway'])
      expect(services.find(([name]) => name === 'ib-gateway')?.[1].networks).toEqual({ tws: null })
    })

    it('hands out secrets as files: none is in the environment or in a command', async () => {
      const project = await readProject(docker, everything)
      const values = Object.values(project.services).flatMap(secretValues)
      expect(values.length).toBeGreaterThan(4)
      expect(values.filter((value) => !value.startsWith('/run/secrets/'))).toEqual([])
      expect(Object.values(project.secrets).map(({ file }) => file)).toEqual(
        [...PASSWORDS.toSorted(), 'tws-password'].map((name) => join(COMPOSE, 'secrets', name)),
      )
    })

    it('lets only what sets the database up log in as its owner', async () => {
      const services = await servicesOf(...everything)
      const given = services.flatMap(([name, { secrets = [] }]) => secrets.map(({ source }) => `${name}: ${source}`))
      expect(given.filter((line) => /(database|collector|dashboards|exporter)-password$/.test(line)).sort()).toEqual([
        'collector: collector-password',
        'database-setup: collector-password',
        'database-setup: dashboards-password',
        'database-setup: database-password',
        'database-setup: exporter-password',
        'demo-collector: collector-password',
        'grafana: dashboards-password',
        'postgres-exporter: exporter-password',
        'timescaledb: database-password',
      ])
    })

    it('mounts only what is there', async () => {
      const { services } = await readProject(docker, everything)
      expect(bound(services).map((source) => source.slice(COMPOSE.length + 1))).toEqual([
        'config',
        'grafana/dashboards',
        'grafana/provisioning',
        'ib-gateway',
        'prometheus',
      ])
    })
  },
)

it('names every variable of the compose file where an operator looks for it', () => {
  const guide = readFileSync(join(COMPOSE, '..', 'docs', 'compose.md'), 'utf8')
  const named = new Set([
    ...settingsOf('.env.example'),
    ...settingsOf('demo.env'),
    ...[...guide.matchAll(/`([A-Z_]+)`/g)].map(([, name]) => name),
  ])
  const used = [...new Set([...text.matchAll(/\$\{([A-Z_]+)/g)].map(([, name = '']) => name))]
  expect(used.length).toBeGreaterThan(15)
  expect(used.filter((name) => !named.has(name))).toEqual([])
  expect(
    [...settingsOf('.env.example'), ...settingsOf('demo.env')].filter((name) => !used.includes(name) && !name.startsWith('COMPOSE_')),
  ).toEqual([])
})

it('prepares what git does not hold, and leaves alone what is there', async () => {
  const place = await placeForTest()
  const folder = join(place.folder, 'compose')
  await cp(COMPOSE, folder, { recursive: true, filter: (source) => !isPrepared(source) })
  const prepare = () => place.start(['bash', 'compose/prepare.sh']).ended
  const made = ['.env', 'config/tapedeck.yaml', ...PASSWORDS.map((name) => `secrets/${name}`)]
  const contents = () => Promise.all(made.map((name) => readFile(join(folder, name), 'utf8')))

  expect(await prepare()).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('compose/secrets/tws-password') })
  const first = await contents()
  const passwords = first.slice(2)
  expect(passwords).toEqual(PASSWORDS.map(() => expect.stringMatching(/^[0-9a-f]{48}$/)))
  expect(new Set(passwords).size).toBe(PASSWORDS.length)
  // Others' containers may read the files; others may not enter the folder.
  expect([
    (await stat(join(folder, 'secrets'))).mode & 0o777,
    (await stat(join(folder, 'secrets/database-password'))).mode & 0o777,
  ]).toEqual([0o700, 0o644])
  await writeFile(join(folder, '.env'), 'IB_PORT=4003\n')
  await writeFile(join(folder, 'secrets/tws-password'), 'secret')
  expect((await prepare()).stdout).toBe('ready: compose/.env, compose/config/tapedeck.yaml, compose/secrets\n')
  expect(await contents()).toEqual(['IB_PORT=4003\n', ...first.slice(1)])
})

const isPrepared = (path: string) => /\/compose\/(\.env|secrets|config\/tapedeck\.yaml)$/.test(path)

function unsealed({ user = '', read_only, cap_drop, cap_add = [], security_opt }: Service): string[] {
  return [
    ...(/^(0|root)?(:|$)/.test(user) ? ['root'] : []),
    ...(read_only ? [] : ['writable']),
    ...(cap_drop?.join() === 'ALL' ? [] : ['capabilities']),
    ...cap_add,
    ...(security_opt?.includes('no-new-privileges:true') ? [] : ['new privileges']),
  ]
}

/** One executable with plain arguments: podman splits the words of a health check at blanks, and a shell would hide what it runs. */
function unwatched({ healthcheck, restart = '', mem_limit, pids_limit }: Service): string[] {
  const [kind, ...words] = healthcheck?.test ?? ['NONE']
  const image = healthcheck === undefined ? [] : kind !== 'CMD' || words.some((word) => /\s/.test(word)) ? ['health check'] : []
  return [
    ...image,
    ...(restart === 'unless-stopped' ? [] : [`restart ${restart}`]),
    ...(mem_limit === undefined ? ['memory'] : []),
    ...(pids_limit === undefined ? ['processes'] : []),
  ]
}

function secretValues({ environment = {} }: Service): string[] {
  return Object.entries(environment)
    .filter(([name]) => /PASS/.test(name))
    .map(([, value]) => value)
}

const bound = (services: Project['services']) =>
  [
    ...new Set(
      Object.values(services).flatMap(({ volumes = [] }) => volumes.filter(({ type }) => type === 'bind').map(({ source }) => source)),
    ),
  ].sort()
