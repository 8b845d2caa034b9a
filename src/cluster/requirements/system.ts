import { supportEnd } from '../../catalog/end-of-life.ts'
import { probe } from '../../core/fact.ts'
import { osRelease } from '../../facts/os-release.ts'
import { tool } from '../../facts/tool.ts'
import type { Rule } from './rule.ts'
import type { VerifySettings } from './settings.ts'

const osProbe = probe(osRelease, undefined)

export function systemRules(settings: VerifySettings): readonly Rule[] {
  return [distribution(settings), init, tools]
}

const FAMILIES = new Set(['debian', 'ubuntu', 'rhel', 'fedora', 'centos', 'rocky', 'almalinux'])

function distribution({ operatorNowMs }: VerifySettings): Rule {
  return {
    id: 'os',
    probes: [osProbe],
    judge(answers) {
      const { id, idLike, version, prettyName, packages } = answers.get(osProbe)
      const known = [id, ...idLike].some((name) => FAMILIES.has(name)) && packages !== undefined
      const end = supportEnd(id, version)
      const ended = end !== undefined && operatorNowMs() > Date.parse(`${end}T23:59:59Z`)
      const name = prettyName || id || 'no os-release'
      return {
        met: known && !ended,
        evidence: `${name}, ${packages ?? 'neither apt nor dnf'}${ended ? `, no security fixes since ${end}` : ''}`,
        threshold: 'a supported release with apt or dnf',
        severity: known ? 'advised' : 'required',
        fix: known ? 'upgrade to a release that still gets fixes' : 'use Debian, Ubuntu, Rocky, Alma or RHEL',
      }
    },
  }
}

const init: Rule = {
  id: 'init',
  probes: [osProbe],
  judge(answers) {
    const { systemd, init: name } = answers.get(osProbe)
    return {
      met: systemd,
      evidence: systemd ? 'systemd' : `process 1 is ${name || 'unknown'}`,
      threshold: 'systemd',
      severity: 'required',
      fix: 'use a system that is started by systemd',
    }
  },
}

/** What scripts, guards and uploads of the engine call on a host. */
export const ENGINE_TOOLS = [
  'flock',
  'setsid',
  'sha256sum',
  'sort',
  'grep',
  'stat',
  'tar',
  'base64',
  'readlink',
  'mktemp',
] as const

const tools: Rule = {
  id: 'tools',
  probes: ENGINE_TOOLS.map((name) => probe(tool, name)),
  judge(answers) {
    const missing = ENGINE_TOOLS.filter((name) => !answers.get(probe(tool, name)))
    return {
      met: missing.length === 0,
      evidence: missing.length === 0 ? `all ${ENGINE_TOOLS.length} there` : `no ${missing.join(', ')}`,
      threshold: ENGINE_TOOLS.join(', '),
      severity: 'required',
      fix: 'install them: apt-get install coreutils util-linux grep tar, or dnf install the same',
    }
  },
}
