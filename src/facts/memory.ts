import type { Fact } from '../core/fact.ts'
import { namedValues } from './first-line.ts'

export interface Memory {
  /** What the kernel has to give, in KiB: a little less than what is built in. */
  readonly totalKiB: number | undefined
  readonly swapKiB: number | undefined
}

/** Memory and swap in use, from /proc/meminfo. */
export const memory: Fact<undefined, Memory> = {
  name: 'memory',
  id: () => 'host',
  script: () => `while read -r key value rest; do
case $key in
MemTotal:) printf 'host\\ttotal\\t%s\\n' "$value" ;;
SwapTotal:) printf 'host\\tswap\\t%s\\n' "$value"; break ;;
esac
done </proc/meminfo`,
  parse(lines) {
    const seen = namedValues(lines)
    return { totalKiB: whole(seen.get('total')), swapKiB: whole(seen.get('swap')) }
  },
}

function whole(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined
}
