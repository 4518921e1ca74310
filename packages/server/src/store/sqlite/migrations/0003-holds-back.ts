/** Why a runner claims nothing. */
export const HOLDS_BACK = ['ALTER TABLE runners ADD COLUMN holds_back TEXT']
