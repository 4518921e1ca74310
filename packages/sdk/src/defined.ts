/** An object without the members that are `undefined`. */
export type Defined<T> = { [Name in keyof T]?: Exclude<T[Name], undefined> }

/** Leaves out the members of an object that are `undefined`. */
export const defined = <T extends object>(members: T): Defined<T> =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Defined<T>
