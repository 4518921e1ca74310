import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createProfile, SECCOMP_PROFILE } from '../../../../src/executors/docker/seccomp/create-profile.js'
import { requireDocker, TEST_IMAGES } from '../../require-docker.js'
import { CONDITIONAL_PROBES } from './conditional-probes.js'
import { describeProbe, findSurprises, isRefusal, probeCalls, readScript } from './probe-calls.js'
import { runInContainer } from './run-in-container.js'
import { ALLOWED_PROBES, REFUSED_PROBES } from './system-calls.js'

const ALL_PROBES = [...ALLOWED_PROBES, ...CONDITIONAL_PROBES, ...REFUSED_PROBES]
const SIGSYS = 31

describe.skipIf(!(await requireDocker()))('system calls in a container', () => {
  it('come to what the profile says', async () => {
    const results = await probeCalls(ALL_PROBES, { profile: SECCOMP_PROFILE })

    expect(findSurprises(results)).toEqual([])
  })

  it('are refused by the profile alone, also to root with capabilities', async () => {
    const results = await probeCalls([...CONDITIONAL_PROBES, ...REFUSED_PROBES], {
      profile: SECCOMP_PROFILE,
      isPrivileged: true,
    })

    expect(findSurprises(results)).toEqual([])
  })

  it("are refused where the engine's default profile refuses them", async () => {
    const theirs = await probeCalls(ALL_PROBES, {})
    const ours = await probeCalls(ALL_PROBES, { profile: SECCOMP_PROFILE })

    const wider = theirs.filter(
      ({ outcome }, at) => isRefusal(outcome) && !isRefusal(ours[at]?.outcome ?? ''),
    )
    expect(wider.map(({ probe, outcome }) => `${describeProbe(probe)}: ${outcome} by default`)).toEqual([])
  })

  it('show that a profile with io_uring is not ours', async () => {
    const { syscalls, ...rest } = createProfile()
    const withoutIoUring = syscalls.map((rule) => ({
      ...rule,
      names: rule.names.filter((name) => !name.startsWith('io_uring')),
    }))
    const ioUring = { names: ['io_uring_setup'], action: 'SCMP_ACT_ALLOW' }
    const profile = JSON.stringify({ ...rest, syscalls: [...withoutIoUring, ioUring] })

    const results = await probeCalls(ALL_PROBES, { profile })

    expect(findSurprises(results)).toEqual([
      expect.stringMatching(/^io_uring_setup\(1, 0\): \w+ instead of EPERM$/),
    ])
  })

  it.skipIf(process.arch !== 'x64')('end a process that makes those of a 32-bit ABI', async () => {
    const { stdout } = await runInContainer({
      image: TEST_IMAGES['python'] ?? '',
      command: ['python3', '-c', readScript('other-abis.py')],
      profile: SECCOMP_PROFILE,
    })

    const ends = z.object({ int80: z.number(), x32: z.number() }).parse(JSON.parse(stdout))
    expect(ends).toEqual({ int80: SIGSYS, x32: SIGSYS })
  })
})
