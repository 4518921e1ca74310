import type { Result } from '@rgrid/sdk'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, vi } from 'vitest'
import type { KillPoint } from './kill-points.js'
import type { Random } from './random.js'
import type { RunnerProcess } from './runner-process.js'
import type { Step } from './steps.js'
import { findFaults, KINDS, submit, type Kind, type Work } from './work.js'
import type { World } from './world.js'

/** What happened in one round. */
export interface Round {
  readonly point: string
  /** What was seen of each execution when the runner was killed, and how it ended. */
  readonly ends: readonly { readonly seen: Step; readonly end: string }[]
  readonly kinds: readonly Kind[]
  /** Whether the moment came; else the runner was killed when nothing more happened. */
  readonly wasReached: boolean
  readonly results: readonly Result[]
  /** What is wrong: nothing, when all is well. */
  readonly faults: readonly string[]
}

const REACHED_WITHIN_MS = 20_000
const CLEAN_WITHIN_MS = 20_000
const ENDED_WITHIN_MS = 60_000
const MORE_KINDS = 3

/**
 * Submits a few scripts, kills the runner at a moment, starts the next, waits for the end of all, and looks at what is
 * left. Returns the runner that lives.
 */
export async function runRound(
  world: World,
  random: Random,
  victim: RunnerProcess,
  { point, seed }: { readonly point: KillPoint; readonly seed: string },
): Promise<[Round, RunnerProcess]> {
  const kinds = chooseKinds(random, point)
  const newImage = kinds.includes('newcomer') ? await world.makeImage() : ''
  const context = { client: world.client, directory: world.directory, ...world.canary, newImage }
  const delayMs = random.below(point.delayMs + 1)
  const killed = point.step === undefined ? killIdle(victim, delayMs) : killAt(world, victim, point, delayMs)
  if (point.step === undefined) await killed
  const works = kinds.map((kind, index) => submit(context, kind, `${seed}.${index} `))
  const over = Promise.all(works.map(({ execution }) => execution)).then(() => sleep(2_000))
  const late = sleep(REACHED_WITHIN_MS, undefined, { ref: false })
  const wasReached = await Promise.race([
    killed.then(() => true),
    over.then(() => false),
    late.then(() => false),
  ])
  world.listInstances()
  await victim.kill()
  world.steps.disarm()
  const seen = works.map(({ execution: { id } }) => world.steps.getLast(id))

  const runner = await startNext(world, random)
  const results = await waitForAll(works)
  const faults = await checkAll(world, works, results)
  const left = await waitUntilClean(world, runner)
  const ended = results.filter((result) => result !== undefined)
  const ends = results.map(describeEnd).map((end, index) => ({ seen: seen[index] ?? 'submitted', end }))
  const round = { point: point.name, ends, kinds, wasReached, results: ended, faults: [...faults, ...left] }
  return [round, runner]
}

function chooseKinds(random: Random, { needs }: KillPoint): Kind[] {
  const others = Array.from({ length: 1 + random.below(MORE_KINDS) }, () => random.pick(KINDS))
  return random.shuffle([needs ?? random.pick(KINDS), ...others])
}

async function killIdle(victim: RunnerProcess, delayMs: number): Promise<void> {
  await sleep(delayMs)
  await victim.kill()
}

function killAt(
  { steps, listInstances }: World,
  victim: RunnerProcess,
  { step = 'submitted', isDropped = false, delayMs: maxDelayMs }: KillPoint,
  delayMs: number,
): Promise<void> {
  return new Promise((resolve) => {
    const kill = async (): Promise<void> => {
      listInstances()
      await victim.kill()
      resolve()
    }
    steps.arm(step, async () => {
      if (maxDelayMs === 0) await kill()
      else void sleep(delayMs).then(kill)
      return isDropped ? 'drop' : 'go'
    })
  })
}

/** What has become of executions since they had ended: nothing, when all is well. */
export async function findChanges(world: World, rounds: readonly Round[]): Promise<string[]> {
  const changes: string[] = []
  for (const { id, record } of rounds.flatMap(({ results }) => results)) {
    const now = await world.client.get(id)
    if (JSON.stringify(now) !== JSON.stringify(record))
      changes.push(`${id} was ${record.status}, is ${now.status}`)
    if (world.canary.countStarts(id) > 1) changes.push(`${id} was started again`)
  }
  return changes
}

/** Starts the next runner; now and then one before it is killed while it starts and clears up. */
async function startNext(world: World, random: Random): Promise<RunnerProcess> {
  if (random.below(4) === 0) {
    const early = await world.startRunner()
    early.claims.catch(() => undefined)
    await sleep(200 + random.below(1_500))
    world.listInstances()
    await early.kill()
  }
  const runner = await world.startRunner()
  await runner.claims
  return runner
}

/** The results of works, as far as they have one in time. */
function waitForAll(works: readonly Work[]): Promise<(Result | undefined)[]> {
  const late = sleep(ENDED_WITHIN_MS, undefined, { ref: false })
  return Promise.all(works.map(({ execution }) => Promise.race([execution, late])))
}

async function checkAll(
  world: World,
  works: readonly Work[],
  results: readonly (Result | undefined)[],
): Promise<string[]> {
  const faults: string[] = []
  for (const [index, work] of works.entries()) {
    const result = results[index]
    if (result === undefined) {
      faults.push(`${work.kind} ${work.execution.id} has no final state`)
      continue
    }
    const wasStarted = world.steps.hasSeen(result.id, 'start-answered')
    faults.push(...(await findFaults(work, result, world.canary.countStarts(result.id), wasStarted)))
  }
  return faults
}

async function waitUntilClean(world: World, runner: RunnerProcess): Promise<string[]> {
  let left: string[] = []
  const look = async (): Promise<void> => {
    left = await world.findLeft(runner)
    expect(left).toEqual([])
  }
  await vi.waitFor(look, { timeout: CLEAN_WITHIN_MS, interval: 100 }).catch(() => undefined)
  return left
}

function describeEnd(result: Result | undefined): string {
  if (result === undefined) return 'no end'
  const { status, attempt, phases } = result.record
  return `${status}${attempt > 1 ? ' after being queued again' : ''}${phases === null ? '' : `, ${phases.container}`}`
}
