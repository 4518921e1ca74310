import type { InstallEnv } from './install-env.js'

const SECRET_NAME = /token|passw|secret|auth|key/i
const URL_CREDENTIALS = /(\/\/)[^\s/@"'<>]+@/g
const MIN_CHARS = 4
const MASK = '***'

/**
 * Makes what takes credentials out of text: those in any URL, and the values of an installer's environment that are
 * secret by their names.
 */
export function createCredentialMask(env: InstallEnv): (text: string) => string {
  const secrets = Object.entries(env)
    .flatMap(([name, value]) => (SECRET_NAME.test(name) ? [value] : findPasswords(value)))
    .filter((secret) => secret.length >= MIN_CHARS)
    // A longer one may contain a shorter one.
    .sort((a, b) => b.length - a.length)
  return (text) =>
    secrets.reduce(
      (masked, secret) => masked.replaceAll(secret, MASK),
      text.replaceAll(URL_CREDENTIALS, `$1${MASK}@`),
    )
}

function findPasswords(value: string): string[] {
  const found: string[] = []
  for (const [, password = ''] of value.matchAll(/\/\/[^\s/@:]*:([^\s/@]+)@/g)) {
    found.push(password)
    try {
      found.push(decodeURIComponent(password))
    } catch {
      // Not encoded, so it is as it stands.
    }
  }
  return found
}
