import type { ArtifactRecord } from '@rgrid/protocol'
import { expect, test } from 'vitest'
import { planDownload } from '../../src/download/plan-download.js'

const record = (path: string): ArtifactRecord => ({
  path,
  sha256: '0'.repeat(64),
  size: 1,
  executable: false,
  kind: 'output',
})

test('names that some file systems take for one another are saved one after the other', () => {
  const paths = ['out/a', 'OUT/A', 'n\u00e4', 'na\u0308', 'other']

  const { single, rivals } = planDownload(paths.map(record), {})

  expect(single.map(({ path }) => path)).toEqual(['out/a', 'n\u00e4', 'other'])
  expect(rivals.map(({ artifact, other }) => [artifact.path, other])).toEqual([
    ['OUT/A', 'out/a'],
    ['na\u0308', 'n\u00e4'],
  ])
})
