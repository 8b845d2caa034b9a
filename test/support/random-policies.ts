import fc from 'fast-check'

const NAMESPACES = ['shop', 'data', 'n-1', 'cert-manager', 'default']
const RULES = ['a', 'frontend-to-backend', 'default', '0']

const labels = fc.dictionary(
  fc.constantFrom('app', 'tier', 'app.kubernetes.io/name', 'X_y.z', '0'),
  fc.constantFrom('', 'a', 'frontend', 'A_b-c.D', '0'),
  { maxKeys: 3 },
)
const cidr = fc.constantFrom(
  '0.0.0.0/0',
  '10.0.0.0/24',
  '192.0.2.0/24',
  '192.0.2.7/32',
  '::/0',
  '2001:db8::/32',
  '10.96.0.0/16',
)
const except = fc.uniqueArray(
  fc.constantFrom('10.0.0.8/29', '192.0.2.0/28', '2001:db8:1::/48', '0.0.0.0/0', '0.0.0.0/1'),
  {
    minLength: 1,
  },
)
const end = fc.oneof(
  { weight: 4, arbitrary: fc.record({ pods: labels }) },
  {
    weight: 3,
    arbitrary: fc.record(
      { namespace: fc.constantFrom(...NAMESPACES, 'else'), pods: labels },
      { requiredKeys: ['namespace'] },
    ),
  },
  { weight: 2, arbitrary: fc.record({ cidr, except }, { requiredKeys: ['cidr'] }) },
)
const ends = fc.array(end, { minLength: 1, maxLength: 3 })
const port = fc.constantFrom(
  1,
  443,
  65_535,
  'http',
  'a',
  'x--y',
  'abcdefghijklmno',
  '0a-b',
  '53/UDP',
  '9/SCTP',
  'dns/UDP',
  '0/TCP',
  '65535/TCP',
)
const rule = fc.record(
  { from: ends, to: ends, ports: fc.array(port, { minLength: 1, maxLength: 4 }) },
  { requiredKeys: ['from', 'to'] },
)
const namespace = fc
  .record({
    deny: fc.uniqueArray(fc.constantFrom('ingress', 'egress'), { minLength: 1 }),
    dns: fc.constantFrom('allow', 'deny'),
    allow: fc.dictionary(fc.constantFrom(...RULES), rule, { maxKeys: 2 }),
  })
  // Where it must be said, and nowhere else: most of what is thrown shall be looked at further.
  .map(({ dns, ...rest }) => (rest.deny.includes('egress') ? { ...rest, dns } : rest))

/** What an inventory may have as `policies`; a good part of it is refused when it is loaded. */
export const randomPolicies = fc.dictionary(fc.constantFrom(...NAMESPACES), namespace, { maxKeys: 3 })
