import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { createInstance, isDeadInstance } from '../src/instance.js'

describe('an instance', () => {
  test('is alive while its process is', () => {
    expect(isDeadInstance(createInstance())).toBe(false)
  })

  test('is dead when its process has ended', async () => {
    const child = execFile('true')
    await once(child, 'close')

    expect(isDeadInstance(`${child.pid ?? 0}-00000000`)).toBe(true)
  })

  test('is dead when nobody has waited for its process yet', async () => {
    // The shell starts a process that ends at once, and becomes one that never waits for it.
    const child = execFile('bash', ['-c', 'true & echo $!; exec sleep 30'])
    const [printed] = (await once(child.stdout ?? child, 'data')) as [string]

    await expect.poll(() => isDeadInstance(`${printed.trim()}-00000000`)).toBe(true)
    child.kill()
  })

  test('is nothing that another name stands for', () => {
    expect(isDeadInstance('blobs')).toBe(false)
  })
})
