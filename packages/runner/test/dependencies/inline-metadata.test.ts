import { describe, expect, it } from 'vitest'
import { parseInlineMetadata } from '../../src/dependencies/inline-metadata.js'

const lines = (...all: string[]): string => all.join('\n')

async function readRequirements(text: string): Promise<string | undefined> {
  const { files, entry } = await parseInlineMetadata('main.py', text)
  return files.get(entry)?.toString()
}

describe('parseInlineMetadata', () => {
  it('reads the example of the PEP', async () => {
    const text = lines(
      '#!/usr/bin/env python',
      '# /// script',
      '# requires-python = ">=3.11"',
      '# dependencies = [',
      '#   "requests<3",',
      '#   "rich", # with a comment',
      '# ]',
      '#',
      '# [tool.other]',
      '# dependencies = ["not-this"]',
      '# ///',
      '',
      'import requests',
    )

    const { files, entry, packages, requiresPython } = await parseInlineMetadata('main.py', text)

    expect(Buffer.from(files.get(entry) ?? []).toString()).toBe('requests<3\nrich\n')
    expect({ packages, requiresPython }).toEqual({ packages: 2, requiresPython: '>=3.11' })
  })

  it('reads a file with the line ends of Windows', async () => {
    const text = lines('# /// script', '# dependencies = ["six"]', '# ///', '').replaceAll('\n', '\r\n')

    await expect(readRequirements(text)).resolves.toBe('six\n')
  })

  it('reads a block that is closed by the last line of the file', async () => {
    await expect(readRequirements(lines('# /// script', '# dependencies = ["six"]', '# ///'))).resolves.toBe(
      'six\n',
    )
  })

  it('goes on to the last closing line of a comment', async () => {
    const text = lines('# /// script', '# dependencies = ["""six', '# ///', '# """]', '# ///')

    await expect(readRequirements(text)).rejects.toThrow('is not a requirement')
  })

  it('passes over blocks with other names', async () => {
    const text = lines(
      '# /// other',
      '# x = [',
      '# ///',
      '',
      '# /// script',
      '# dependencies = ["six"]',
      '# ///',
    )

    await expect(readRequirements(text)).resolves.toBe('six\n')
  })

  it('finds nothing to install where no dependencies are named', async () => {
    await expect(readRequirements(lines('# /// script', '# requires-python = ">=3"', '# ///'))).resolves.toBe(
      '',
    )
  })

  it.for([
    ['no block', 'print(1)', 'main.py has no inline metadata'],
    [
      'an unclosed block',
      lines('# /// script', '# dependencies = ["six"]', '', '# ///'),
      'no inline metadata',
    ],
    ['a block without content', lines('# /// script', '# ///'), 'no inline metadata'],
    [
      'a closing line with a space behind it',
      lines('# /// script', '# a = 1', '# /// '),
      'no inline metadata',
    ],
    ['code in between', lines('# /// script', '# a = 1', 'x = 1', '# ///'), 'no inline metadata'],
    [
      'two blocks',
      lines('# /// script', '# a = 1', '# ///', '', '# /// script', '# b = 1', '# ///'),
      'main.py has 2 "# /// script" blocks',
    ],
    [
      'what is not TOML',
      lines('# /// script', '# dependencies = [', '# ///'),
      'metadata of main.py is not TOML',
    ],
    [
      'a text for a list',
      lines('# /// script', '# dependencies = "six"', '# ///'),
      'is not a list of strings',
    ],
    ['numbers', lines('# /// script', '# dependencies = [1]', '# ///'), 'is not a list of strings'],
    ['a number for a version', lines('# /// script', '# requires-python = 3', '# ///'), 'is not a string'],
    ['an option', lines('# /// script', '# dependencies = ["-r /etc/passwd"]', '# ///'), 'not a requirement'],
    [
      'a line in a line',
      lines('# /// script', '# dependencies = ["six\\n-e ."]', '# ///'),
      'not a requirement',
    ],
    ['a path', lines('# /// script', '# dependencies = ["x @ file:///x"]', '# ///'), 'local path file:///x'],
  ] as const)('refuses %s', async ([, text, message]) => {
    await expect(readRequirements(text)).rejects.toThrow(message)
  })

  it('takes no longer for what is made to take long', async () => {
    const text = '# /// script\n'.repeat(80_000)
    const startedAt = performance.now()

    await expect(readRequirements(text)).rejects.toThrow('no inline metadata')

    expect(performance.now() - startedAt).toBeLessThan(5_000)
  })
})
