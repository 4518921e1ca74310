import { describe, expect, it } from 'vitest'
import { createControlFilter } from '../../src/cli/strip-control.js'

const strip = (...pieces: string[]): string => pieces.map(createControlFilter()).join('')

describe('the filter of control sequences', () => {
  it.for([
    ['text with line ends and tabs', 'a\tb\r\nc', 'a\tb\r\nc'],
    ['colours', '\x1b[1;31mred\x1b[0m', '\x1b[1;31mred\x1b[0m'],
    ['characters outside the first plane', 'é😀', 'é😀'],
  ] as const)('keeps %s', ([, text, expected]) => {
    expect(strip(text)).toBe(expected)
  })

  it.for([
    ['clearing the screen', 'a\x1b[2Jb'],
    ['a title', 'a\x1b]0;owned\x07b'],
    ['the clipboard', 'a\x1b]52;c;aGk=\x1b\\b'],
    ['a link', 'a\x1b]8;;http://x\x1b\\b'],
    ['a report', 'a\x1b[21tb'],
    ['a device string', 'a\x1bPq#0\x1b\\b'],
    ['a character set', 'a\x1b(Bb'],
    ['a reset', 'a\x1bcb'],
    ['a private mode', 'a\x1b[?25lb'],
    ['writing from right to left', 'a\u202eb'],
    ['a bell and a backspace', 'a\x07\bb'],
  ] as const)('takes out %s', ([, text]) => {
    expect(strip(text)).toBe('ab')
  })

  it('knows a sequence that is split between pieces', () => {
    expect(strip('a\x1b', ']0;ow', 'ned\x1b', '\\b\x1b[3', '1mc')).toBe('ab\x1b[31mc')
  })
})
