import { z } from 'zod'
import { address, hostPort } from './scalars.ts'

/** Where nobody names a port: web servers are what most places have. A refusal is as good an echo as a greeting. */
const USUAL_PORT = 443

const place = z
  .string({ error: 'host:port' })
  .refine((text) => hostPort.safeParse(text).success || address.safeParse(text).success, { error: 'host:port' })

/** A place outside the cluster whose distance matters: `office.example.com:443`, or the same with a limit. */
export const point = z
  .union([place, z.strictObject({ to: place, limitMs: z.number().min(0.1).max(60_000).exactOptional() })], {
    error: 'host:port, or {to: host:port, limitMs: milliseconds}',
  })
  .transform((given) => {
    const { to, limitMs } = typeof given === 'string' ? { to: given, limitMs: undefined } : given
    return { name: to, ...parts(to), ...(limitMs === undefined ? {} : { limitMs }) }
  })

/** `[2001:db8::1]:22`, `office:22`, `office`, `2001:db8::1`. */
function parts(to: string): { readonly host: string; readonly port: number } {
  const [, host = to, port] = /^(\[.*\]|[^:]*):([0-9]+)$/.exec(to) ?? []
  return { host: host.replace(/^\[(.*)\]$/, '$1'), port: port === undefined ? USUAL_PORT : Number(port) }
}
