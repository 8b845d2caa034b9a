import { globSync, readFileSync } from 'node:fs'

/**
 * The text of each file a path or glob names, in the order of their names. What cannot be read is left out, as ssh
 * does.
 */
export function readConfigFiles(pattern: string): string[] {
  const files = /[*?[]/.test(pattern) ? globSync(pattern).sort() : [pattern]
  return files.flatMap((file) => {
    try {
      return [readFileSync(file, 'utf8')]
    } catch {
      return []
    }
  })
}
