import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { createProject } from '../support/project.js'
import { hasDocker } from '../support/requirements.js'
import { KINDS, type World } from '../support/worlds.js'

const PERL = `#!/usr/bin/perl
use strict;
print "perl $^W @ARGV\\n";
open(my $file, '>', 'out.txt') or die; print $file "made"; close($file);
exit 3;
`
const PLAIN = PERL.split('\n').slice(1).join('\n')

const isDockerThere = await hasDocker()

/** A table of runtimes as an operator writes it: Perl is in every Debian, and so in the image for bash. */
async function writeTable(directory: string): Promise<string> {
  const image = /bash=([^,]+)/.exec(process.env['RGRID_IMAGES'] ?? '')?.[1] ?? 'rgrid-test/python'
  const perl5 = { image, command: ['perl', '-w'], extensions: ['.pl'], programs: ['perl'] }
  const file = join(directory, 'runtimes.json')
  await writeFile(file, JSON.stringify({ perl5 }))
  return file
}

describe.for(Object.values(KINDS))('a runtime of one’s own: $name', (kind) => {
  const isThere = kind.executor === 'process' || isDockerThere
  let directory: string
  let world: World
  beforeAll(async () => {
    if (!isThere) return
    directory = await mkdtemp(join(tmpdir(), 'rgrid-runtimes-'))
    vi.stubEnv('RGRID_RUNTIMES', await writeTable(directory))
    world = await kind.open()
  })
  afterAll(async () => {
    vi.unstubAllEnvs()
    if (!isThere) return
    await world.close()
    await rm(directory, { recursive: true })
  })

  test.skipIf(!isThere).for([
    ['its extension', 'script.pl', PLAIN, {}],
    ['its shebang', 'script', PERL, {}],
    ['the option', 'script.sh', PLAIN, { runtime: 'perl5' }],
  ] as const)('is chosen by %s', async ([, script, text, options]) => {
    const cwd = await createProject({ [script]: text })

    const result = await world.client.run(script, { cwd, args: ['a b'], ...options })

    expect(result).toMatchObject({ status: 'failed', exitCode: 3, stdout: 'perl 1 a b\n', stderr: '' })
    expect(result.record).toMatchObject({ runtime: 'perl5', executor: kind.executor })
    expect(await result.artifacts[0]?.text()).toBe('made')
  })

  test.skipIf(!isThere)('is listed behind the known ones', async () => {
    const runtimes = await world.client.runtimes()

    expect(runtimes.at(-1)).toMatchObject({
      runtime: 'perl5',
      executor: kind.executor,
      installer: null,
      extensions: ['.pl'],
      programs: ['perl'],
    })
  })

  test.skipIf(!isThere)(
    'is suggested where its name is wrong, and no other name is taken for it',
    async () => {
      const cwd = await createProject({ 'script.pl': PLAIN, 'script.rb': 'puts 1' })
      const run = (script: string, runtime?: string) =>
        world.client.run(script, { cwd, ...(runtime === undefined ? {} : { runtime }) })

      await expect(run('script.pl', 'perl')).rejects.toMatchObject({
        code: 'unknown_runtime',
        message: 'runtime: no runner has the runtime "perl": did you mean "perl5"?',
      })
      await expect(run('script.rb')).rejects.toThrow(
        /^runtime: neither the name nor the first line of "script\.rb" .* python, .*, perl5$/,
      )
    },
  )
})
