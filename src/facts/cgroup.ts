import type { Fact } from '../core/fact.ts'
import { namedValues, SHOW_FIRST_LINE } from './first-line.ts'

export interface Cgroup {
  /** Hierarchy on /sys/fs/cgroup: 2, 1 (also the hybrid one), or undefined when nothing is mounted there. */
  readonly version: 1 | 2 | undefined
  /** Controllers one can use in it: those of the root for version 2, the enabled ones for version 1. */
  readonly controllers: readonly string[]
}

/** Control groups, from /sys/fs/cgroup and /proc/cgroups. */
export const cgroup: Fact<undefined, Cgroup> = {
  name: 'cgroup',
  id: () => 'host',
  script: () => `${SHOW_FIRST_LINE}
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
printf 'host\\tversion\\t2\\n'
show host controllers /sys/fs/cgroup/cgroup.controllers
elif [ -d /sys/fs/cgroup/memory ] || [ -d /sys/fs/cgroup/systemd ] || [ -d /sys/fs/cgroup/cpu ]; then
printf 'host\\tversion\\t1\\n'
names=
while read -r name hierarchy groups enabled; do case $enabled in 1) names="$names $name" ;; esac; done </proc/cgroups
printf 'host\\tcontrollers\\t%s\\n' "\${names# }"
fi`,
  parse(lines) {
    const seen = namedValues(lines)
    const version = Number(seen.get('version'))
    return {
      version: version === 1 || version === 2 ? version : undefined,
      controllers: (seen.get('controllers') ?? '').split(' ').filter((name) => name !== ''),
    }
  },
}
