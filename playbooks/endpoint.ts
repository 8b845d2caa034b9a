import {
  CARRIER_FILE as CARRIER,
  cardFile,
  digest,
  directory,
  file,
  type Node,
  packages,
  type Resource,
  type SharedEndpoint,
  section,
  sharedEndpoint,
  template,
  unit,
} from '../src/index.ts'

/** The packages bring folders, a configuration and units of their own. */
const PROGRAMS = 'packages:curl,haproxy,keepalived'
const installed = { after: [PROGRAMS] } as const

const BALANCER = '/etc/haproxy/haproxy.cfg'

/**
 * Before there is a cluster: everybody, the first control plane included, reaches the API server by this address only. No one
 * carries it until an API server answers.
 */
export const shareEndpoint = section<Node>('Share the endpoint', 'endpoint', (node) => {
  const endpoint = sharedEndpoint(node)
  if (endpoint === undefined) return []
  const { address, own, port, planes } = endpoint
  const balancer = template('etc/haproxy/haproxy.cfg', { address, own, port, planes })
  return [
    packages(
      // Enterprise Linux always has one of two packages with curl in it, and they exclude each other.
      { names: { apt: ['curl', 'haproxy', 'keepalived'], dnf: ['haproxy', 'keepalived'] } },
      { title: 'haproxy and keepalived' },
    ),
    directory({ path: '/etc/haproxy' }, installed),
    file(
      { path: BALANCER, content: balancer, validate: ['haproxy', '-c', '-f', '{}'] },
      { title: 'balancer', ...installed },
    ),
    service('haproxy.service', BALANCER, balancer),
    directory({ path: '/etc/keepalived' }, installed),
    ...carrier(endpoint),
  ]
})

function carrier(endpoint: SharedEndpoint): readonly Resource[] {
  const { card, own } = endpoint
  const textFor = (name: string) => template('etc/keepalived/keepalived.conf', { ...endpoint, card: name })
  const validate = ['keepalived', '-t', '-f', '{}']
  const options = { title: 'carrier of the address', ...installed }
  return [
    card === undefined
      ? cardFile({ path: CARRIER, address: own, content: textFor, validate }, options)
      : file({ path: CARRIER, content: textFor(card), validate }, options),
    // The card's name is not part of it: whoever renames a card boots the machine anew.
    service('keepalived.service', CARRIER, textFor(card ?? '')),
  ]
}

function service(name: string, path: string, config: string): Resource {
  return unit(
    { name, enabled: true, active: true, restartOn: { config: digest(config) } },
    { title: name, after: [PROGRAMS, `file:${path}`] },
  )
}
