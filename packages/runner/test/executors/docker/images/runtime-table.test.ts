import { RUNTIMES } from '@rgrid/protocol'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import {
  DEFAULT_RUNTIMES,
  findCommand,
  loadRuntimes,
  parseRuntimes,
} from '../../../../src/executors/docker/images/runtime-table.js'

async function makeFile(text: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'rgrid-runtimes-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  const file = join(directory, 'runtimes.json')
  await writeFile(file, text)
  return file
}

describe('DEFAULT_RUNTIMES', () => {
  it('has the version that a runtime names', () => {
    for (const runtime of RUNTIMES) {
      const version = /\d.*$/.exec(runtime)?.[0] ?? ''
      expect(DEFAULT_RUNTIMES[runtime].image).toContain(`:${version}`)
    }
  })
})

describe('parseRuntimes', () => {
  it('replaces what is there and keeps the rest', () => {
    const table = parseRuntimes(
      '{ "python3.12": { "image": "my/python", "command": ["python3", "-X", "utf8"] }, "bash": { "installer": "pip" } }',
    )

    expect(table['python3.12']).toEqual({
      image: 'my/python',
      command: ['python3', '-X', 'utf8'],
      installer: 'pip',
    })
    expect(table.bash).toEqual({ image: 'debian:stable-slim', command: ['bash'], installer: 'pip' })
    expect(table.node).toEqual(DEFAULT_RUNTIMES.node)
  })

  it('can take an installer away', () => {
    expect(parseRuntimes('{ "python": { "installer": null } }').python.installer).toBeNull()
  })

  it.for([
    ['{', 'not JSON'],
    ['[]', 'the table: '],
    ['{ "perl": {} }', '"perl" is not a runtime; the runtimes are python, '],
    ['{ "python": 1 }', 'python: '],
    ['{ "python": { "image": "" } }', 'python.image: is not the name of an image'],
    ['{ "python": { "image": "a b" } }', 'python.image: is not the name of an image'],
    ['{ "python": { "command": [] } }', 'python.command: '],
    ['{ "python": { "command": ["python3", 1] } }', 'python.command.1: '],
    ['{ "python": { "installer": "gem" } }', 'python.installer: '],
    ['{ "node20": { "imagé": "a" } }', 'node20: Unrecognized key: "imagé"'],
  ] as const)('refuses %s', ([text, message]) => {
    expect(() => parseRuntimes(text)).toThrow(TypeError)
    expect(() => parseRuntimes(text)).toThrow(message)
  })
})

describe('loadRuntimes', () => {
  it('is the defaults where nothing is set', async () => {
    expect(await loadRuntimes({})).toEqual(DEFAULT_RUNTIMES)
  })

  it('reads a file, and lets single images win over it', async () => {
    const file = await makeFile(
      '{ "python": { "image": "a", "command": ["pypy"] }, "node": { "image": "b" } }',
    )

    const table = await loadRuntimes({ RGRID_RUNTIMES: file, RGRID_IMAGES: 'python=c' })

    expect(table.python).toEqual({ image: 'c', command: ['pypy'], installer: 'pip' })
    expect(table.node.image).toBe('b')
  })

  it('names the file that is wrong', async () => {
    const file = await makeFile('{ "python": { "image": 1 } }')

    await expect(loadRuntimes({ RGRID_RUNTIMES: file })).rejects.toThrow(
      `RGRID_RUNTIMES: ${file}: python.image: `,
    )
    await expect(loadRuntimes({ RGRID_RUNTIMES: `${file}.no` })).rejects.toThrow('ENOENT')
  })
})

describe('findCommand', () => {
  const image = {
    id: 'sha256:0',
    name: 'a',
    hasShell: true,
    hasSleep: true,
    programs: { python3: { path: '/usr/local/bin/python3', version: '3.12.1' } },
    tools: { pip: false, uv: false, npm: false },
    pycacheDirectory: null,
    sharesFifos: true,
    env: {},
  }
  const entry = (...command: string[]) => ({ image: 'a', command, installer: null })

  it('finds the program and keeps its arguments', () => {
    expect(findCommand(entry('python3', '-X', 'utf8'), image)).toEqual([
      '/usr/local/bin/python3',
      '-X',
      'utf8',
    ])
    expect(findCommand(entry('/opt/python'), image)).toEqual(['/opt/python'])
    expect(findCommand(entry('node'), image)).toBeUndefined()
  })
})
