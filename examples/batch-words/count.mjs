import { readFileSync, writeFileSync } from 'node:fs'

const [path, most = '3'] = process.argv.slice(2)
if (path === undefined) {
  console.error('usage: count.mjs TEXT [HOW_MANY]')
  process.exit(1)
}
const words =
  readFileSync(path, 'utf8')
    .toLowerCase()
    .match(/\p{Letter}+/gu) ?? []
const counts = new Map()
for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1)
const top = [...counts]
  .sort(([one, a], [other, b]) => b - a || one.localeCompare(other))
  .slice(0, Number(most))

writeFileSync('words.json', `${JSON.stringify({ path, words: words.length, top }, null, 2)}\n`)
console.log(`${words.length} words`)
