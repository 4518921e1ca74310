import { spawn } from 'node:child_process'
import * as z from 'zod'
import { StartError } from '../../executor.js'
import type { RegistryAuth } from './registry-credentials.js'

const DEADLINE_MS = 30_000
// What helpers give in place of a user where the secret is a token.
const TOKEN_USER = '<token>'

const answerSchema = z.object({ Username: z.string(), Secret: z.string() })

/**
 * Asks a credential helper of Docker, a program `docker-credential-<name>`, for the credentials of a registry.
 *
 * @returns `undefined` when it has none.
 *
 * @throws StartError when it fails. Nothing that it printed is in the message.
 */
export async function askCredentialHelper(
  name: string,
  serveraddress: string,
  env: NodeJS.ProcessEnv,
): Promise<RegistryAuth | undefined> {
  const program = `docker-credential-${name}`
  const fail = (words: string): StartError =>
    new StartError('image_pull', `the credential helper ${program} ${words}`)
  if (!/^[\w.-]+$/.test(name)) throw fail('is not the name of a program')
  const { code, output } = await run(program, serveraddress, env).catch((error: unknown) => {
    throw fail(error instanceof Error && 'code' in error ? `fails: ${String(error.code)}` : 'fails')
  })
  if (code !== 0) {
    if (/credentials not found/i.test(output)) return undefined
    throw fail(`fails with code ${code}`)
  }
  const { success, data } = answerSchema.safeParse(parse(output))
  if (!success) throw fail('gives no credentials')
  const { Username: username, Secret: secret } = data
  if (username === TOKEN_USER) return { identitytoken: secret, serveraddress }
  return { username, password: secret, serveraddress }
}

function run(
  program: string,
  input: string,
  env: NodeJS.ProcessEnv,
): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, ['get'], { env, stdio: ['pipe', 'pipe', 'ignore'], timeout: DEADLINE_MS })
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (piece: string) => (output += piece))
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, output }))
    // One that ends without reading is judged by its answer.
    child.stdin.once('error', () => undefined)
    child.stdin.end(input)
  })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
