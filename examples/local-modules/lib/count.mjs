import show from './show.cjs'

export function countWords(text) {
  const counts = {}
  for (const word of text.toLowerCase().split(/\s+/)) counts[word] = (counts[word] ?? 0) + 1
  return show(counts)
}
