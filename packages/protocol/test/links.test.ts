import { expect, test } from 'vitest'
import { findLinkFault, LIMITS } from '../src/index.js'

test.for<[string, string]>([
  ['latest', 'runs/3'],
  ['latest', '.'],
  ['a/b/link', '..'],
  ['a/b/link', '../..'],
  ['a/b/link', '../../c'],
  ['a/..b', '..c'],
])('the link %s may lead to %s', ([path, target]) => {
  expect(findLinkFault(path, target)).toBeUndefined()
})

test.for<[string, string, string]>([
  ['latest', '', 'is empty'],
  ['latest', '/etc/passwd', 'is absolute'],
  ['latest', '..', 'leads out of the workspace'],
  ['a/b/link', '../../../c', 'leads out of the workspace'],
  ['a/b/link', 'c/../d', '".."'],
  ['a/b/link', '../c/../d', '".."'],
  ['latest', './a', '"."'],
  ['latest', 'a/', 'empty'],
  ['latest', 'a\nb', 'control character'],
  ['latest', 'a\\b', 'backslash'],
  ['latest', 'x/'.repeat(LIMITS.pathBytes), `${LIMITS.pathBytes} bytes`],
])('the link %s may not lead to %j', ([path, target, fault]) => {
  expect(findLinkFault(path, target)).toContain(fault)
})
