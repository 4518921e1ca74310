import { specSchema, type Offer, type SpecInput } from '@rgrid/protocol'
import { describe, expect, test } from 'vitest'
import { fitsOffer } from '../../src/store/fits-offer.js'
import { toNeeds } from '../../src/store/needs.js'
import { createDockerOffer, createOffer, createSpec } from '../server-fixture.js'

const fits = (offer: Offer, over: Partial<SpecInput>): boolean =>
  fitsOffer(offer, toNeeds(specSchema.parse(createSpec(over))))

describe('an offer of containers', () => {
  const docker = createDockerOffer()

  test.for<Partial<SpecInput>>([
    {},
    { executor: 'docker' },
    { network: 'none' },
    { network: 'bridge' },
    { resources: { cpus: 2, memoryMib: 4096, pids: 256, diskMib: 10_240 } },
    { resources: { cpus: 0.1 } },
    { image: 'python:3.12-slim' },
  ])('fits %j', (over) => {
    expect(fits(docker, over)).toBe(true)
  })

  test.for<Partial<SpecInput>>([
    { executor: 'process' },
    { runtime: 'bash' },
    { image: 'python:3.12-slim', runtime: 'bash' },
    { resources: { cpus: 2.1 } },
    { resources: { memoryMib: 4097 } },
    { resources: { pids: 257 } },
    { resources: { diskMib: 10_241 } },
    { resources: { cpus: 1, memoryMib: 4097 } },
    { image: 'evil/x' },
    { image: 'evil/python:3' },
  ])('does not fit %j', (over) => {
    expect(fits(docker, over)).toBe(false)
  })

  test('fits no network that it does not name', () => {
    expect(fits(createDockerOffer({ networks: ['none'] }), { network: 'bridge' })).toBe(false)
    expect(fits(createDockerOffer({ networks: ['bridge'] }), { network: 'none' })).toBe(false)
  })
})

describe('an offer that holds scripts to nothing', () => {
  // It may say what it likes of networks and images: without isolation there are none to choose.
  const process = createOffer({ networks: ['none', 'bridge'], images: ['*'] })

  test.for<Partial<SpecInput>>([{}, { executor: 'process' }, { network: 'bridge' }, { resources: {} }])(
    'fits %j',
    (over) => {
      expect(fits(process, over)).toBe(true)
    },
  )

  test.for<Partial<SpecInput>>([
    { network: 'none' },
    { image: 'python:3' },
    { resources: { cpus: 0.1 } },
    { resources: { memoryMib: 6 } },
    { resources: { pids: 1 } },
    { resources: { diskMib: 1 } },
  ])('does not fit %j', (over) => {
    expect(fits(process, over)).toBe(false)
  })
})
