import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { toVersionCheck } from '../../src/dependencies/python-version.js'
import { hasProgram } from './support/require-registries.js'

function holds(requiresPython: string, version: string): boolean {
  const code = `v = (${version.replaceAll('.', ',')}); print(${toVersionCheck(requiresPython)})`
  return execFileSync('python3', ['-c', code], { encoding: 'utf8' }).trim() === 'True'
}

describe('toVersionCheck', () => {
  it.runIf(hasProgram('python3', '--version')).for([
    ['>=3.11', '3.11.0', true],
    ['>=3.11', '3.10.9', false],
    ['>=3.9,<3.12', '3.12.0', false],
    ['>= 3.9, < 4', '3.12.1', true],
    ['<=3.11', '3.11.2', false],
    ['==3.11.*', '3.11.2', true],
    ['==3.11.*', '3.12.0', false],
    ['!=3.11.*', '3.11.2', false],
    ['==3.11', '3.11.2', false],
    ['~=3.11', '3.12.4', true],
    ['~=3.11', '4.0.0', false],
    ['~=3.11.2', '3.11.5', true],
    ['~=3.11.2', '3.12.0', false],
    ['>3', '3.0.1', true],
    ['>=3.13.0rc1', '3.13.0', true],
    ['', '3.8.0', true],
  ] as const)('takes %s on %s for %s', ([requiresPython, version, expected]) => {
    expect(holds(requiresPython, version)).toBe(expected)
  })

  it.for(['3.11', '>=x', '~=3', '>=3.*', '>=3; import os', '^3.11'])('refuses %s', (requiresPython) => {
    expect(() => toVersionCheck(requiresPython)).toThrow(`requires-python "${requiresPython}" is not`)
  })
})
