import { describe, expect, it } from 'vitest'
import { describeFailure } from '../../src/dependencies/describe-failure.js'

const PIP = `Collecting six
ERROR: Could not find a version that satisfies the requirement nosuchpkg==1 (from versions: none)
ERROR: No matching distribution found for nosuchpkg==1
`
const UV = `installing with uv
Using Python 3.11.2 environment at: /deps/venv
  × No solution found when resolving dependencies:
  ╰─▶ Because nosuchpkg was not found in the package registry and you require
      nosuchpkg==1, we can conclude that your requirements are unsatisfiable.
`
const BUILD = `Collecting probe
  error: subprocess-exited-with-error

  × python setup.py egg_info did not run successfully.
  │ exit code: 1
  ╰─> [2 lines of output]
      Traceback
      RuntimeError: no compiler
      [end of output]

error: metadata-generation-failed

× Encountered error while generating package metadata.
╰─> See above for output.
`
const FETCH = `installing with uv
error: Failed to fetch: \`https://pypi.org/simple/six/\`
  Caused by: Request failed
  Caused by: invalid peer certificate
`
const NPM = `npm error code EUSAGE
npm error
npm error \`npm ci\` can only install packages when your package.json and package-lock.json are in sync.
npm error Missing: left-pad@1.3.0 from lock file
npm error A complete log of this run can be found in: /cache/_logs/x.log
`

describe('describeFailure', () => {
  it.for([
    ['python', PIP, 'pip: No matching distribution found for nosuchpkg==1'],
    [
      'python',
      UV,
      'uv: Because nosuchpkg was not found in the package registry and you require nosuchpkg==1, we can conclude that your requirements are unsatisfiable.',
    ],
    [
      'node',
      NPM,
      'npm: `npm ci` can only install packages when your package.json and package-lock.json are in sync.',
    ],
    ['python', BUILD, 'pip: python setup.py egg_info did not run successfully: RuntimeError: no compiler'],
    ['python', FETCH, 'uv: Failed to fetch: `https://pypi.org/simple/six/`: invalid peer certificate'],
    ['python', 'rgrid: there is neither\nERROR: other', 'there is neither'],
    [
      'node',
      'npm ERR! code E404\nnpm ERR! 404 Not Found - GET https://r/x',
      'npm: 404 Not Found - GET https://r/x',
    ],
    ['python', 'some\nwords\n', 'words'],
    ['python', '', 'the installer ended with code 1'],
  ] as const)('says in one line what %s printed', ([kind, output, message]) => {
    expect(describeFailure(kind, output, 1)).toBe(message)
  })

  it('cuts off what is too long for a line', () => {
    expect(describeFailure('python', 'x'.repeat(1_000), 1)).toHaveLength(300)
  })
})
