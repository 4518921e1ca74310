import { InvalidArgumentError, Option } from 'commander'

/** A flag with a whole number within bounds. */
export const integerOption = (flags: string, description: string, min: number, max: number): Option =>
  new Option(flags, description).argParser((text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN
    if (value >= min && value <= max) return value
    throw new InvalidArgumentError(`Write a whole number from ${min} to ${max}.`)
  })
