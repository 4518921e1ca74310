import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { hasDocker } from '../support/requirements.js'
import { createStage } from './support/stage.js'

const EVIL = `<script>fetch('/v1/keys').then((keys) => steal(keys))</script>`
const PAGES = {
  'index.html': `<!doctype html><html><body onload="alert(1)">${EVIL}</body></html>`,
  'page.xhtml': `<html xmlns="http://www.w3.org/1999/xhtml">${EVIL}</html>`,
  'picture.svg': `<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)">${EVIL}</svg>`,
  'code.js': 'alert(document.cookie)',
  'feed.xml': `<?xml-stylesheet href="code.js"?><a>${EVIL}</a>`,
  'without-ending': `<!doctype html>${EVIL}`,
  'picture.png': `<html>${EVIL}</html>`,
} as const

describe.runIf(await hasDocker())('pages that a hostile script makes', () => {
  const stage = createStage()
  const cpus = 1

  /** Asks as the browser of someone does who follows a link. */
  const open = (path: string): Promise<Response> =>
    fetch(`${stage.world.url}${path}`, {
      headers: {
        authorization: `Bearer ${stage.world.apiKey}`,
        accept: 'text/html,application/xhtml+xml,image/svg+xml,*/*;q=0.8',
        'sec-fetch-dest': 'document',
      },
    })
  const expectHarmless = ({ status, headers }: Response): void => {
    expect(status).toBe(200)
    expect(headers.get('content-type')).toBe('application/octet-stream')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('content-security-policy')).toMatch(/(^|; )sandbox($|;)/)
  }

  test('H15: are saved and not shown, whatever they are called, and are nothing of the server', async () => {
    const source = `
import json, sys
for name, text in json.loads(sys.argv[1]).items(): open(name, 'w').write(text)
`
    const { id, artifacts } = await stage.run(source, { cpus, args: [JSON.stringify(PAGES)] })

    expect(artifacts.map(({ path }) => path).sort()).toEqual(Object.keys(PAGES).sort())
    for (const [name, text] of Object.entries(PAGES)) {
      const response = await open(`/v1/executions/${id}/artifacts/${name}`)
      expectHarmless(response)
      expect(response.headers.get('content-disposition')).toBe(`attachment; filename*=UTF-8''${name}`)
      expect(await response.text()).toBe(text)
    }
  })

  test('H15: are no better as inputs', async () => {
    const files = { 'index.html': Buffer.from(PAGES['index.html']) }
    const { id } = await stage.run('pass', { cpus, files, args: ['index.html'] })

    const response = await open(`/v1/executions/${id}/artifacts/index.html?kind=input`)

    expectHarmless(response)
    expect(response.headers.get('content-disposition')).toMatch(/^attachment; /)
  })

  test('H15: are no better as blobs, and as what is printed', async () => {
    const page = PAGES['index.html']
    const source = `import sys\nprint(sys.argv[1])\nopen('index.html', 'w').write(sys.argv[1])`
    const { id } = await stage.run(source, { cpus, args: [page] })
    const digest = createHash('sha256').update(page).digest('hex')

    const blob = await open(`/v1/blobs/${digest}`)
    const log = await open(`/v1/executions/${id}/logs`)

    for (const response of [blob, log]) expectHarmless(response)
    expect([await blob.text(), await log.text()]).toEqual([page, `${page}\n`])
  })
})
