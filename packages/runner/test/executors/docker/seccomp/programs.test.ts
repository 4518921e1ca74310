import { describe, expect, it } from 'vitest'
import { SECCOMP_PROFILE } from '../../../../src/executors/docker/seccomp/create-profile.js'
import { requireDocker, TEST_IMAGES } from '../../require-docker.js'
import { readScript } from './probe-calls.js'
import { runInContainer, type Outcome } from './run-in-container.js'

const PROGRAMS = [
  { script: 'programs.py', image: TEST_IMAGES['python'], program: 'python3' },
  { script: 'programs.mjs', image: TEST_IMAGES['node'], program: 'node' },
  { script: 'programs.sh', image: TEST_IMAGES['bash'], program: 'bash' },
] as const

type Program = (typeof PROGRAMS)[number]

// From a file: other processes of Python's load it again.
const FROM_FILE = 'printf %s "$1" >"/tmp/$2" && exec timeout 60 "$3" "/tmp/$2"'

const run = ({ script, image = '', program }: Program, profile?: string): Promise<Outcome> =>
  runInContainer({
    image,
    command: ['sh', '-c', FROM_FILE, 'sh', readScript(script), script, program],
    profile,
  })

describe.skipIf(!(await requireDocker()))('programs in a container', () => {
  it.for(PROGRAMS)(
    "do with the profile what they do with the engine's own: $program",
    { timeout: 120_000 },
    async (program) => {
      const theirs = await run(program)
      const ours = await run(program, SECCOMP_PROFILE)

      expect(ours).toEqual(theirs)
      expect(ours).toMatchObject({ exitCode: 0, stderr: '' })
      expect(ours.stdout).not.toContain('FAILED')
      expect(ours.stdout).not.toBe('')
    },
  )
})
