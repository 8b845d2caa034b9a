import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Browser, type View } from '../../support/browser.ts'
import { CommandLine } from '../../support/command-line.ts'
import { HOSTILE_MARKUP } from '../../support/hostile-markup.ts'
import { largeMatrices, largeRun } from '../../support/large-run.ts'
import { matrixOf, reportOf } from '../../support/report-of.ts'
import { eventsSaying } from '../../support/run-events.ts'
import { Sshd } from '../../support/sshd.ts'

const PHONE = { width: 360, height: 780 }
const DESK = { width: 1280, height: 900 }
const LOOKS: readonly (readonly [string, View])[] = [
  ['phone, light', { ...PHONE, scheme: 'light' }],
  ['phone, dark', { ...PHONE, scheme: 'dark' }],
  ['desk, light', { ...DESK, scheme: 'light' }],
  ['desk, dark', { ...DESK, scheme: 'dark' }],
]

const OPEN_ALL = "document.getElementById('fold').click()"
const WIDTH = 'document.documentElement.scrollWidth'
const BACKGROUND = 'getComputedStyle(document.body).backgroundColor'
const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47])

let browser: Browser
const folder = mkdtempSync(join(tmpdir(), 'provision-report-'))
beforeAll(async () => {
  browser = await Browser.start()
})
afterAll(async () => {
  await browser[Symbol.asyncDispose]()
  // Whoever wants to look at the pictures keeps them.
  if (process.env.KEEP_PICTURES === undefined) rmSync(folder, { recursive: true, force: true })
  else process.stderr.write(`pictures are in ${folder}\n`)
})

function file(name: string, page: string): string {
  const path = join(folder, `${name}.html`)
  writeFileSync(path, page)
  return path
}

describe.each([3, 300])('a report of %d hosts in a browser', (hosts) => {
  const path = () => file(`hosts-${hosts}`, reportOf(largeRun(hosts), { matrices: largeMatrices(hosts) }))

  it.each(LOOKS)('fits a %s, and only shows itself', async (name, view) => {
    const address = path()
    const page = await browser.open(address, view)
    expect(await page.evaluate(WIDTH)).toBe(view.width)
    await page.evaluate(OPEN_ALL)
    expect(await page.evaluate(WIDTH)).toBe(view.width)
    const picture = await page.picture({ x: 0, y: 0, width: view.width, height: 4000 })
    writeFileSync(join(folder, `hosts-${hosts} ${name}.png`), picture)
    expect(picture.subarray(0, 4)).toEqual(PNG)
    expect(page.console).toEqual([])
    expect(page.requests).toEqual([`file://${address}`])
    await page.close()
  })
})

describe('the report of a real check', () => {
  it('is written by the program, and shows what was measured', async () => {
    await using cli = await CommandLine.open()
    const sshd = await Sshd.start()
    try {
      const ssh = `{user: root, port: ${sshd.port}, identityFile: ${sshd.identityFile}, hostKeys: ["${sshd.hostKey()}"]}`
      const host = `{roles: [control-plane], address: 127.0.0.1, ssh: ${ssh}}`
      const inventory = join(cli.folder, 'x.yaml')
      writeFileSync(inventory, `name: office\nkubernetes: {version: "1.36.3"}\nhosts:\n  here: ${host}\n`)
      const { code } = await cli.run(['check', inventory, '--report', 'check.html'])
      expect([0, 4]).toContain(code)
      const page = await browser.open(join(cli.folder, 'check.html'), { ...PHONE, scheme: 'dark' })
      expect(await page.evaluate('document.title')).toBe(code === 0 ? 'office: good enough' : 'office: unmet')
      expect(await page.evaluate("document.querySelectorAll('#requirements tbody tr').length")).toBeGreaterThan(15)
      expect(await page.evaluate("document.querySelector('#hosts').innerText")).toContain('127.0.0.1')
      expect(await page.evaluate(WIDTH)).toBe(PHONE.width)
      expect(page.console).toEqual([])
      writeFileSync(join(folder, 'check.png'), await page.picture())
    } finally {
      await sshd.stop()
    }
  })
})

describe('a report in a browser', () => {
  it('is light by day and dark by night', async () => {
    const path = file('schemes', reportOf(largeRun(1)))
    const [light, dark] = await Promise.all(
      (['light', 'dark'] as const).map(async (scheme) => {
        const page = await browser.open(path, { ...DESK, scheme })
        return String(await page.evaluate(BACKGROUND))
      }),
    )
    const brightness = (colour = '') => Number(/\d+/.exec(colour)?.[0])
    expect(brightness(light)).toBeGreaterThan(230)
    expect(brightness(dark)).toBeLessThan(40)
  })
  it('opens everything for paper, and nothing is cut off there', async () => {
    const page = await browser.open(file('paper', reportOf(largeRun(3))), { ...DESK, scheme: 'light', media: 'print' })
    await page.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(await page.evaluate("document.querySelectorAll('details:not([open])').length")).toBe(0)
    const clipped =
      "[...document.querySelectorAll('.scroll')].filter((box) => getComputedStyle(box).overflowX !== 'visible').length"
    expect(await page.evaluate(clipped)).toBe(0)
  })
  it('can be read without its script', async () => {
    const page = await browser.open(file('bare', reportOf(largeRun(1)).replace(/<script>.*<\/script>/s, '')), {
      ...DESK,
      scheme: 'light',
    })
    await page.evaluate("document.querySelector('#plan summary').click()")
    expect(await page.evaluate("document.querySelector('#plan details').open")).toBe(true)
    expect(await page.evaluate("document.getElementById('fold').checkVisibility()")).toBe(false)
    expect(page.console).toEqual([])
  })
  it.each(Object.entries(HOSTILE_MARKUP))('does nothing that hosts say: %s', async (name, text) => {
    const matrices = [matrixOf(text, [text, `b${text}`], () => ({ text, tone: 'bad', note: text }))]
    const path = file(`hostile-${name}`, reportOf(eventsSaying(text), { cluster: text, who: text, matrices }))
    const page = await browser.open(path, { ...DESK, scheme: 'light' })
    await page.evaluate(OPEN_ALL)
    expect(await page.evaluate('window.pwned')).toBeUndefined()
    expect(
      await page.evaluate("document.querySelectorAll('img,iframe,form,input,base,style+style,script+script').length"),
    ).toBe(0)
    expect(page.console).toEqual([])
    expect(page.requests).toEqual([`file://${encodeURI(path)}`])
    await page.close()
  })
  it('would be found too wide if its tables had no boxes of their own', async () => {
    const broken = reportOf(largeRun(3)).replaceAll('class="scroll"', 'class="box"')
    const page = await browser.open(file('wide', broken), { ...PHONE, scheme: 'light' })
    expect(await page.evaluate(WIDTH)).toBeGreaterThan(PHONE.width)
  })
  it('would say so if its policy were broken', async () => {
    const broken = reportOf(largeRun(1)).replace(
      '<main>',
      '<main><img src="https://evil.example/x.png"><b onclick="1">',
    )
    const page = await browser.open(file('broken', broken), { ...DESK, scheme: 'light' })
    expect(page.console.join()).toContain('Content Security Policy')
  })
})
