import type { Fact } from '../core/fact.ts'
import { argv } from '../core/quote.ts'

/** Whether the host can fetch an address by itself, and if not: why. */
export type DownloadPlace = { readonly reached: true } | { readonly reached: false; readonly reason: string }

/**
 * Addresses of files, asked from the host itself: their headers alone, all at the same time. Costs seconds where a firewall
 * swallows what is sent, so it is only asked when something must be fetched.
 */
export const downloadPlaceFact: Fact<string, DownloadPlace> = {
  name: 'download-place',
  costly: true,
  id: (url) => url,
  script: (urls) => `if command -v curl >/dev/null 2>&1; then
  ask() { said=$(curl -fsSIL -o /dev/null --connect-timeout 5 --max-time 15 -- "$1" 2>&1); }
elif command -v wget >/dev/null 2>&1; then
  ask() { said=$(timeout 20 wget -q -T 10 --spider -- "$1" 2>&1); }
else
  printf '%s\\ttools\\tnone\\n' ${argv(urls)}
  exit 0
fi
for url in ${argv(urls)}; do
  (
    if ask "$url"; then printf '%s\\treached\\n' "$url"
    else
      rc=$?
      said=$(printf '%s' "$said" | tr '\\t\\n' '  ')
      printf '%s\\tnot\\t%s\\t%s\\n' "$url" $rc "$said"
    fi
  ) &
done
wait`,
  parse([line], url) {
    const [word, code = '', said = ''] = line ?? []
    if (word === 'reached') return { reached: true }
    if (word === 'tools') return { reached: false, reason: 'it has neither curl nor wget' }
    const place = URL.canParse(url) ? new URL(url).host : url
    return { reached: false, reason: `it cannot fetch from ${place}: ${said.trim() || `status ${code}`}` }
  },
}
