import { expect, it } from 'vitest'
import { kubeRouterObjects } from '../../src/cluster/kube-router.ts'
import { nodeOf } from '../support/node.ts'

it('kube-router knows the addresses of LoadBalancer Services, in subnets', () => {
  const { inventory } = nodeOf(`name: test
kubernetes: {version: "1.36.3", kubeProxy: {mode: ipvs, strictARP: true}}
network: {policyEngine: kube-router}
loadBalancer: {metallb: {pools: {a: {addresses: [10.9.0.0/28]}, b: {addresses: [10.8.0.5-10.8.0.8]}}}}
hosts: {node1: {address: 10.0.0.11, roles: [control-plane, worker]}}
`)
  const args = JSON.stringify(kubeRouterObjects(inventory)).match(/--[a-z-]*ip-range=[^"]+/g)
  expect(args).toEqual([
    '--service-cluster-ip-range=10.96.0.0/12',
    '--loadbalancer-ip-range=10.9.0.0/28',
    '--loadbalancer-ip-range=10.8.0.5/32',
    '--loadbalancer-ip-range=10.8.0.6/31',
    '--loadbalancer-ip-range=10.8.0.8/32',
  ])
})
