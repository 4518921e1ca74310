import { getUserPaths } from '@rgrid/protocol'
import { mkdir, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { saveApiKey } from '../../config/credentials.js'
import type { CliContext } from '../context.js'
import { messageOf, UsageError } from '../errors.js'
import { EXIT } from '../exit-code.js'
import { readSecret } from '../read-secret.js'
import { note, writeJson } from '../write.js'

/** The flags of `rgrid init`. */
export interface InitFlags {
  readonly url?: string
  readonly json?: boolean
}

const HELLO = `import sys

name = sys.argv[1] if len(sys.argv) > 1 else "world"
print(f"Hello, {name}!")

with open("hello.txt", "w") as file:
    file.write(f"Hello, {name}!\\n")
`

const CONFIG_PATH = '.rgrid/config.toml'

const CONFIG = `# Where \`rgrid run\` runs the scripts of this project. Without a url: on this machine.
# API keys do not belong here: rgrid init --url URL keeps them in ~/.rgrid/credentials.
`

const EXAMPLE_URL = '# url = "https://rgrid.example.com"\n'

/** Writes what a first run needs, and keeps the API key of a server. */
export async function init(context: CliContext, dir: string, { url, json }: InitFlags): Promise<number> {
  if (url !== undefined) await keepKey(context, url)
  const folder = resolve(context.cwd, dir)
  const files = {
    'hello.py': HELLO,
    [CONFIG_PATH]: CONFIG + (url === undefined ? EXAMPLE_URL : `url = ${JSON.stringify(url)}\n`),
  }
  const written: string[] = []
  const kept: string[] = []
  for (const [name, text] of Object.entries(files))
    ((await create(join(folder, name), text)) ? written : kept).push(name)
  if (url !== undefined && kept.includes(CONFIG_PATH))
    await note(context, `to use the server here, put url = ${JSON.stringify(url)} into ${CONFIG_PATH}`)
  if (json === true) await writeJson(context, { directory: folder, written, kept })
  else await tell(context, folder, written, kept)
  return EXIT.ok
}

async function keepKey(context: CliContext, url: string): Promise<void> {
  const { protocol = '' } = URL.canParse(url) ? new URL(url) : {}
  if (protocol !== 'http:' && protocol !== 'https:')
    throw new UsageError(`--url "${url}" is not the URL of a server: write it as http://host:port`)
  const key = await readSecret(context, `API key for ${url}: `)
  if (!/^sk_\w+_[\w-]+$/.test(key))
    throw new UsageError(
      'what came on stdin is not an API key: it looks like sk_…_… (echo "$KEY" | rgrid init --url URL)',
    )
  const { credentials } = getUserPaths(context.env, homedir())
  await saveApiKey(credentials, url, key)
  await note(context, `the key is kept in ${credentials}`)
}

/** Writes a file unless there is one already; says whether it did. */
async function create(path: string, text: string): Promise<boolean> {
  try {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, text, { flag: 'wx' })
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw new UsageError(`${path} cannot be written (${messageOf(error)})`, { cause: error })
  }
}

async function tell(
  context: CliContext,
  folder: string,
  written: readonly string[],
  kept: readonly string[],
): Promise<void> {
  const place = relative(context.cwd, folder)
  if (written.length > 0) await note(context, `wrote ${written.join(' and ')}`)
  if (kept.length > 0) await note(context, `${kept.join(' and ')} was there already and is as it was`)
  await note(context, `now try: rgrid run ${join(place, 'hello.py')} you`)
}
