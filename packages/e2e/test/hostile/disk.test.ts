import { describe, expect, test } from 'vitest'
import { hasDocker } from '../support/requirements.js'
import { getFreeMib } from './support/canaries.js'
import { createStage } from './support/stage.js'

describe.runIf(await hasDocker())('what a hostile script writes', () => {
  const stage = createStage()

  test('H5: a file over the limit ends at it', async () => {
    const source = `
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
for folder in ('/', '/etc', '/usr', '/var', '/rgrid', '/tmp', '/work'):
    written = 0
    try:
        with open(folder + '/x', 'wb', buffering=0) as file:
            while True: written += file.write(bytes(1 << 20))
    except OSError as error: print(folder, written >> 20, error.errno)
`
    const result = await stage.run(source, { cpus: 1 })

    const lines = [
      '/ 0 30',
      '/etc 0 30',
      '/usr 0 30',
      '/var 0 30',
      '/rgrid 0 30',
      '/tmp 64 27',
      '/work 64 27',
    ]
    expect(result.stdout.trim().split('\n')).toEqual(lines)
  })

  /** Runs a script that fills the disk; returns its end and how much room there was less meanwhile. */
  const fill = async (source: string, options: Parameters<typeof stage.run>[1]) => {
    const before = getFreeMib()
    let least = before
    const timer = setInterval(() => (least = Math.min(least, getFreeMib())), 100)
    const result = await stage
      .run(source, { memoryMib: 512, timeoutMs: 60_000, ...options })
      .finally(() => clearInterval(timer))
    return { result, takenMib: before - least }
  }
  // How much may be written between two looks, on a fast disk.
  const OVERSHOOT_MIB = 8192
  const MANY_MIB = 64
  const FEW_MIB = 16

  test.concurrent.for([
    [
      'large files',
      `
for number in range(100000):
    with open(f'file{number}', 'wb', buffering=0) as file:
        for _ in range(32): file.write(bytes(1 << 20))
`,
      MANY_MIB,
    ],
    [
      'small files',
      `
for number in range(10000000):
    with open(f'file{number}', 'wb', buffering=0) as file: file.write(b'x')
`,
      FEW_MIB,
    ],
    ['empty files', `for number in range(10000000): open(f'file{number}', 'wb').close()`, FEW_MIB],
    ['directories', `import os\nfor number in range(10000000): os.mkdir(f'folder{number}')`, FEW_MIB],
    [
      'files that have no name any more',
      `
import os
held = []
for number in range(1000):
    file = open('file', 'wb', buffering=0)
    os.unlink('file')
    for _ in range(32): file.write(bytes(1 << 20))
    held.append(file)
import time
time.sleep(30)
`,
      MANY_MIB,
    ],
    [
      'files below a path that is longer than a path may be',
      `
import os
for _ in range(40):
    os.mkdir('d' * 200)
    os.chdir('d' * 200)
for number in range(100000):
    with open(f'file{number}', 'wb', buffering=0) as file:
        for _ in range(32): file.write(bytes(1 << 20))
`,
      MANY_MIB,
    ],
  ] as const)('H5: %s over the limit end the script', async ([, source, diskMib]) => {
    // Many are made slowly, as it takes long to remove them.
    const { result, takenMib } = await fill(source, { diskMib, cpus: diskMib === FEW_MIB ? 0.2 : 1 })

    expect(result).toMatchObject({ status: 'failed', cause: 'output_limit' })
    expect(result.message).toBe(`the script wrote more than ${diskMib} MiB to its working directory`)
    expect(takenMib).toBeLessThan(OVERSHOOT_MIB)
  })
})
