import type { Fact } from '../core/fact.ts'
import { argv } from '../core/quote.ts'

/** Addresses of /etc/resolv.conf, in order. */
export const nameservers: Fact<undefined, readonly string[]> = {
  name: 'nameservers',
  id: () => 'host',
  script: () => `if [ -r /etc/resolv.conf ]; then
while read -r word address rest || [ -n "$word" ]; do
case $word in nameserver) printf 'host\\t%s\\n' "$address" ;; esac
done </etc/resolv.conf
fi`,
  parse: (lines) => lines.flatMap(([address]) => (address === undefined ? [] : [address])),
}

/** `failed`: no address in time. `unknown`: the host has no getent to ask with. */
export type Resolution =
  | { readonly state: 'resolved'; readonly address: string }
  | { readonly state: 'failed' | 'unknown' }

/** Seconds one name may take. */
const RESOLVE_SECONDS = 3

/**
 * What a name resolves to on the host, by all of its nsswitch.conf: /etc/hosts, DNS and the rest. All names are asked for
 * at once: a resolver that is not there costs its time once.
 */
export const resolution: Fact<string, Resolution> = {
  name: 'resolution',
  id: (name) => name,
  script: (names) => `if command -v getent >/dev/null 2>&1; then
limit=
if command -v timeout >/dev/null 2>&1; then limit='timeout ${RESOLVE_SECONDS}'; fi
ask() {
answer=$($limit getent ahosts "$1" 2>/dev/null)
printf '%s\\t%s\\n' "$1" "\${answer%% *}"
}
for name in ${argv(names)}; do ask "$name" & done
wait
fi`,
  parse(lines) {
    const address = lines[0]?.[0]
    if (address === undefined) return { state: 'unknown' }
    return address === '' ? { state: 'failed' } : { state: 'resolved', address }
  },
}
