import { expect, it } from 'vitest'
import { listSynonyms } from '../../../../src/executors/docker/images/list-synonyms.js'

const DIGITS = 'a'.repeat(64)
const ALL = [
  'python',
  'python:latest',
  'library/python',
  'library/python:latest',
  'docker.io/python',
  'docker.io/python:latest',
  'docker.io/library/python',
  'docker.io/library/python:latest',
]

it.for(ALL)('knows all names of an official image by %s', (name) => {
  expect(listSynonyms(name)).toEqual(ALL)
})

it.for([
  ['python:3.12-slim', ['python:3.12-slim', 'docker.io/library/python:3.12-slim']],
  ['docker.io/mine/tools:1', ['mine/tools:1', 'docker.io/mine/tools:1']],
  ['library/mine/tools:1', ['library/mine/tools:1', 'docker.io/library/mine/tools:1']],
  ['mine/tools', ['mine/tools', 'mine/tools:latest', 'docker.io/mine/tools', 'docker.io/mine/tools:latest']],
  ['localhost:5000/tools:1', ['localhost:5000/tools:1']],
  ['ghcr.io/mine/tools:latest', ['ghcr.io/mine/tools', 'ghcr.io/mine/tools:latest']],
  [`python@sha256:${DIGITS}`, [`python@sha256:${DIGITS}`, `docker.io/library/python@sha256:${DIGITS}`]],
  [`python:3@sha256:${DIGITS}`, [`python@sha256:${DIGITS}`]],
  [`sha256:${DIGITS}`, [DIGITS, `sha256:${DIGITS}`]],
] as const)('knows the other names of %s', ([name, others]) => {
  expect(listSynonyms(name)).toEqual(expect.arrayContaining([...others]))
  expect(listSynonyms(name)[0]).toBe(others[0])
})

it.for(['ghcr.io/tools:1', 'localhost:5000/tools:1', DIGITS])('takes %s for what it says alone', (name) => {
  for (const other of listSynonyms(name)) expect(other).toContain(name)
})

it('never takes the image of somebody for an official one', () => {
  expect(listSynonyms('mine/tools:1')).toEqual(['mine/tools:1', 'docker.io/mine/tools:1'])
})

it.for(['<none>:<none>', '<none>@<none>', '', 'Upper'])(
  'gives nothing for "%s", which is no name',
  (name) => {
    expect(listSynonyms(name)).toEqual([])
  },
)
