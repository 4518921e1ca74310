/** Whether an image's name matches a pattern of those that are allowed, where `*` stands for anything. */
export function matchesPattern(pattern: string, name: string): boolean {
  const [head = '', ...parts] = pattern.split('*')
  const tail = parts.pop()
  if (tail === undefined) return name === pattern
  if (!name.startsWith(head) || !name.slice(head.length).endsWith(tail)) return false
  // The first place for each part is as good as any, so that nothing is tried twice.
  let rest = name.slice(head.length, name.length - tail.length)
  for (const part of parts) {
    const index = rest.indexOf(part)
    if (index < 0) return false
    rest = rest.slice(index + part.length)
  }
  return true
}
