// Control characters and those that reverse the direction of writing: names and arguments may come from anyone.
// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

/** Text on one line that cannot steer a terminal: what cannot be printed is written as `\u{1b}`. */
export const toPrintable = (text: string): string =>
  text.replace(UNPRINTABLE, (character) => `\\u{${character.charCodeAt(0).toString(16)}}`)
