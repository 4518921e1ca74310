import { LIMITS, RETRIED_CAUSES, retriesSchema } from '@rgrid/protocol'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text as readText } from 'node:stream/consumers'
import { describe, expect, it, vi } from 'vitest'
import type { RunOptions } from '../../src/run-options.js'
import type { RGridClient } from '../../src/types.js'
import { createDirectory } from '../temporary-directory.js'
import { createTestContext, type Surroundings } from './support/create-test-context.js'
import { createFakeExecution } from './support/fake-execution.js'

function setUp(surroundings: Surroundings = {}) {
  const run = vi.fn<RGridClient['run']>(() => createFakeExecution().execution)
  const cli = createTestContext({ ...surroundings, client: { run } })
  const options = (): RunOptions => run.mock.calls[0]?.[1] ?? {}
  return { ...cli, client: { run }, options }
}

async function writeEnvFile(text: string | Uint8Array): Promise<{ cwd: string }> {
  const cwd = await createDirectory()
  await writeFile(join(cwd, 'vars'), text)
  return { cwd }
}

describe('the command line of run', () => {
  it('leaves everything behind the script to the script', async () => {
    const { run, client, options } = setUp()

    await run('run', '--timeout', '2s', 'train.py', '--timeout', '9', '-d', '--json', '--', '-e', 'x')

    expect(client.run.mock.calls[0]?.[0]).toBe('train.py')
    expect(options()).toMatchObject({
      args: ['--timeout', '9', '-d', '--json', '--', '-e', 'x'],
      timeoutMs: 2_000,
      env: {},
    })
  })

  it('passes --help behind the script on', async () => {
    const { run, options } = setUp()

    await run('run', 'a.py', '--help')

    expect(options().args).toEqual(['--help'])
  })

  it('sends files along unless --no-upload says otherwise', async () => {
    const first = setUp()
    const second = setUp()

    await first.run('run', 'a.py')
    await second.run('run', '--no-upload', 'a.py')

    expect([first.options().upload, second.options().upload]).toEqual([true, false])
  })

  it.each([
    [[], undefined],
    [['--cache'], true],
    [['--cache-failures'], { failures: true, network: false }],
    [['--cache', '--cache-network'], { failures: false, network: true }],
    [['--cache-failures', '--cache-network'], { failures: true, network: true }],
  ] as const)('asks the cache with %j for %j', async (flags, cache) => {
    const { run, options } = setUp()

    await run('run', ...flags, 'a.py')

    expect(options().cache).toEqual(cache)
  })

  it('gathers labels', async () => {
    const { run, options } = setUp()

    await run('run', '--label', 'a=1', '--label', 'b=x=y', 'a.py')

    expect(options().labels).toEqual({ a: '1', b: 'x=y' })
  })

  it('gathers what is to come home, and what is not', async () => {
    const { run, options } = setUp()

    await run('run', '--output', 'out', '--exclude-output', '*.tmp', '--output', '*.csv', 'a.py')

    expect(options().outputs).toEqual(['out', '*.csv', '!*.tmp'])
  })

  it('takes along inputs, and the standard input only when that is asked for', async () => {
    const { run, options } = setUp({ stdin: 'piped' })

    await run('run', '--input', 'data/**', '--input', '!data/x', '--writable-inputs', '--stdin', 'a.py')

    expect(options()).toMatchObject({ inputs: ['data/**', '!data/x'], writableInputs: true })
    expect(await readText(options().stdin as AsyncIterable<Buffer>)).toBe('piped')
  })

  it('does not wait for somebody to type a standard input', async () => {
    const cli = setUp()
    Object.assign(cli.context.stdin, { isTTY: true })

    expect(await cli.run('run', '--stdin', 'a.py')).toBe(2)
    expect(cli.stderr()).toContain('--stdin: the standard input is a terminal: pipe something in')
    expect(cli.client.run).not.toHaveBeenCalled()
  })

  it('leaves out what was not asked for', async () => {
    const { run, options } = setUp()

    await run('run', 'a.py')

    expect(Object.keys(options()).sort()).toEqual(['args', 'cwd', 'env', 'upload'])
  })

  it.for([
    ['500ms', 500],
    ['2s', 2_000],
    ['1.5m', 90_000],
    ['1h', 3_600_000],
    ['30', 30_000],
    ['0.5', 500],
  ] as const)('reads the timeout %s', async ([text, ms]) => {
    const { run, options } = setUp()

    await run('run', '--timeout', text, 'a.py')

    expect(options().timeoutMs).toBe(ms)
  })

  it.for(['0', '-1', 'soon', '', '1d', '1e3', 'NaN'])('refuses the timeout "%s"', async (text) => {
    const { run, client, stderr } = setUp()

    expect(await run('run', `--timeout=${text}`, 'a.py')).toBe(2)

    expect(client.run).not.toHaveBeenCalled()
    expect(stderr()).toMatch(/^rgrid: option '--timeout <time>' .*500ms.*\n$/)
  })

  it.for(['node22', 'ruby3.3'])('leaves it to the client which runtimes there are: %s', async (runtime) => {
    const { run, options } = setUp()

    await run('run', '--runtime', runtime, 'a.py')

    expect(options()).toMatchObject({ runtime })
  })

  it('refuses an unknown executor', async () => {
    const { run, stderr } = setUp()

    expect(await run('run', '--executor', 'vm', 'a.py')).toBe(2)

    expect(stderr()).toMatch(/^rgrid: .*docker, process\n$/)
  })
})

describe('what a script may use', () => {
  it('is asked for in units of everyday', async () => {
    const { run, options } = setUp()

    await run(
      ...['run', '--cpus', '0.5', '--memory', '1.5g', '--pids', '8', '--disk', '100', '--network', 'bridge'],
      ...['--image', 'me/tools:1', '--isolation', 'shared', '--requirements', 'deps.txt', 'a.py'],
    )

    expect(options()).toMatchObject({
      cpus: 0.5,
      memoryMib: 1536,
      pids: 8,
      diskMib: 100,
      network: 'bridge',
      image: 'me/tools:1',
      isolation: 'shared',
      requirements: 'deps.txt',
    })
  })

  it.for([
    ['64', 64],
    ['64m', 64],
    ['64M', 64],
    ['64MiB', 64],
    ['1g', 1024],
    ['2Gib', 2048],
    ['1t', 1024 * 1024],
  ] as const)('reads %s', async ([text, mib]) => {
    const { run, options } = setUp()

    await run('run', '--memory', text, '--disk', text, 'a.py')

    expect(options()).toMatchObject({ memoryMib: mib, diskMib: mib })
  })

  it.for([
    ['--memory', '0'],
    ['--memory', '-5'],
    ['--memory', '1.5m'],
    ['--memory', '64k'],
    ['--disk', 'much'],
    ['--disk', ''],
    ['--cpus', '0'],
    ['--cpus', 'two'],
    ['--pids', '0.5'],
    ['--network', 'host'],
    ['--isolation', 'none'],
  ] as const)('is refused as %s %s', async ([flag, value]) => {
    const { run, client, stderr } = setUp()

    expect(await run('run', `${flag}=${value}`, 'a.py')).toBe(2)

    expect(client.run).not.toHaveBeenCalled()
    expect(stderr()).toMatch(new RegExp(`^rgrid: option '${flag} .+\\n$`))
  })

  it('includes no packages with --no-dependencies', async () => {
    const { run, options } = setUp()

    await run('run', '--no-dependencies', 'a.py')

    expect(options().dependencies).toBe(false)
  })
})

describe('-e', () => {
  it.for([
    ['A=1', { A: '1' }],
    ['A=', { A: '' }],
    ['A=b=c', { A: 'b=c' }],
    ['HOME_TOWN', { HOME_TOWN: 'Ulm' }],
  ] as const)('reads %s', async ([flag, env]) => {
    const { run, options } = setUp({ env: { HOME_TOWN: 'Ulm', OTHER: 'not sent' } })

    await run('run', '-e', flag, 'a.py')

    expect(options().env).toEqual(env)
  })

  it('lets the last of a name win', async () => {
    const { run, options } = setUp()

    await run('run', '-e', 'A=1', '-e', 'A=2', 'a.py')

    expect(options().env).toEqual({ A: '2' })
  })

  it.for(['=x', '', 'NOT_SET', 'A B=1', '1A=1', 'A\n=1'])('refuses "%s"', async (flag) => {
    const { run, client, stderr } = setUp()

    expect(await run('run', '-e', flag, 'a.py')).toBe(2)

    expect(client.run).not.toHaveBeenCalled()
    expect(stderr()).toMatch(/^rgrid: -e .+\n$/)
  })
})

describe('--env-file', () => {
  it('reads quotes, comments, export, CRLF and a byte order mark', async () => {
    const text = `\ufeff# first\r\nA=1\r\n\r\nexport B="x y" # why\r\nC='it''s'\r\nD="two\r\nlines"\r\nE=`
    const { run, options } = setUp(await writeEnvFile(text))

    await run('run', '--env-file', 'vars', 'a.py')

    expect(options().env).toEqual({ A: '1', B: 'x y', C: 'it', D: 'two\nlines', E: '' })
  })

  it('comes before -e, which has the last word', async () => {
    const { run, options } = setUp(await writeEnvFile('A=file\nB=file'))

    await run('run', '-e', 'A=flag', '--env-file', 'vars', 'a.py')

    expect(options().env).toEqual({ A: 'flag', B: 'file' })
  })

  it.for([
    ['A=1\n\nno value\n', 'line 3'],
    ['# x\n=1\n', 'line 2'],
    ['A B=1\n', 'line 1'],
    ['1A=1\n', 'line 1'],
    ['A=1\nB="open\nC=2\n', 'line 2'],
    ['A=x\0y\n', 'line 1'],
  ] as const)('refuses %j naming the file and the line', async ([text, line]) => {
    const { run, client, stderr } = setUp(await writeEnvFile(text))

    expect(await run('run', '--env-file', 'vars', 'a.py')).toBe(2)

    expect(client.run).not.toHaveBeenCalled()
    expect(stderr()).toMatch(new RegExp(`^rgrid: vars, ${line}: .+\\n$`))
  })

  it('never repeats a line, which may hold a secret', async () => {
    const { run, stderr } = setUp(await writeEnvFile('sk_secret\n'))

    await run('run', '--env-file', 'vars', 'a.py')

    expect(stderr()).not.toContain('sk_secret')
  })

  it.for([
    ['a directory', '.'],
    ['a missing file', 'missing'],
    ['a device without end', '/dev/zero'],
  ] as const)('refuses %s', async ([, file]) => {
    const { run, stderr } = setUp(await writeEnvFile(''))

    expect(await run('run', '--env-file', file, 'a.py')).toBe(2)

    expect(stderr()).toMatch(/^rgrid: --env-file .+\n$/)
  })

  it('refuses bytes that are not UTF-8', async () => {
    const { run, stderr } = setUp(await writeEnvFile(Buffer.from([0x41, 0x3d, 0xff])))

    expect(await run('run', '--env-file', 'vars', 'a.py')).toBe(2)

    expect(stderr()).toBe('rgrid: --env-file vars is not UTF-8 text\n')
  })
})

describe('what is tried again', () => {
  it.for<[string[], RunOptions['retries']]>([
    [['--retries', '3'], { exit: 3 }],
    [['--retry', 'lost=2'], { lost: 2 }],
    [['--retry', 'exit:75=3'], { exit: { codes: [75], times: 3 } }],
    [['--retry', 'exit:75,76=1', '--retry', 'signal=1'], { exit: { codes: [75, 76], times: 1 }, signal: 1 }],
    [['--retry', 'oom=1'], { out_of_memory: { memoryMib: 'x2', times: 1 } }],
    [['--retries', '3', '--retry', 'timeout=1'], { exit: 3, timeout: 1 }],
    [['--retries', '3', '--retry', 'exit:75=1'], { exit: { codes: [75], times: 1 } }],
    [['--retry', 'image_pull=10'], { image_pull: 10 }],
  ])('is read from %j', async ([flags, retries]) => {
    const { run, options } = setUp()

    expect(await run('run', ...flags, 'a.py')).toBe(0)

    expect(options().retries).toEqual(retries)
    expect(retriesSchema.safeParse(retries).success).toBe(true)
  })

  it.for([
    'lost',
    'lost=11',
    'lost=-1',
    'cancelled=1',
    'exit:0=1',
    'exit:x=1',
    'exit:256=1',
    'lost:75=1',
    '=1',
  ])('is refused with what can be written: --retry %s', async (text) => {
    const { run, client, stderr } = setUp()

    expect(await run('run', '--retry', text, 'a.py')).toBe(2)

    expect(client.run).not.toHaveBeenCalled()
    expect(stderr()).toMatch(/^rgrid: option '--retry <cause=times>' .*lost=2, exit:75,76=3 or oom=1.*\n$/)
  })

  it('is refused where one cause is there twice', async () => {
    const { run, stderr } = setUp()

    expect(await run('run', '--retry', 'exit:75=1', '--retry', 'exit:76=1', 'a.py')).toBe(2)

    expect(stderr()).toContain('exit is there twice')
  })

  it('knows every cause and the limit that the server has', async () => {
    for (const cause of Object.keys(RETRIED_CAUSES)) {
      const { run } = setUp()
      const name = cause === 'out_of_memory' ? 'oom' : cause

      expect(await run('run', '--retry', `${name}=${LIMITS.retriesPerCause}`, 'a.py'), cause).toBe(0)
    }
    expect(await setUp().run('run', '--retries', String(LIMITS.retriesPerCause + 1), 'a.py')).toBe(2)
  })
})

describe('the priority', () => {
  it.for([LIMITS.priorityMin, 0, LIMITS.priorityMax])('may be %i', async (priority) => {
    const { run, options } = setUp()

    await run('run', '--priority', String(priority), 'a.py')

    expect(options().priority).toBe(priority)
  })

  it.for(['101', '-101', '1.5', 'high', ''])('is refused when it is "%s"', async (text) => {
    const { run, stderr } = setUp()

    expect(await run('run', `--priority=${text}`, 'a.py')).toBe(2)

    expect(stderr()).toContain('from -100 to 100')
  })
})
