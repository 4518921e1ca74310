import { expect, it } from 'vitest'
import { findCommand } from '../../../../src/executors/docker/images/find-command.js'

const IMAGE = {
  id: 'sha256:0',
  name: 'a',
  hasShell: true,
  hasSleep: true,
  programs: { python3: { path: '/usr/local/bin/python3', version: '3.12.1' } },
  tools: { pip: false, uv: false, npm: false },
  pycacheDirectory: null,
  sharesFiles: true,
  sharesFifos: true,
  env: {},
}

it('finds the program and keeps its arguments', () => {
  const find = (...command: string[]) => findCommand({ command }, IMAGE)

  expect(find('python3', '-X', 'utf8')).toEqual(['/usr/local/bin/python3', '-X', 'utf8'])
  expect(find('/opt/python')).toEqual(['/opt/python'])
  expect(find('node')).toBeUndefined()
})
