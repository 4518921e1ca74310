/** Makes a function that says which line an index is on, from 1. It is asked in the order of the text. */
export function createLineCounter(text: string): (index: number) => number {
  let line = 1
  let next = text.indexOf('\n')
  return (index) => {
    for (; next !== -1 && next < index; next = text.indexOf('\n', next + 1)) line++
    return line
  }
}
