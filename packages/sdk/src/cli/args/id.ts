import { Argument } from 'commander'

/** The execution a command is about. */
export const idArgument = (): Argument => new Argument('<id>', 'the id of an execution, as rgrid ls shows it')
