import ms from 'ms'

console.log(`Two days are ${ms('2 days')} milliseconds.`)
