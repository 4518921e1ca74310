import { Readable } from 'node:stream'
import type { Running } from '../../src/executors/executor.js'

/** A script that has ended with an exit code, and has printed nothing. */
export const createEndedScript = (exitCode: number): Running => ({
  stdout: Readable.from([]),
  stderr: Readable.from([]),
  exit: Promise.resolve({
    cause: 'exit',
    exitCode,
    signal: null,
    message: null,
    usage: { wallMs: 1, cpuSeconds: null, peakMemoryBytes: null },
  }),
  signal: async () => undefined,
})
