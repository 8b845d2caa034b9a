import type { NodePort } from '../../catalog/node-ports.ts'
import { type Answers, probe } from '../../core/fact.ts'
import { nameservers, resolution } from '../../facts/dns.ts'
import { portOwners } from '../../facts/port.ts'
import type { Rule } from './rule.ts'
import type { VerifySettings } from './settings.ts'

const nameserversProbe = probe(nameservers, undefined)

export function networkRules(settings: VerifySettings): readonly Rule[] {
  return [ports(settings), dns(settings)]
}

function ports({ ports: wanted }: VerifySettings): Rule {
  const ask = ({ protocol, port }: NodePort) => probe(portOwners, { protocol, port })
  return {
    id: 'ports',
    probes: wanted.map(ask),
    judge(answers) {
      const seen = wanted.map((port) => ({ ...port, held: answers.get(ask(port)) }))
      const foreign = seen.filter(({ held, owners }) => held.some((name) => !owners.includes(name)))
      const ours = seen.filter(({ held }) => held.length > 0).length - foreign.length
      const taken = foreign.map(
        ({ protocol, port, purpose, held }) => `${port}/${protocol} (${purpose}) is held by ${held.join(', ')}`,
      )
      const first = foreign[0]
      return {
        met: foreign.length === 0,
        evidence: taken.join('; ') || `${wanted.length - ours} free${ours > 0 ? `, ${ours} held by this cluster` : ''}`,
        threshold: 'free, or held by this cluster',
        severity: 'required',
        fix:
          first === undefined
            ? ''
            : `stop and disable what holds it: ss -lnp 'sport = :${first.port}' names the process`,
      }
    },
  }
}

function dns({ names }: VerifySettings): Rule {
  const asks = names.map((name) => ({ name, ask: probe(resolution, name) }))
  return {
    id: 'dns',
    probes: [nameserversProbe, ...asks.map(({ ask }) => ask)],
    judge(answers) {
      const servers = answers.get(nameserversProbe)
      const failed = inState(answers, asks, 'failed')
      const unasked = inState(answers, asks, 'unknown')
      const lines = [
        servers.length > 0 ? `resolver ${servers.join(', ')}` : 'no nameserver in /etc/resolv.conf',
        ...(failed.length > 0 ? [`does not resolve ${failed.join(', ')}`] : []),
        ...(unasked.length > 0 ? [`no getent to ask for ${unasked.join(', ')}`] : []),
      ]
      return {
        met: servers.length > 0 && failed.length === 0,
        evidence: lines.join('; '),
        threshold: names.length > 0 ? `resolves ${names.join(', ')}` : 'a nameserver in /etc/resolv.conf',
        severity: failed.length > 0 ? 'required' : 'advised',
        fix: 'name a resolver that answers in /etc/resolv.conf (or systemd-resolved, NetworkManager); without internet, use artifacts.source with a mirror or a bundle',
      }
    },
  }
}

function inState(
  answers: Answers,
  asks: readonly {
    readonly name: string
    readonly ask: ReturnType<typeof probe<string, { readonly state: string }>>
  }[],
  state: string,
): readonly string[] {
  return asks.filter(({ ask }) => answers.get(ask).state === state).map(({ name }) => name)
}
