/** A file that is run, or loaded by one that is. */
export interface ModuleFile {
  /** Where it is on this machine, absolute. */
  readonly source: string
  /** Its path from the folder of the script, parted by `/`; `../lib/a.mjs` for one above. */
  readonly beside: string
}

/** A file that a module asks for. */
export interface Need extends ModuleFile {
  /** The line that asks, from 1; `null` for a `package.json`, which decides how a module is read. */
  readonly line: number | null
}

/** Finds what a module asks for, as far as it is there. */
export type FindNeeds = (module: ModuleFile, text: string) => Promise<readonly Need[]>
