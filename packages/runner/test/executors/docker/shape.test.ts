import { LIMITS } from '@rgrid/protocol'
import { describe, expect, it } from 'vitest'
import { getDefaultResources, toShape, type ShapeRequest } from '../../../src/executors/docker/shape.js'
import { createTestImage, PLAIN } from './test-shape.js'

const IMAGE = createTestImage('python')
const LAYER = { key: 'layer', directory: '/layers/layer', kind: 'python' } as const
const keyOf = (change: Partial<ShapeRequest>, image = IMAGE): string =>
  toShape({ ...PLAIN, ...change }, image).key

describe('the key of a shape', () => {
  it.for<[string, Partial<ShapeRequest>]>([
    ['its resources', { resources: { memoryMib: 64 } }],
    ['its network', { network: 'bridge' }],
    ['its dependencies', { layer: LAYER }],
    ['its isolation', { isolation: 'shared' }],
  ])('tells %s apart', ([, change]) => {
    expect(keyOf(change)).not.toBe(keyOf({}))
  })

  it('tells images apart by what they are, not by their names', () => {
    expect(keyOf({}, createTestImage('python', 'other'))).not.toBe(keyOf({}))
    expect(keyOf({}, createTestImage('another-name', IMAGE.id))).toBe(keyOf({}))
  })

  it('is the same for a default and for the same number asked for', () => {
    const asked = { resources: getDefaultResources(), network: 'none' } as const

    expect(keyOf(asked)).toBe(keyOf({}))
    expect(keyOf({ resources: { cpus: undefined, memoryMib: undefined } })).toBe(keyOf({}))
  })

  it('does not depend on the script or the project where nothing is shared', () => {
    expect(keyOf({ project: 'other', scriptSha256: 'b'.repeat(64) })).toBe(keyOf({}))
  })

  it.for<[string, Partial<ShapeRequest>]>([
    ['scripts', { scriptSha256: 'b'.repeat(64) }],
    ['projects', { project: 'other' }],
  ])('tells %s apart where containers are shared', ([, change]) => {
    expect(keyOf({ isolation: 'shared', ...change })).not.toBe(keyOf({ isolation: 'shared' }))
  })

  it('cannot be made alike by a project that is named cleverly', () => {
    const shared = { isolation: 'shared' } as const

    expect(keyOf({ ...shared, project: 'a","b', scriptSha256: 'c' })).not.toBe(
      keyOf({ ...shared, project: 'a', scriptSha256: 'b","c' }),
    )
  })
})

describe('the resources of a shape', () => {
  it('are the defaults where nothing is asked for', () => {
    const { resources, network, isShared } = toShape({ ...PLAIN, resources: { pids: 7 } }, IMAGE)

    expect(resources).toMatchObject({
      memoryMib: LIMITS.memoryDefaultMib,
      diskMib: LIMITS.diskDefaultMib,
      pids: 7,
    })
    expect([network, isShared]).toEqual(['none', false])
  })

  it('are no more CPUs than the machine has', () => {
    expect([1, 2, 64].map((cpus) => getDefaultResources(cpus).cpus)).toEqual([1, 2, LIMITS.cpusDefault])
  })
})
