import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { TEST_IMAGES } from '../../require-docker.js'
import { runInContainer, type TestContainer } from './run-in-container.js'
import type { Expected, Probe } from './probe.js'

/** What a probe came to: an error's name, or `ok`. */
export interface ProbeResult {
  readonly probe: Probe
  readonly outcome: string
}

/** Reads a script from this directory. */
export const readScript = (name: string): string => readFileSync(new URL(name, import.meta.url), 'utf8')

/** Makes the system calls in a container, but for those that this architecture does not have. */
export async function probeCalls(
  probes: readonly Probe[],
  setup: Pick<TestContainer, 'profile' | 'isPrivileged'>,
): Promise<ProbeResult[]> {
  const here = probes.filter((probe) => numberOf(probe) !== undefined)
  const calls = JSON.stringify(here.map((probe) => [numberOf(probe), probe.args]))
  const command = ['python3', '-c', readScript('probe-calls.py'), calls]
  const { stdout, stderr } = await runInContainer({ image: TEST_IMAGES['python'] ?? '', command, ...setup })
  if (stdout === '') throw new Error(`the probe said nothing: ${stderr}`)
  const outcomes = z.array(z.string()).length(here.length).parse(JSON.parse(stdout))
  return outcomes.flatMap((outcome, at) => here.slice(at, at + 1).map((probe) => ({ probe, outcome })))
}

/** The results that are not what their probes expect, in words. */
export const findSurprises = (results: readonly ProbeResult[]): string[] =>
  results
    .filter(({ probe, outcome }) => !isExpected(probe.expected, outcome))
    .map(({ probe, outcome }) => `${describeProbe(probe)}: ${outcome} instead of ${probe.expected}`)

/** A probe as a call with its arguments. */
export const describeProbe = ({ call, args }: Probe): string =>
  `${call}(${args.map((arg) => (arg > 9 ? `0x${arg.toString(16)}` : arg)).join(', ')})`

/** Whether an outcome is that of a filter. */
export const isRefusal = (outcome: string): boolean => ['EPERM', 'ENOSYS', 'EAFNOSUPPORT'].includes(outcome)

function isExpected(expected: Expected, outcome: string): boolean {
  if (expected === 'allowed') return !isRefusal(outcome)
  if (expected === 'refused') return outcome === 'EPERM' || outcome === 'ENOSYS'
  return outcome === expected
}

const numberOf = ({ numbers: [x64, arm64] }: Probe): number | undefined =>
  process.arch === 'arm64' ? arm64 : x64
