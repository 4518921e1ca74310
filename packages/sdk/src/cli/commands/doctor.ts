import { jsonOption } from '../args/json.js'
import type { DoctorFlags } from '../actions/doctor.js'
import type { Setup } from '../setup.js'

/** `rgrid doctor`. */
export function defineDoctor({ program, context, finish }: Setup): void {
  program
    .command('doctor')
    .description('check what RGrid needs on this machine')
    .addOption(jsonOption())
    .action(async (flags: DoctorFlags) => {
      const { doctor } = await import('../actions/doctor.js')
      finish(await doctor(context, flags))
    })
}
