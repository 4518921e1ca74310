/** A comparison of one argument of a system call, as engines read it. */
export interface ArgumentMatch {
  readonly index: number
  readonly op: 'SCMP_CMP_MASKED_EQ'
  /** The mask. */
  readonly value: number
  /** What is left under the mask. */
  readonly valueTwo: number
}

const WORD_BITS = 32
const WORD_MASK = 2 ** WORD_BITS - 1

/**
 * Matches arguments whose bits under the mask are these.
 *
 * The kernel drops the upper half of such arguments, so it is left out of every comparison: one of all 64 bits would
 * be passed by with a bit set up there.
 */
export const isUnderMask = (index: number, mask: number, bits: number): ArgumentMatch => ({
  index,
  op: 'SCMP_CMP_MASKED_EQ',
  value: mask,
  valueTwo: bits,
})

/** Matches arguments whose lower half is this number. */
export const isWord = (index: number, word: number): ArgumentMatch => isUnderMask(index, WORD_MASK, word)

/**
 * Matches, each for a part of them, the arguments whose lower half is none of these numbers.
 *
 * Engines cannot require two things of one argument. So this is the positive list: the largest blocks of numbers with
 * the same upper bits that have none of the excluded ones in them.
 */
export const isOtherWord = (index: number, excluded: readonly number[]): ArgumentMatch[] =>
  findFreeBlocks(0, WORD_BITS, excluded).map(({ mask, bits }) => isUnderMask(index, mask, bits))

interface Block {
  readonly mask: number
  readonly bits: number
}

// Arithmetic, as JavaScript's bit operators are signed.
function findFreeBlocks(start: number, width: number, excluded: readonly number[]): Block[] {
  const size = 2 ** width
  const inside = excluded.filter((word) => word >= start && word < start + size)
  if (inside.length === 0) return [{ mask: WORD_MASK - (size - 1), bits: start }]
  if (width === 0) return []
  return [...findFreeBlocks(start, width - 1, inside), ...findFreeBlocks(start + size / 2, width - 1, inside)]
}
