import { execFile } from 'node:child_process'
import { cp, mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'vitest'
import { prepareSpec } from '../../src/prepare-spec.js'
import { createDirectory } from '../temporary-directory.js'

/** A project, and what of it is expected to travel. */
export interface Tree {
  readonly files: Readonly<Record<string, string>>
  /** @default the only file named `main` */
  readonly script?: string
  /** What travels and is not loaded at home. */
  readonly extra?: readonly string[]
  /** What is done to the project before it is run. */
  readonly arrange?: (root: string) => Promise<void>
}

const MARK = 'loaded '

/** The line with which a module says that it is loaded, by its extension. */
const TELL: Readonly<Record<string, string>> = {
  py: `print("${MARK}" + __file__)\n`,
  mjs: `console.log("${MARK}" + import.meta.filename)\n`,
  cjs: `console.log("${MARK}" + __filename)\n`,
  sh: `echo "${MARK}$BASH_SOURCE"\n`,
}

/**
 * Runs a project at home, where each module says that it is loaded, and compares: what is loaded travels, and nothing
 * else but what is expected. Then runs what travels, in an empty folder: it prints the same.
 */
export async function compareWithHome(program: readonly string[], { files, extra = [], ...tree }: Tree) {
  const root = await createDirectory(
    Object.fromEntries(Object.entries(files).map(([path, text]) => [path, tell(path, text)])),
  )
  await tree.arrange?.(root)
  const script = tree.script ?? Object.keys(files).find((path) => /(?:^|\/)main\.\w+$/.test(path)) ?? ''
  const { sources } = await prepareSpec(script, { cwd: root }, async () => [])
  const away = await createDirectory()
  for (const { path, source } of sources) {
    await mkdir(dirname(join(away, path)), { recursive: true })
    await cp(source, join(away, path), { dereference: true })
  }

  const [home, remote] = await Promise.all([root, away].map((cwd) => runIn(cwd, program, script)))

  expect(remote).toEqual(home)
  const travelling = sources.map(({ path }) => path).filter((path) => !extra.includes(path))
  expect(travelling.toSorted()).toEqual(home?.loaded)
  expect(sources.map(({ path }) => path)).toEqual(expect.arrayContaining([...extra]))
}

async function runIn(cwd: string, [program = '', ...options]: readonly string[], script: string) {
  const { stdout } = await promisify(execFile)(program, [...options, script], { cwd })
  const lines = stdout.split('\n').map((line) => line.replace(`${cwd}/`, ''))
  const told = lines.filter((line) => line.startsWith(MARK)).map((line) => line.slice(MARK.length))
  return {
    loaded: [...new Set(told.map((path) => join(path)))].toSorted(),
    printed: lines.filter((line) => !line.startsWith(MARK)),
  }
}

function tell(path: string, text: string): string {
  const extension = path.split('.').at(-1) ?? ''
  const isModule = extension !== 'js' || /^(?:import|export) /m.test(text)
  return `${TELL[extension === 'js' ? (isModule ? 'mjs' : 'cjs') : extension] ?? ''}${text}`
}
