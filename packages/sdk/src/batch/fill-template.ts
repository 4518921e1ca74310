const PLACE = '{}'

/** Whether an argument of a template has a place for the item. */
export const hasPlace = (arg: string): boolean => arg.includes(PLACE)

/**
 * Puts the arguments of an item into a template: in the place of each `{}`, or at its end where there is none. A `{}` inside
 * of an argument takes exactly one.
 *
 * @returns `undefined` when it cannot take them.
 */
export function fillTemplate(template: readonly string[], values: readonly string[]): string[] | undefined {
  if (!template.some(hasPlace)) return [...template, ...values]
  const [value] = values
  const isOne = values.length === 1
  if (!isOne && template.some((arg) => arg !== PLACE && hasPlace(arg))) return undefined
  return template.flatMap((arg) => {
    if (arg === PLACE) return values
    return [value === undefined ? arg : arg.replaceAll(PLACE, () => value)]
  })
}
