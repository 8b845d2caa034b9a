import { InputError } from '../core/errors.ts'

export interface TokenSource {
  /** The name as the user wrote it. */
  readonly alias: string
  readonly address: string
  readonly port: number
  readonly user: string
  readonly home: string
  readonly localUser: string
}

/** The tokens of ssh_config(5) that make sense without a local host name. */
export function tokenValues(source: TokenSource): Readonly<Record<string, string>> {
  const { alias, address, port, user, home, localUser } = source
  return { '%': '%', h: address, n: alias, p: String(port), r: user, u: localUser, d: home, k: alias }
}

/** @throws InputError for a token that is not known here: `%C` must not end up in a file name as it is. */
export function expandTokens(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/%(.?)/gs, (token, letter: string) => {
    const value = values[letter]
    if (value !== undefined) return value
    throw new InputError({
      what: `the token ${token} in ${JSON.stringify(text)} is not supported`,
      where: '~/.ssh/config',
      fix: `use one of ${Object.keys(values)
        .map((key) => `%${key}`)
        .join(' ')}, or name the value itself`,
    })
  })
}
