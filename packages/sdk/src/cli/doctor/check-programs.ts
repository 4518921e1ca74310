import { access, constants } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { check, type Check } from './check.js'

const PROGRAMS = ['python3', 'node', 'bash']

/** Whether the programs that plain processes need are on the PATH. */
export function checkPrograms(path: string | undefined): Promise<Check[]> {
  return Promise.all(
    PROGRAMS.map(async (program) => {
      const found = await find(program, path ?? '')
      return found === undefined
        ? check(
            program,
            'warn',
            `not on the PATH: such scripts need docker, or an installation of ${program}`,
          )
        : check(program, 'ok', found)
    }),
  )
}

async function find(program: string, path: string): Promise<string | undefined> {
  for (const folder of path.split(delimiter).filter((part) => part !== '')) {
    const file = join(folder, program)
    const runs = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (runs) return file
  }
  return undefined
}
