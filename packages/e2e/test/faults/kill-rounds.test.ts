import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hasDocker } from '../support/requirements.js'
import { createStranger, getState, askEngine, remove } from './support/engine.js'
import { KILL_POINTS } from './support/kill-points.js'
import { findChanges, runRound, type Round } from './support/kill-round.js'
import { createRandom } from './support/random.js'
import { summarize } from './support/summarize.js'
import { openWorld, type World } from './support/world.js'

const ROUNDS = Number(process.env['RGRID_FAULT_ROUNDS'] ?? 4)
const SEED = Number(process.env['RGRID_FAULT_SEED'] ?? Date.now() % 2 ** 31)
const ROUND_MS = 120_000

describe.runIf(await hasDocker())(`kill -9 of the runner, seed ${SEED}`, () => {
  let world: World | undefined
  const strangers: string[] = []

  beforeAll(async () => {
    world = await openWorld()
    strangers.push(await createStranger({}))
    strangers.push(await createStranger({ labels: { 'rgrid.instance': 'another' } }))
    // As if of a dead runner, but of one that had another data directory.
    strangers.push(await createStranger({ labels: { 'rgrid.instance': '4194303-deadbeef' } }))
    await askEngine('POST', `/containers/${strangers[1] ?? ''}/start`)
  })
  afterAll(async () => {
    for (const id of strangers) await remove(id)
    await world?.close()
  })

  test(
    `${ROUNDS} rounds leave nothing, lose no execution and start no script twice`,
    async () => {
      if (world === undefined) return
      const random = createRandom(SEED)
      const rounds: Round[] = []
      let points = random.shuffle(KILL_POINTS)
      let runner = await world.startRunner()
      await runner.claims

      for (let number = 0; number < ROUNDS; number++) {
        if (points.length === 0) points = random.shuffle(KILL_POINTS)
        const point = points.shift()
        if (point === undefined) break
        const [round, next] = await runRound(world, random, runner, { point, seed: `${SEED}.${number}` })
        runner = next
        rounds.push(round)
        if (process.env['RGRID_FAULT_VERBOSE'] !== undefined)
          process.stderr.write(`${JSON.stringify({ ...round, results: undefined })}\n`)
      }

      process.stderr.write(`${summarize(rounds)}\n`)
      expect(rounds.flatMap(({ point, faults }) => faults.map((fault) => `${point}: ${fault}`))).toEqual([])
      expect(await findChanges(world, rounds)).toEqual([])
      expect(await runner.stop()).toBe(0)
      expect(await world.findLeft()).toEqual([])
      expect(await Promise.all(strangers.map(getState))).toEqual(['created', 'running', 'created'])
    },
    ROUNDS * ROUND_MS,
  )
})
