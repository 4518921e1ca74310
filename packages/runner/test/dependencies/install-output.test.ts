import { describe, expect, it } from 'vitest'
import { createInstallOutput } from '../../src/dependencies/install-output.js'

const same = (text: string): string => text

describe('createInstallOutput', () => {
  it('tells lines as they come, cut anywhere', () => {
    const lines: string[] = []
    const output = createInstallOutput(same, (line) => lines.push(line))
    const bytes = Buffer.from('first é\nsecond\r50 %\rlast')

    for (const byte of bytes) output.write(Buffer.of(byte))

    expect(lines).toEqual(['first é', 'second', '50 %'])
    expect(output.end().toString()).toBe('first é\nsecond\r50 %\rlast')
    expect(lines.at(-1)).toBe('last')
  })

  it('masks what comes in two pieces', () => {
    const output = createInstallOutput((text) => text.replaceAll('secret', '***'), same)

    output.write(Buffer.from('a sec'))
    output.write(Buffer.from('ret\n'))

    expect(output.end().toString()).toBe('a ***\n')
  })

  it('keeps the beginning and the end of what is long', () => {
    const output = createInstallOutput(same, same, 100)

    for (let line = 0; line < 1_000; line++) output.write(Buffer.from(`line ${line}\n`))

    const text = output.end().toString()
    expect(text).toMatch(/^line 0\nline 1\n/)
    expect(text).toMatch(/\[rgrid: \d+ bytes are left out here\]/)
    expect(text.endsWith('line 998\nline 999\n')).toBe(true)
    expect(text.length).toBeLessThan(300)
  })

  it('does not keep a line without an end for ever', () => {
    const lengths: number[] = []
    const output = createInstallOutput(same, (line) => lengths.push(line.length), 100)

    for (let chunk = 0; chunk < 20; chunk++) output.write(Buffer.alloc(10_000, 'x'))

    expect(Math.max(...lengths)).toBeLessThan(100_000)
    expect(output.end().length).toBeLessThan(100_000)
  })
})
