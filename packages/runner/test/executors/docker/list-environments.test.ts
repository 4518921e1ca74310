import { environmentsSchema, LIMITS } from '@rgrid/protocol'
import { expect, it } from 'vitest'
import { listEnvironments } from '../../../src/executors/docker/list-environments.js'
import { DEFAULT_RUNTIMES } from '../../../src/executors/runtimes/runtime-table.js'

const toId = (digit: string): string => `sha256:${digit.repeat(64)}`
const withImage = (image: string) => ({
  ...DEFAULT_RUNTIMES,
  bash: { ...DEFAULT_RUNTIMES.bash, image },
})

const DEBIAN = { id: toId('a'), names: ['debian:stable-slim', `debian@${toId('d')}`] }
const TOOLS = { id: toId('b'), names: ['mine/tools:latest', 'mine/tools:2'] }

it('names what the runtimes run in whose image is there', () => {
  const { executor, runtimes } = listEnvironments([DEBIAN, TOOLS], DEFAULT_RUNTIMES, [])

  expect([executor, runtimes]).toEqual(['docker', { bash: `docker ${toId('a')}` }])
})

it.for([
  'mine/tools',
  'docker.io/mine/tools:latest',
  TOOLS.id,
  'b'.repeat(64),
  `debian:any@${toId('d')}`,
  'library/debian:stable-slim',
])('finds the image of a runtime by the name %s', (image) => {
  const { runtimes } = listEnvironments([DEBIAN, TOOLS], withImage(image), [])

  expect(runtimes['bash']).toBe(`docker ${image.includes('debian') ? DEBIAN.id : TOOLS.id}`)
})

it('lists images by all names that a script may ask for', () => {
  const { images } = listEnvironments([TOOLS], DEFAULT_RUNTIMES, ['*'])

  expect(Object.keys(images).toSorted()).toEqual(
    [
      ...['mine/tools', 'mine/tools:latest', 'docker.io/mine/tools', 'docker.io/mine/tools:latest'],
      ...['mine/tools:2', 'docker.io/mine/tools:2', 'b'.repeat(64), TOOLS.id],
    ].toSorted(),
  )
  expect(new Set(Object.values(images))).toEqual(new Set([`docker ${TOOLS.id}`]))
})

it('lists no name that is not allowed', () => {
  const { images } = listEnvironments([DEBIAN, TOOLS], DEFAULT_RUNTIMES, ['mine/*', 'debian:*'])

  expect(Object.keys(images)).toEqual(
    expect.arrayContaining(['mine/tools', 'mine/tools:2', 'debian:stable-slim']),
  )
  expect(Object.keys(images)).toHaveLength(4)
})

it('lists no more names than the limit, the most usual first', () => {
  const listed = Array.from({ length: 600 }, (_, index) => ({
    id: `sha256:${String(index).padStart(64, '0')}`,
    names: [`image${index}:1`],
  }))
  const environments = listEnvironments(listed, withImage('image599:1'), ['*'])
  const names = Object.keys(environments.images)

  expect(environmentsSchema.parse(environments).runtimes['bash']).toBe(`docker ${listed[599]?.id}`)
  expect(names).toHaveLength(LIMITS.environmentImages)
  expect(names.filter((name) => /^image\d+:1$/.test(name))).toHaveLength(600)
})

it('leaves out what is no name, or too long for one', () => {
  const names = ['<none>:<none>', '<none>@<none>', `ghcr.io/${'a'.repeat(LIMITS.imageChars)}:1`]
  const { images } = listEnvironments([{ id: toId('c'), names }], DEFAULT_RUNTIMES, ['*'])

  expect(Object.keys(images)).toEqual(['c'.repeat(64), toId('c')])
})
