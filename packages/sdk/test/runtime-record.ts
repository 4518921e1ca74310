import type { RuntimeRecord } from '@rgrid/protocol'

/** A runtime that a runner offers. */
export const createRuntimeRecord = (over: Partial<RuntimeRecord> = {}): RuntimeRecord => ({
  runtime: 'ruby3.3',
  executor: 'docker',
  image: 'ruby:3.3-slim',
  command: ['ruby'],
  installer: null,
  extensions: [],
  programs: [],
  runners: 1,
  ...over,
})
