import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Browser } from '../support/browser.ts'

const VIEW = { width: 1200, height: 900, scheme: 'light' } as const
const HEIGHT = 1410
const MOST_BYTES = 200_000
/** The command line names folders of whoever ran it, which are nobody else's business. */
const WITHOUT_COMMAND =
  "[...document.querySelectorAll('dt')].filter((dt) => dt.textContent === 'command').forEach((dt) => dt.parentElement.remove())"

/** A picture of the beginning of a report, for the README: `node test/pictures/picture.ts REPORT.html report.png`. */
const [report, picture] = process.argv.slice(2)
if (report === undefined || picture === undefined) {
  process.stderr.write('usage: node test/pictures/picture.ts REPORT.html PICTURE.png\n')
  process.exitCode = 2
} else {
  await using browser = await Browser.start()
  const page = await browser.open(resolve(report), VIEW)
  await page.evaluate(WITHOUT_COMMAND)
  const height = Math.min(Number(await page.evaluate('document.documentElement.scrollHeight')), HEIGHT)
  const bytes = await page.picture({ x: 0, y: 0, width: VIEW.width, height })
  await page.close()
  if (bytes.length > MOST_BYTES) throw new Error(`${bytes.length} bytes are too many for a README`)
  await writeFile(picture, bytes)
  process.stdout.write(`${picture}: ${bytes.length} bytes, ${VIEW.width} × ${height}\n`)
}
