import { expect, it } from 'vitest'
import { entryNotices } from '../../src/inventory/entry-notices.ts'
import { nodeOf } from '../support/node.ts'

const notices = (policies: string, proof = 'http01: {}') =>
  entryNotices(
    nodeOf(`name: test
kubernetes: {version: "1.36.3"}
network: {cni: calico}
ingress: {exposure: hostPorts}
certManager: {issuers: {staging: {acme: letsencrypt-staging, email: a@example.com, ${proof}}}}
policies: {${policies}}
hosts: {node1: {address: 10.0.0.11, roles: [control-plane, worker]}}
`).inventory,
  ).filter((text) => text.includes('8089'))

const solver = (ports: string) =>
  `shop: {deny: [ingress], allow: {acme: {from: [{namespace: traefik}], to: [{pods: {acme.cert-manager.io/http01-solver: "true"}}]${ports}}}}`

it.each([
  ['nothing is denied there', 'shop: {deny: [egress], dns: allow}', 0],
  ['ingress is denied', 'shop: {deny: [ingress]}', 1],
  ['what answers the challenge is let through to', solver(''), 0],
  ['it is let through to at its port', solver(', ports: [8089]'), 0],
  ['it is let through to at another port', solver(', ports: [80]'), 1],
])('a challenge over HTTP is told of where it is cut off: %s', (_what, policies, count) => {
  expect(notices(policies)).toHaveLength(count)
})

it('one over DNS is not', () => {
  const dns = 'dns01: {cloudflare: {apiToken: {env: T}}}'
  expect(notices('shop: {deny: [ingress]}', dns)).toEqual([])
})
