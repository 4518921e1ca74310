import { describe, expect, it } from 'vitest'
import { parseRuntimes } from '../../../src/executors/runtimes/parse-runtimes.js'
import { DEFAULT_RUNTIMES } from '../../../src/executors/runtimes/runtime-table.js'

const RUBY = { image: 'ruby:3.3-slim', command: ['ruby'], extensions: ['.rb'], programs: ['ruby'] }

const parse = (table: unknown) => parseRuntimes(JSON.stringify(table))

describe('a known runtime', () => {
  it('is replaced in what the table says, and keeps the rest', () => {
    const table = parse({
      'python3.12': { image: 'my/python', command: ['python3', '-X', 'utf8'] },
      bash: { installer: 'pip' },
    })

    expect(table['python3.12']).toEqual({
      ...DEFAULT_RUNTIMES['python3.12'],
      image: 'my/python',
      command: ['python3', '-X', 'utf8'],
    })
    expect(table.bash).toEqual({ ...DEFAULT_RUNTIMES.bash, installer: 'pip' })
    expect(table.node).toEqual(DEFAULT_RUNTIMES.node)
  })

  it('can lose its installer', () => {
    expect(parse({ python: { installer: null } }).python.installer).toBeNull()
  })

  it('can be chosen by more, never by less', () => {
    const { node24, python } = parse({
      node24: { extensions: ['.ts'], programs: ['tsx'] },
      python: { extensions: ['.py'] },
    })

    expect(node24).toMatchObject({ extensions: ['.ts'], programs: ['node24', 'tsx'] })
    expect(python).toEqual(DEFAULT_RUNTIMES.python)
  })
})

describe("a runtime of the table's own", () => {
  it('is there beside the known ones', () => {
    const table = parse({ 'ruby3.3': RUBY, ml: { ...RUBY, extensions: [], programs: [], installer: 'pip' } })

    expect(Object.keys(table)).toEqual([...Object.keys(DEFAULT_RUNTIMES), 'ruby3.3', 'ml'])
    expect(table['ruby3.3']).toEqual({ ...RUBY, installer: null })
    expect(table['ml']?.installer).toBe('pip')
  })

  it('is chosen by nothing unless it says so', () => {
    expect(parse({ r: { image: 'r-base', command: ['Rscript'] } })['r']).toEqual({
      image: 'r-base',
      command: ['Rscript'],
      installer: null,
      extensions: [],
      programs: [],
    })
  })
})

describe('a table is refused', () => {
  it.for<[unknown, string]>([
    [[], 'the table: '],
    [{ python: 1 }, 'python: '],
    [{ python: { image: '' } }, 'python.image: is not the name of an image'],
    [{ python: { image: 'a b' } }, 'python.image: is not the name of an image'],
    [{ python: { command: [] } }, 'python.command: '],
    [{ python: { command: ['python3', 1] } }, 'python.command.1: '],
    [{ python: { installer: 'gem' } }, 'python.installer: '],
    [{ node20: { imagé: 'a' } }, 'node20: Unrecognized key: "imagé"'],
    [{ perl5: {} }, 'perl5.image: is missing: a runtime of your own needs one'],
    [{ perl5: { image: 'a' } }, 'perl5.command: is missing: a runtime of your own needs one'],
    [{ 'ruby:3.3': RUBY }, '"ruby:3.3": is not the name of a runtime, which is up to 64 lowercase'],
    [{ '': RUBY }, '"": is not the name of a runtime'],
    [{ Ruby: RUBY }, '"Ruby": is not the name of a runtime'],
    [{ ruby: { ...RUBY, extensions: ['rb'] } }, 'ruby.extensions.0: is not a file extension, such as .rb'],
    [{ ruby: { ...RUBY, extensions: '.rb' } }, 'ruby.extensions: '],
    [
      { ruby: { ...RUBY, programs: ['/usr/bin/ruby'] } },
      'ruby.programs.0: is not the name of a program, such as ruby',
    ],
    [{ ruby: { ...RUBY, extensions: ['.py'] } }, 'ruby.extensions: .py chooses python already'],
    [{ ruby: { ...RUBY, programs: ['sh'] } }, 'ruby.programs: sh chooses bash already'],
    [{ python: { extensions: ['.sh'] } }, 'python.extensions: .sh chooses bash already'],
    [{ ruby: RUBY, 'ruby3.2': { ...RUBY, programs: [] } }, 'ruby3.2.extensions: .rb chooses ruby already'],
    [
      Object.fromEntries(Array.from({ length: 56 }, (_, i) => [`r${i}`, { image: 'a', command: ['a'] }])),
      'the table: has 65 runtimes, over the limit of 64',
    ],
  ])('%j', ([table, message]) => {
    expect(() => parse(table)).toThrow(TypeError)
    expect(() => parse(table)).toThrow(message)
  })

  it('that is not JSON', () => {
    expect(() => parseRuntimes('{')).toThrow('the table of runtimes is not JSON')
  })
})
