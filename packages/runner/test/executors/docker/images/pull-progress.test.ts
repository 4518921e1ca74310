import { describe, expect, it } from 'vitest'
import { createPullProgress, type PullLine } from '../../../../src/executors/docker/images/pull-progress.js'

function follow(...lines: (PullLine & { at?: number })[]): string[] {
  const messages: string[] = []
  let time = 0
  const onLine = createPullProgress(
    'a:1',
    (message) => messages.push(message),
    () => time,
  )
  for (const { at, ...line } of lines) {
    time = at ?? time + 1_000
    onLine(line)
  }
  return messages
}

const loading = (id: string, current: number, total: number): PullLine => ({
  id,
  status: 'Downloading',
  progressDetail: { current, total },
})

describe('createPullProgress', () => {
  it('adds up the layers', () => {
    expect(
      follow(
        { id: '1', status: 'Pulling from a' },
        { id: 'x', status: 'Pulling fs layer', progressDetail: {} },
        { id: 'y', status: 'Waiting', progressDetail: {} },
        loading('x', 10e6, 100e6),
        loading('y', 51e6, 42e6),
        { id: 'x', status: 'Download complete' },
        { id: 'z', status: 'Already exists' },
        { id: 'y', status: 'Pull complete' },
        { status: 'Status: Downloaded newer image for a:1' },
      ),
    ).toEqual([
      'pulling a:1',
      'pulling a:1: 1 layer',
      'pulling a:1: 2 layers',
      'pulling a:1: 10 %, 10 of 100 MB',
      'pulling a:1: 40 %, 61 of 151 MB',
      'pulling a:1: 100 %, 151 of 151 MB',
      'pulling a:1: unpacking',
    ])
  })

  it('speaks twice a second at most', () => {
    const lines = Array.from({ length: 100 }, (_, index) => ({ ...loading('x', index, 100), at: 20 * index }))

    expect(follow(...lines)).toEqual([
      'pulling a:1',
      'pulling a:1: 25 %, 0.0 of 0.0 MB',
      'pulling a:1: 50 %, 0.0 of 0.0 MB',
      'pulling a:1: 75 %, 0.0 of 0.0 MB',
    ])
  })

  it('does not repeat itself', () => {
    expect(follow(loading('x', 1e6, 2e6), loading('x', 1e6, 2e6))).toEqual([
      'pulling a:1',
      'pulling a:1: 50 %, 1.0 of 2.0 MB',
    ])
  })
})
