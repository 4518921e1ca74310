import { describe, expect, test } from 'vitest'
import { hasDocker } from '../support/requirements.js'
import { createProject } from '../support/project.js'
import { rgrid } from '../support/rgrid-command.js'
import { createStage } from './support/stage.js'

/** What a script prints in one go, and what of it may reach a terminal. */
const PIECES: readonly (readonly [printed: string, shown: string])[] = [
  ['before\n', 'before\n'],
  // Colours.
  ['\x1b[31mred\x1b[0m \x1b[1;38;5;196mbright\x1b[m\n', '\x1b[31mred\x1b[0m \x1b[1;38;5;196mbright\x1b[m\n'],
  // The screen and the cursor.
  ['\x1b[2J\x1b[H\x1b[3A\x1b[?1049h\x1b[?25l\x1bc\x1b7\x1b(0', ''],
  // The title, the clipboard, a link, a notification.
  ['\x1b]0;title\x07\x1b]2;title\x1b\\\x1b]52;c;cm0gLXJmIH4=\x07\x1b]52;c;?\x1b\\', ''],
  ['\x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\\n', 'link\n'],
  ['\x1b]9;message\x07\x1b]777;notify;a;b\x07', ''],
  // What a terminal answers to, as if it were typed.
  ['\x1b[21t\x1b[6n\x1b[c\x1b[5n\x1b[0x\x1bZ\x1bP$qm\x1b\\\x05', ''],
  // Writing that looks as it is not.
  ['ab\u202egpj.exe\u202c \u2066x\u2069 over\b\b\b\b\x7f\x07\n', 'abgpj.exe x over\n'],
  // The same orders in one character.
  ['\u009b2J\u009d0;title\u009c\u0090q\u009c\n', '2J0;titleq\n'],
  // In parts.
  ['part\x1b]0;ti', 'part'],
  ['tle\x1b', ''],
  ['\\ial\x1b[', 'ial'],
  ['2', ''],
  ['J\x1b[3', ''],
  ['2mgreen\x1b[0m\n', '\x1b[32mgreen\x1b[0m\n'],
  ['after\n', 'after\n'],
]
const ALL = PIECES.map(([printed]) => printed).join('')
const SHOWN = PIECES.map(([, shown]) => shown).join('')

const SOURCE = `
import json, os, sys, time
for piece in json.loads(sys.argv[1]):
    for fd in (1, 2): os.write(fd, piece.encode())
    time.sleep(0.05)
`
/** As a terminal is given it. */
const toTerminal = (text: string): string => text.replaceAll('\n', '\r\n')

describe.runIf(await hasDocker())('a hostile script on the terminal of who reads its log', () => {
  const stage = createStage()

  const print = async (): Promise<string> => {
    const args = [JSON.stringify(PIECES.map(([printed]) => printed))]
    const { id, status } = await stage.run(SOURCE, { cpus: 1, args })
    expect(status).toBe('completed')
    return id
  }
  const logs = async (id: string, flags: readonly string[], terminal: boolean): Promise<string> => {
    const { url: RGRID_URL, apiKey: RGRID_API_KEY } = stage.world
    const home = await createProject({})
    const env = { RGRID_URL, RGRID_API_KEY, TERM: 'xterm-256color' }
    const { code, stdout } = await rgrid(['logs', id, ...flags], { home, cwd: home, env, terminal })
    expect(code).toBe(0)
    return stdout.toString()
  }

  test('H19: is left its text and its colours, on both streams', async () => {
    const id = await print()

    const streams = ['stdout', 'stderr'].map((stream) => logs(id, ['--stream', stream], true))

    expect(await Promise.all(streams)).toEqual([toTerminal(SHOWN), toTerminal(SHOWN)])
  })

  test('H19: is left the rest too where that is asked for', async () => {
    const id = await print()

    expect(await logs(id, ['--stream', 'stdout', '--raw'], true)).toBe(toTerminal(ALL))
  })

  test('H19: is left all of its bytes where there is no terminal', async () => {
    const id = await print()

    expect(await logs(id, ['--stream', 'stdout'], false)).toBe(ALL)
  })
})
