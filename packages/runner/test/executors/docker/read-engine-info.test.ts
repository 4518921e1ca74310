import type Docker from 'dockerode'
import { expect, it } from 'vitest'
import { readEngineInfo } from '../../../src/executors/docker/read-engine-info.js'

const read = (info: object) => readEngineInfo({ info: async () => info } as unknown as Docker)

it.for([
  ['20.10.24+dfsg1', true],
  ['29.4.9', true],
  ['29.5.0', true],
  ['29.5.1', false],
  ['29.10.0', false],
  ['30.0.0-rc.1', false],
  ['', false],
  ['library-import', false],
] as const)('of the version %s: a warning is %s', async ([ServerVersion, isWarned]) => {
  const { warning } = await read({ ServerVersion })

  expect(warning !== undefined).toBe(isWarned)
  if (isWarned) expect(warning).toContain(`the Docker engine ${ServerVersion} is older than 29.5.1`)
})

it('knows whether there is an init', async () => {
  const [there, absent, unsaid] = await Promise.all([
    read({ InitCommit: { ID: 'de40ad0' } }),
    read({ InitCommit: { ID: 'N/A' } }),
    read({}),
  ])

  expect([there.hasInit, absent.hasInit, unsaid.hasInit]).toEqual([true, false, true])
})
