import { describe, expect, it } from 'vitest'
import { parseImages } from '../../../src/executors/runtimes/parse-images.js'

const RUNTIMES = ['python', 'node20', 'bash', 'perl5']

describe('parseImages', () => {
  it('reads a table, with spaces and digests', () => {
    expect(
      parseImages(
        ' python=a.b:5000/my/python:3.12@sha256:00 , node20 = node:20-slim,perl5=perl:5,',
        RUNTIMES,
      ),
    ).toEqual({
      python: 'a.b:5000/my/python:3.12@sha256:00',
      node20: 'node:20-slim',
      perl5: 'perl:5',
    })
  })

  it('reads nothing from nothing', () => {
    expect(parseImages('', RUNTIMES)).toEqual({})
  })

  it.for([
    ['python', '"python" is not of the form runtime=image'],
    ['python=', '"python=" is not of the form runtime=image'],
    ['=python', '"=python" is not of the form runtime=image'],
    ['python=a b', '"python=a b" is not of the form runtime=image'],
    ['perl=perl:5', '"perl" is not a runtime here, which are python, node20, bash, perl5: RGRID_RUNTIMES'],
    ['constructor=a', '"constructor" is not a runtime here'],
    ['bash=a,bash=b', 'the runtime bash is there twice: a and b'],
  ] as const)('refuses %s', ([text, message]) => {
    expect(() => parseImages(text, RUNTIMES)).toThrow(message)
  })
})
