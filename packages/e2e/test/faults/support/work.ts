import type { RGridClient, Execution, Result } from '@rgrid/sdk'
import { createHash } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What a script of a round does. */
export const KINDS = ['quick', 'talker', 'reader', 'writer', 'failing', 'shellless'] as const

/** What a script of a round does; `newcomer` runs in an image that no runner has seen before. */
export type Kind = (typeof KINDS)[number] | 'newcomer'

/** A script under way, and how it has to end if it gets to its end. */
export interface Work {
  readonly kind: Kind
  readonly execution: Execution
  /** All that it prints. */
  readonly stdout: string
  readonly status: 'completed' | 'failed'
  /** The digests of the files that it makes. */
  readonly outputs: Readonly<Record<string, string>>
}

/** Where a script of a round runs and whom it tells. */
export interface WorkContext {
  readonly client: RGridClient
  readonly directory: string
  readonly host: string
  readonly port: number
  /** The image of a newcomer. */
  readonly newImage?: string
}

const SCRIPT = `
import hashlib, os, socket, sys, time
kind, host, port, seed = sys.argv[1:5]
def tell(word):
    with socket.create_connection((host, int(port)), 20) as connection:
        connection.sendall(f"{word} {os.environ['RGRID_EXECUTION_ID']}\\n".encode())
        connection.recv(1)
tell('begin')
if kind == 'talker':
    for number in range(100):
        print(number, flush=True)
        time.sleep(0.02)
elif kind == 'reader':
    print(hashlib.sha256(open(sys.argv[5], 'rb').read()).hexdigest())
elif kind == 'writer':
    open('large.bin', 'wb').write((seed * ((3 << 20) // len(seed) + 1))[:3 << 20].encode())
    open('small.txt', 'w').write(seed)
    print('written')
else:
    print(kind)
tell('end')
sys.exit(3 if kind == 'failing' else 0)
`
const BYTES = 3 * 1024 * 1024
// Its scripts are started with their containers, as nothing in it could wait for them.
const SHELLLESS_IMAGE = 'rgrid-test/python-distroless'

const digest = (bytes: string | Buffer): string => createHash('sha256').update(bytes).digest('hex')
const getImage = (kind: Kind, newImage = ''): string | undefined =>
  new Map<Kind, string>([
    ['shellless', SHELLLESS_IMAGE],
    ['newcomer', newImage],
  ]).get(kind)
const fill = (seed: string): Buffer => Buffer.alloc(BYTES, seed)

/** Submits a script. `seed` makes its files different from all others. */
export function submit(context: WorkContext, kind: Kind, seed: string): Work {
  const { client, directory, host, port } = context
  const image = getImage(kind, context.newImage)
  const cwd = mkdtempSync(join(directory, 'project-'))
  writeFileSync(join(cwd, 'work.py'), SCRIPT)
  if (kind === 'reader') writeFileSync(join(cwd, 'input.bin'), fill(seed))
  const args = [kind, host, String(port), seed, ...(kind === 'reader' ? ['input.bin'] : [])]
  const execution = client.run('work.py', {
    cwd,
    args,
    network: 'bridge',
    memoryMib: 128,
    timeoutMs: 60_000,
    ...(image === undefined ? {} : { image }),
  })
  return {
    kind,
    execution,
    stdout: toStdout(kind, seed),
    status: kind === 'failing' ? 'failed' : 'completed',
    outputs: kind === 'writer' ? { 'large.bin': digest(fill(seed)), 'small.txt': digest(seed) } : {},
  }
}

function toStdout(kind: Kind, seed: string): string {
  if (kind === 'talker') return Array.from({ length: 100 }, (_, number) => `${number}\n`).join('')
  if (kind === 'reader') return `${digest(fill(seed))}\n`
  return kind === 'writer' ? 'written\n' : `${kind}\n`
}

/** What of a result is not what it should be, given how often the script was started. */
export async function findFaults(
  work: Work,
  result: Result,
  starts: number,
  wasStarted: boolean,
): Promise<string[]> {
  const { status, cause, stdout } = result
  const faults: string[] = []
  const expect = (holds: boolean, what: string): void => void (holds || faults.push(what))
  expect(starts <= 1, `started ${starts} times`)
  if (status === 'lost') {
    expect(isBeginning(work.stdout, result), `the log is not a beginning: ${JSON.stringify(stdout)}`)
    expect(cause === 'runner_lost', `lost for ${cause}`)
    expect(wasStarted, 'lost, though it was never started')
    expect(result.exitCode === null, `lost with exit code ${String(result.exitCode)}`)
  } else {
    expect(status === work.status && cause === 'exit', `${status} for ${cause}: ${String(result.message)}`)
    expect(result.exitCode === (work.status === 'failed' ? 3 : 0), `exit code ${String(result.exitCode)}`)
    expect(starts === 1, `ended, but was started ${starts} times`)
    expect(isWhole(work.stdout, result), `the log is not complete: ${JSON.stringify(stdout)}`)
    const outputs = await Promise.all(
      result.artifacts.map(async (artifact) => [artifact.path, digest(Buffer.from(await artifact.bytes()))]),
    )
    const found = JSON.stringify(outputs.sort())
    expect(found === JSON.stringify(Object.entries(work.outputs).sort()), `the outputs are ${found}`)
  }
  return faults.map((fault) => `${work.kind} ${result.id}: ${fault}`)
}

/** Whether all that was printed is there, but for one gap where it is said that there may be one. */
const isWhole = (printed: string, { stdout, stdoutTruncated }: Result): boolean =>
  stdout === printed || (stdoutTruncated && printed.endsWith(getBehindGap(printed, stdout)))

/** Whether there is what was printed up to some moment, but for such a gap: the script may have been gone on with before. */
const isBeginning = (printed: string, { stdout, stdoutTruncated }: Result): boolean =>
  printed.startsWith(stdout) || (stdoutTruncated && printed.includes(getBehindGap(printed, stdout)))

function getBehindGap(printed: string, stdout: string): string {
  let same = 0
  while (same < stdout.length && stdout[same] === printed[same]) same++
  return stdout.slice(same)
}
