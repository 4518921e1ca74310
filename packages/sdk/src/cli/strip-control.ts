type State = 'text' | 'escape' | 'csi' | 'string' | 'string-escape'

const MAX_CSI = 64
const COLOUR = /^[0-9;:]*m$/
// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const UNWANTED = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/

/**
 * Makes a filter that takes out whatever could steer a terminal (titles, clipboard, cursor, reports) and keeps
 * text, colours and line ends. It remembers a sequence that is split between two calls.
 */
export function createControlFilter(): (text: string) => string {
  let state: State = 'text'
  let csi = ''

  const take = (character: string): string => {
    switch (state) {
      case 'text':
        if (character === '\x1b') state = 'escape'
        else if (!UNWANTED.test(character)) return character
        return ''
      case 'escape':
        state = character === '[' ? 'csi' : ']PX^_'.includes(character) ? 'string' : afterEscape(character)
        csi = ''
        return ''
      case 'csi':
        csi += character
        if (/[\x20-\x3f]/.test(character) && csi.length < MAX_CSI) return ''
        state = 'text'
        return COLOUR.test(csi) ? `\x1b[${csi}` : ''
      case 'string':
        if (character === '\x07') state = 'text'
        else if (character === '\x1b') state = 'string-escape'
        return ''
      case 'string-escape':
        state = character === '\\' ? 'text' : 'string'
        return ''
    }
  }
  return (text) => Array.from(text, take).join('')
}

// Intermediate bytes, as in `ESC ( B`, come before the one that ends a short sequence.
const afterEscape = (character: string): State =>
  character === '\x1b' || /[\x20-\x2f]/.test(character) ? 'escape' : 'text'
