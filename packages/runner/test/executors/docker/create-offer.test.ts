import { LIMITS, offerSchema } from '@rgrid/protocol'
import { expect, it } from 'vitest'
import { createOffer, measureMachine } from '../../../src/executors/docker/create-offer.js'
import { DEFAULT_RUNTIMES } from '../../../src/executors/runtimes/runtime-table.js'

const MACHINE = { cpus: 4, memoryMib: 8_192, pids: 1_000, diskMib: 20_000 }

it('offers runtimes with what they are, and no others', () => {
  const offer = createOffer(['python', 'bash'], DEFAULT_RUNTIMES, ['*'], MACHINE)

  expect(offerSchema.parse(offer)).toEqual({
    executor: 'docker',
    runtimes: ['python', 'bash'],
    details: {
      python: {
        image: 'python:3.12-slim',
        command: ['python3'],
        installer: 'pip',
        extensions: ['.py'],
        programs: ['python3', 'python'],
      },
      bash: {
        image: 'debian:stable-slim',
        command: ['bash'],
        installer: null,
        extensions: ['.sh', '.bash'],
        programs: ['bash', 'sh'],
      },
    },
    resources: MACHINE,
    networks: ['none', 'bridge'],
    images: ['*'],
  })
})

it('offers the images that are allowed', () => {
  expect(createOffer([], DEFAULT_RUNTIMES, ['mine/*'], MACHINE).images).toEqual(['mine/*'])
})

it("measures what the engine's machine has, and the disk of this one", async () => {
  const size = { cpus: 3, memoryMib: 1_234 }
  const { cpus, memoryMib, pids, diskMib } = await measureMachine('/tmp', size)

  expect([cpus, memoryMib, pids]).toEqual([3, 1_234, LIMITS.pidsMax])
  expect(diskMib).toBeGreaterThan(0)
  expect(diskMib).toBeLessThanOrEqual(LIMITS.diskMaxMib)
})
