import { countWords } from './lib/count.mjs'

console.log(countWords(process.argv.slice(2).join(' ')))
