/**
 * POSIX shell quoting, the only one in the project. Single quotes work the same in dash, bash and busybox ash; nothing
 * inside them is special but the quote itself. zx's `quote` emits `$'…'`, which dash does not know.
 * @throws TypeError on NUL, which no shell can carry.
 */
export function quote(word: string): string {
  if (word.includes('\0')) throw new TypeError('a shell word cannot hold a NUL byte')
  if (word !== '' && /^[A-Za-z0-9_@%+=:,./-]+$/.test(word)) return word
  return `'${word.replaceAll("'", `'\\''`)}'`
}

/** `argv(['ls', '--', 'a b'])` is `ls -- 'a b'`. */
export function argv(words: readonly string[]): string {
  return words.map(quote).join(' ')
}

/** A tagged template for script text: every value becomes one quoted word, an array several. */
export function sh(strings: TemplateStringsArray, ...values: readonly (string | number | readonly string[])[]): string {
  return strings.reduce((text, part, i) => {
    const value = values[i - 1]
    const word = value === undefined ? '' : Array.isArray(value) ? argv(value) : quote(String(value))
    return text + word + part
  })
}
