import { toRefusal } from './specification.js'

const SPECIFIER =
  /^(~=|==|!=|<=|>=|<|>)\s*v?(\d+(?:\.\d+)*)(\.\*)?(?:[-_.]?(?:a|b|c|rc|alpha|beta|pre|dev|post)[-_.]?\d*)*$/i
const PARTS = 3

/**
 * Writes `requires-python` as an expression over `v`, the first three parts of an interpreter's version. Only the
 * interpreter knows its version, and pip does not look at what a script requires.
 *
 * @throws InstallError when it is not of the form of PEP 440.
 */
export function toVersionCheck(requiresPython: string): string {
  const specifiers = requiresPython
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
  return specifiers.map((specifier) => toComparison(specifier, requiresPython)).join(' and ') || 'True'
}

function toComparison(specifier: string, whole: string): string {
  const [, operator = '', version = '', wildcard] = SPECIFIER.exec(specifier) ?? []
  const numbers = version.split('.').slice(0, PARTS).map(Number)
  const isFit = wildcard === undefined ? operator !== '~=' || numbers.length > 1 : /^[!=]=$/.test(operator)
  if (operator === '' || !isFit) throw toRefusal(`requires-python "${whole}" is not a version specifier`)
  const padded = [...numbers, 0, 0].slice(0, PARTS)
  if (wildcard !== undefined) return `v[:${numbers.length}] ${operator} ${toTuple(numbers)}`
  if (operator !== '~=') return `v ${operator} ${toTuple(padded)}`
  const prefix = version.split('.').slice(0, -1).slice(0, PARTS).map(Number)
  return `v >= ${toTuple(padded)} and v[:${prefix.length}] == ${toTuple(prefix)}`
}

const toTuple = (numbers: readonly number[]): string => `(${numbers.map((number) => `${number},`).join(' ')})`
