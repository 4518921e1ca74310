/** Whether text matches a pattern, where `*` stands for anything, slashes and nothing included. */
export function matchesPattern(pattern: string, text: string): boolean {
  // By hand rather than by a regular expression, which some patterns would keep busy for ever.
  const [head = '', ...parts] = pattern.split('*')
  const tail = parts.pop()
  if (tail === undefined) return text === pattern
  const end = text.length - tail.length
  if (!text.startsWith(head) || !text.endsWith(tail) || end < head.length) return false
  let from = head.length
  for (const part of parts) {
    const index = text.indexOf(part, from)
    if (index === -1 || index + part.length > end) return false
    from = index + part.length
  }
  return true
}
