module.exports = (counts) =>
  Object.entries(counts)
    .sort()
    .map(([word, count]) => `${word}: ${count}`)
    .join(', ')
