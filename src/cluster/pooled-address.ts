import { InputError } from '../core/errors.ts'
import { overlap, parseAddress, parseRange } from '../inventory/address-range.ts'
import type { Inventory } from '../inventory/inventory.ts'
import { placeKey } from '../inventory/tree.ts'

/**
 * Refuses pools with an address that a machine turned out to have: names are looked up, and lab machines get theirs, only after
 * the inventory was read. `addresses` are what other nodes call, by name of the host.
 * @throws InputError
 */
export function refusePooled(
  { file, loadBalancer, origins }: Inventory,
  addresses: readonly (readonly [host: string, address: string | undefined])[],
): void {
  for (const [pool, { addresses: ranges }] of Object.entries(loadBalancer?.metallb.pools ?? {})) {
    for (const [index, text] of ranges.entries()) {
      const range = parseRange(text)
      const held = addresses.find(([, address = '']) => {
        const own = parseAddress(address)
        return own !== undefined && range !== undefined && overlap(own, range)
      })
      if (!held) continue
      const path = ['loadBalancer', 'metallb', 'pools', pool, 'addresses', index]
      throw new InputError({
        what: `${text} of pool "${pool}" contains ${held[1]}, which is the address of host "${held[0]}"`,
        where: origins.get('')?.get(placeKey(path))?.[0]?.where ?? file,
        fix: 'leave it out: a Service that gets it would take it away from its owner',
      })
    }
  }
}
