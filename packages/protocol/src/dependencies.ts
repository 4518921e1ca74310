import * as z from 'zod'
import { pathSchema } from './paths.js'

/**
 * The packages that a script needs, as its files name them. They are installed once per set, before the script starts,
 * with a network that the script itself need not have.
 */
export const dependenciesSchema = z
  .discriminatedUnion('kind', [
    /** A requirements file, as pip reads it. */
    z.strictObject({ kind: z.literal('requirements'), path: pathSchema }),
    /** The script's own inline metadata, PEP 723. */
    z.strictObject({ kind: z.literal('inline') }),
    /** The folder of a `package.json` with its lockfile; `.` is the workspace itself. */
    z.strictObject({ kind: z.literal('package'), path: z.union([z.literal('.'), pathSchema]) }),
  ])
  .meta({ id: 'Dependencies', description: 'The packages that a script needs, as its files name them.' })

/** The packages that a script needs. */
export type Dependencies = z.infer<typeof dependenciesSchema>
