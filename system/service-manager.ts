/**
 * Tells systemd how a service is doing, as sd_notify(3) does: ready, alive, stopping, and in words. Node.js has no datagrams over Unix sockets,
 * so the program `systemd-notify`, a part of systemd, sends them; it waits until systemd has taken the message, and the unit allows it by
 * NotifyAccess=all. One after the other, so that they arrive in order.
 */

import { spawn } from 'node:child_process'

export interface ServiceManagerOptions {
  env: NodeJS.ProcessEnv
  pid: number
  /** The message could not be sent; called once. */
  onError: (error: Error) => void
}

export interface ServiceManager {
  /** How often `alive` must be told, in milliseconds; undefined when nobody waits for it. */
  watchdogMs: number | undefined
  /** @param assignments as in `READY=1`, `STATUS=recording` */
  tell: (...assignments: string[]) => Promise<void>
}

/** Undefined when nobody listens: the process was not started as a service that notifies. */
export function serviceManager({ env, pid, onError }: ServiceManagerOptions): ServiceManager | undefined {
  if (!env['NOTIFY_SOCKET']) return undefined
  let sending = Promise.resolve()
  let hasFailed = false
  const send = (assignments: readonly string[]) =>
    new Promise<void>((resolve) => {
      const failed = (error: Error) => {
        if (!hasFailed) onError(error)
        hasFailed = true
        resolve()
      }
      const child = spawn('systemd-notify', [...assignments], { stdio: 'ignore', env })
      child.once('error', failed)
      child.once('exit', (code, signal) => (code === 0 ? resolve() : failed(new Error(`systemd-notify ended with ${code ?? signal}`))))
    })
  const watched = Number(env['WATCHDOG_USEC'] ?? 0)
  const isOurs = env['WATCHDOG_PID'] === undefined || Number(env['WATCHDOG_PID']) === pid
  return {
    watchdogMs: watched > 0 && isOurs ? watched / 1000 : undefined,
    tell: (...assignments) => {
      sending = sending.then(() => send(assignments))
      return sending
    },
  }
}
