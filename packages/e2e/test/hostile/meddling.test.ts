import { setTimeout as sleep } from 'node:timers/promises'
import type { Execution } from '@rgrid/sdk'
import { describe, expect, test } from 'vitest'
import { hasDocker } from '../support/requirements.js'
import { askEngine } from './support/engine.js'
import { createStage } from './support/stage.js'

const WAIT = `
import os, signal, time
signal.signal(signal.SIGTERM, lambda *_: os._exit(9))
print('up', flush=True)
time.sleep(60)
`

const isUp = async (execution: Execution): Promise<void> => {
  for await (const { text } of execution.logs()) if (text.includes('up')) return
}

describe.runIf(await hasDocker())('a person who meddles with containers', () => {
  const stage = createStage()
  const cpus = 1

  /** Runs a script, and asks the engine for something in the middle of it. */
  const meddle = async (verb: string, timeoutMs = 60_000, source = WAIT) => {
    const execution = stage.world.run(source, { cpus, timeoutMs })
    await isUp(execution)
    const container = await stage.world.findContainer(execution.id)
    const method = verb.startsWith('?') ? 'DELETE' : 'POST'
    const startedAt = performance.now()
    await askEngine(method, `/containers/${container?.Id}${verb}`)
    const result = await stage.finish(execution)
    return { result, afterMs: performance.now() - startedAt }
  }

  test.concurrent('F48: removes one: that is what is told', async () => {
    const { result, afterMs } = await meddle('?force=1')

    expect(['container_removed', 'signal']).toContain(result.cause)
    expect(result).toMatchObject({ ok: false, stdout: 'up\n' })
    expect(afterMs).toBeLessThan(10_000)
  })

  test.concurrent('F48: stops one: the true end is told', async () => {
    const { result } = await meddle('/stop?t=2')

    expect(result.status).toBe('failed')
    expect(['signal', 'exit']).toContain(result.cause)
    expect([9, 137, 143]).toContain(result.exitCode)
  })

  test.concurrent('F48: kills one: the true end is told', async () => {
    const { result } = await meddle('/kill')

    expect(result).toMatchObject({ status: 'failed', cause: 'signal', signal: 'SIGKILL' })
  })

  test.concurrent('F48: pauses one: its timeout still ends it', async () => {
    const { result, afterMs } = await meddle('/pause', 2_000)

    expect(result).toMatchObject({ status: 'timed_out', cause: 'timeout' })
    expect(afterMs).toBeLessThan(15_000)
  })

  test.concurrent('F48: pauses one, and lets it go on: nothing is lost', async () => {
    const source = `
import time
print('up', flush=True)
time.sleep(0.5)
print('on', flush=True)
`
    const execution = stage.world.run(source, { cpus })
    await isUp(execution)
    const container = await stage.world.findContainer(execution.id)
    await askEngine('POST', `/containers/${container?.Id}/pause`)
    await sleep(1_500)
    await askEngine('POST', `/containers/${container?.Id}/unpause`)

    expect(await stage.finish(execution)).toMatchObject({ status: 'completed', stdout: 'up\non\n' })
  })

  test('F45: stops the runner: the script still ends in time, and is told as timed out', async () => {
    const timeoutMs = 2_000
    const source = `
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print('up', flush=True)
while True:
    with open('beat', 'w') as file: file.write(str(time.time()))
    time.sleep(0.05)
`
    const execution = stage.world.run(source, { cpus, timeoutMs })
    await isUp(execution)
    const startedAt = Date.now()
    const { pid } = stage.world.runner
    process.kill(pid, 'SIGSTOP')
    await sleep(timeoutMs + 6_000)
    process.kill(pid, 'SIGCONT')
    const result = await stage.finish(execution)
    const beat = Number(await result.artifacts[0]?.text()) * 1000

    expect(result).toMatchObject({ status: 'timed_out', cause: 'timeout' })
    expect(beat - startedAt).toBeGreaterThan(timeoutMs - 500)
    expect(beat - startedAt).toBeLessThan(timeoutMs + 5_000)
  })
})
