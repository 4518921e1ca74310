import { spawnSync } from 'node:child_process'

/** Where the tests get their packages. */
const REGISTRIES = ['https://pypi.org/simple/six/', 'https://registry.npmjs.org/is-number']

/**
 * Whether tests can install packages.
 *
 * @throws Error where they have to, as `RGRID_REQUIRE` lists `registries`, and cannot.
 */
export async function requireRegistries(): Promise<boolean> {
  const failed = await findUnreachable()
  if (failed === undefined) return true
  if ((process.env['RGRID_REQUIRE'] ?? '').split(',').includes('registries'))
    throw new Error(`RGRID_REQUIRE lists registries, and ${failed}`)
  process.stderr.write(`SKIPPED: ${failed}, so the tests that install packages do not run\n`)
  return false
}

async function findUnreachable(): Promise<string | undefined> {
  for (const url of REGISTRIES) {
    const answer = await fetch(url, { signal: AbortSignal.timeout(15_000) }).catch((error: unknown) => error)
    if (!(answer instanceof Response)) return `${url} does not answer: ${String(answer)}`
    await answer.body?.cancel()
    if (!answer.ok) return `${url} answers ${answer.status}`
  }
  return undefined
}

/** Whether this machine has a program; tests that need another one say so when they are skipped. */
export function hasProgram(name: string, ...args: string[]): boolean {
  if (spawnSync(name, args, { stdio: 'ignore' }).status === 0) return true
  process.stderr.write(`SKIPPED: there is no ${name}, so the tests that need it do not run\n`)
  return false
}
