import { describe, expect, test } from 'vitest'
import { findNameFault } from '../../src/files/name-fault.js'

describe('the name of a file that comes home', () => {
  test.for([
    '../x',
    '/etc/x',
    '.rgrid/config.toml',
    '.RGRID/x',
    '.rgrid',
    'a/../../x',
    'a//b',
    '',
    '.',
    'a\\b',
  ])('is refused when it is %j', (path) => {
    expect(findNameFault(path, 'linux')).toEqual(expect.any(String))
  })

  test.for(['..x/-rf $(id)', '...', ' a ', 'ü:?*|"<>', 'con', 'a.', '\u{202e}x'])('may be %j', (path) => {
    expect(findNameFault(path, 'linux')).toBeUndefined()
  })

  test.for(['a:b', 'out/con', 'NUL.txt', 'end.', 'what?', 'com1'])(
    'is refused on Windows when it is %j',
    (path) => {
      expect(findNameFault(path, 'win32')).toBe('has a name that Windows does not take')
    },
  )
})
