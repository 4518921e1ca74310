import { LIMITS } from '@rgrid/protocol'

/** Gives each item of a batch a name of its own: what it is called, and a number behind it where another is called so. */
export function createNamer(): (called: string) => string {
  const taken = new Set<string>()
  return (called) => {
    const wanted = called.replace(/^(?:\.\/+)+/, '').replace(/(.)\/+$/, '$1') || '(nothing)'
    let name = toLength(wanted, '')
    for (let number = 2; taken.has(name); number++) name = toLength(wanted, ` (${number})`)
    taken.add(name)
    return name
  }
}

/** What is too long loses its beginning, as paths differ at their ends. */
const toLength = (name: string, suffix: string): string =>
  name.slice(-(LIMITS.batchNameChars - suffix.length)) + suffix
