/** How a test waits for a condition: far longer than it takes, since the runner's default of a second is a race on a busy machine. */

export const PATIENTLY = { timeout: 9000, interval: 10 }
