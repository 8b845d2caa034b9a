import { describe, expect, test } from 'vitest'
import { policyMatrix } from '../../src/cluster/policy-matrix.ts'
import { policyNotes } from '../../src/cluster/policy-notes.ts'
import { PLAIN } from '../../src/render/paint.ts'
import { policyLines } from '../../src/render/policies.ts'
import { inventoryWith, load } from '../inventory/load.ts'

const matrixOf = (text: string) =>
  policyMatrix(load(inventoryWith(`network: {policyEngine: kube-router}\npolicies: ${text}`)).policies ?? {})

const SHOP = matrixOf(`
  shop:
    deny: [ingress, egress]
    dns: allow
    allow:
      frontend-to-backend: {from: [{pods: {app: frontend}}], to: [{pods: {app: backend}}], ports: [8080]}
      metrics: {from: [{namespace: monitoring}], to: [{pods: {}}], ports: [metrics]}
      world: {from: [{cidr: 0.0.0.0/0, except: [10.0.0.0/8]}], to: [{pods: {app: frontend}}], ports: [443]}
      office: {from: [{cidr: 192.0.2.0/24}], to: [{pods: {app: admin}}]}
  quiet: {deny: [egress], dns: deny}`)

const cell = (from: string, to: string) => SHOP?.cells.find((one) => one.from === from && one.to === to)?.text

describe('who may talk to whom', () => {
  test.each([
    ['shop/app=frontend', 'shop/app=backend 8080', 'yes'],
    ['shop/*', 'shop/app=backend 8080', 'some'],
    ['monitoring/*', 'shop/app=backend 8080', 'some'],
    ['monitoring/*', 'shop/* metrics', 'yes'],
    ['anybody else', 'shop/app=backend 8080', 'no'],
    ['0.0.0.0/0 but 10.0.0.0/8', 'shop/app=frontend 443', 'yes'],
    ['192.0.2.0/24', 'shop/app=frontend 443', 'yes'],
    ['0.0.0.0/0 but 10.0.0.0/8', 'shop/app=admin', 'some'],
    ['192.0.2.0/24', 'shop/app=backend 8080', 'no'],
    ['shop/*', 'CoreDNS 53', 'yes'],
    ['quiet/*', 'CoreDNS 53', 'no'],
    ['quiet/*', 'shop/*', 'no'],
    ['anybody else', 'CoreDNS 53', 'yes'],
  ])('%s → %s: %s', (from, to, text) => {
    expect(cell(from, to)).toBe(text)
  })

  test('both sides must let it through', () => {
    const both = (ports: string) =>
      matrixOf(`
  a: {deny: [egress], dns: deny, allow: {out: {from: [{pods: {}}], to: [{namespace: b}], ports: [80, 443]}}}
  b: {deny: [ingress], allow: {in: {from: [{namespace: a}], to: [{pods: {}}], ports: ${ports}}}}`)
    expect(both('[80, 443]')?.cells.find(({ from, to }) => from === 'a/*' && to === 'b/* 80, 443')?.text).toBe('yes')
    expect(both('[80]')?.cells.find(({ from, to }) => from === 'a/*' && to === 'b/* 80, 443')?.text).toBe('some')
  })

  test('is a table of rows that begin and columns that answer', () => {
    expect(SHOP && policyLines(SHOP, { paint: PLAIN, columns: 100 })).toMatchSnapshot()
  })

  test('is a list of what is allowed where there is no room', () => {
    expect(SHOP && policyLines(SHOP, { paint: PLAIN, columns: 40 })).toMatchSnapshot()
  })

  test('is told with what it does not show', () => {
    const notes = (cidr: string) =>
      policyNotes(
        load(
          inventoryWith(
            `network: {policyEngine: kube-router}\npolicies: {shop: {deny: [ingress], allow: {a: {from: [{cidr: ${cidr}}], to: [{pods: {}}]}}}}`,
          ),
        ).policies ?? {},
      )
    expect(notes('0.0.0.0/0, except: [10.244.0.0/16]')).toEqual([expect.stringContaining('health checks')])
    expect(notes('192.0.2.0/24')).toEqual([expect.any(String), expect.stringMatching(/: shop\/a may not mean them$/)])
  })

  test('is not there where nothing is said', () => {
    expect(matrixOf('{}')).toBeUndefined()
  })
})
