/** How a unit test waits for a condition: for as long as its own time-out allows, since the runner's default of a second is a race on a busy machine. */

export const PATIENTLY = { timeout: 9000, interval: 10 }
