import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Eta } from 'eta'

/** What a template may be given: one-line texts, numbers, and lists of them. */
export type TemplateValues = Readonly<Record<string, string | number | boolean | readonly (string | number)[]>>

const FOLDER = fileURLToPath(new URL('../templates/', import.meta.url))

/** Values are put in as they are: what we write is configuration, not HTML. */
const eta = new Eta({ autoEscape: false, autoTrim: [false, false], cache: false })

/** A tag that does something leaves no empty line behind; one that prints a value ends no line. */
const AFTER_CODE = /(<%(?!=)[^%]*%>)\n/g

/**
 * The text of a file below `templates/`, its `<%= it.name %>` filled in.
 * @throws Error naming template and variable when a value is missing: a bug of the playbook, never written to a host.
 */
export function template(name: string, values: TemplateValues = {}): string {
  const strict = new Proxy(values, {
    get(target, key) {
      if (typeof key === 'symbol' || key in target) return Reflect.get(target, key)
      throw new Error(`template ${name}: there is no value for ${key}`)
    },
  })
  return eta.renderString(readFileSync(`${FOLDER}${name}`, 'utf8').replaceAll(AFTER_CODE, '$1'), strict)
}
