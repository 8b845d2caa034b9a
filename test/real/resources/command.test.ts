import { expect, test } from 'vitest'
import { command } from '../../../src/resources/command.ts'
import { resourceLaws } from '../../support/resource-laws.ts'
import { TestHost } from '../../support/test-host.ts'

resourceLaws('command', {
  want: () => [
    command({
      name: 'make a stone',
      run: 'printf stone >/srv/.stone && mv /srv/.stone /srv/stone',
      creates: '/srv/stone',
    }),
    command({ name: "don't repeat", run: "printf 'x\\n' >>/srv/log", unless: 'grep -q x /srv/log' }),
  ],
  drifts: [
    { name: 'creates', script: 'rm /srv/stone', says: /\/srv\/stone is absent/ },
    { name: 'unless', script: ': >/srv/log', says: /"from":"not done","to":"don't repeat"/ },
  ],
})

test('a command whose evidence does not appear has not converged', async () => {
  await using host = await TestHost.start()
  const { result } = await host.up([command({ name: 'do nothing', run: 'true', creates: '/srv/never' })])
  expect(result).toMatchObject({ verdict: 'failed' })
  expect(result.failures[0]?.trouble.what).toMatch(/did not converge/)
})

test('a command that fails shows what it said', async () => {
  await using host = await TestHost.start()
  const { result } = await host.up([
    command({ name: 'fail', run: 'printf "no luck\\n"; exit 7', creates: '/srv/never' }),
  ])
  expect(result.failures[0]).toMatchObject({ code: 7, lines: ['no luck'] })
})

test('a command without evidence is refused', () => {
  // @ts-expect-error: the compiler refuses it too
  expect(() => command({ name: 'x', run: 'y' })).toThrow(/does not say how one can see that it is done/)
  expect(() => command({ name: 'x', run: 'y', unless: '' })).toThrow(/does not say/)
})
