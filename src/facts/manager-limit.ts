import { type Fact, type Probe, probe } from '../core/fact.ts'

/** Open files a service gets when its unit says nothing: what systemd works with now. Empty without a running systemd. */
export interface ManagerLimit {
  readonly soft?: string
  readonly hard?: string
}

export const managerLimit: Fact<'nofile', ManagerLimit> = {
  name: 'manager-limit',
  id: (ask) => ask,
  script: () => `[ -d /run/systemd/system ] || exit 0
LC_ALL=C systemctl show -p DefaultLimitNOFILE -p DefaultLimitNOFILESoft 2>/dev/null | while IFS='=' read -r name value; do
  printf 'nofile\\t%s\\t%s\\n' "$name" "$value"
done
:`,
  parse(lines) {
    const value = (name: string) => lines.find(([first]) => first === name)?.[1]
    const soft = value('DefaultLimitNOFILESoft')
    const hard = value('DefaultLimitNOFILE')
    return { ...(soft === undefined ? {} : { soft }), ...(hard === undefined ? {} : { hard }) }
  },
}

export const managerLimitProbe: Probe<'nofile', ManagerLimit> = probe(managerLimit, 'nofile')
