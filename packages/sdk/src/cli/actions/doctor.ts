import { getUserPaths } from '@rgrid/protocol'
import { homedir } from 'node:os'
import { resolveTarget } from '../../config/resolve-target.js'
import type { CliContext } from '../context.js'
import { checkDataDirectory } from '../doctor/check-data-directory.js'
import { checkDocker, type ImageTable } from '../doctor/check-docker.js'
import { checkNode } from '../doctor/check-node.js'
import { checkPrograms } from '../doctor/check-programs.js'
import { checkTarget } from '../doctor/check-target.js'
import type { Check } from '../doctor/check.js'
import { EXIT } from '../exit-code.js'
import { toPrintable } from '../printable.js'
import { createStyle } from '../style.js'
import { write, writeJson } from '../write.js'

/** The flags of `rgrid doctor`. */
export interface DoctorFlags {
  readonly json?: boolean
}

const COLOUR = { ok: 'green', warn: 'yellow', fail: 'red' } as const

/** Checks what RGrid needs here; fails when something essential does not work. */
export async function doctor(context: CliContext, { json }: DoctorFlags): Promise<number> {
  const { env, cwd } = context
  const [target, docker, programs, data] = await Promise.all([
    checkTarget(context, resolveTarget({}, { env, cwd })),
    checkDocker(env, () => readImages(context)),
    checkPrograms(env['PATH']),
    checkDataDirectory(getUserPaths(env, homedir()).data),
  ])
  const checks = [checkNode(process.versions.node), ...target, ...docker, ...programs, data]
  const ok = checks.every(({ outcome }) => outcome !== 'fail')
  await (json === true
    ? writeJson(context, { ok, checks })
    : write(context.stdout, checks.map((one) => formatCheck(context, one)).join('')))
  return ok ? EXIT.ok : EXIT.failure
}

/** The images of a runner on this machine, where one is installed. */
async function readImages(context: CliContext): Promise<ImageTable | undefined> {
  try {
    return await (await context.loadEmbedded()).loadRuntimes?.()
  } catch {
    return undefined
  }
}

function formatCheck(context: CliContext, { name, outcome, detail }: Check): string {
  const style = createStyle(context, context.stdout)
  const line = toPrintable(detail.replace(/\s*\n\s*/g, ' '))
  return `${style(COLOUR[outcome], outcome.padEnd(5))} ${name.padEnd(9)} ${line}\n`
}
