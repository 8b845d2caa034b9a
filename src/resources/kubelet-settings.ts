import { parse } from 'yaml'
import type { Unknown } from '../core/decision.ts'
import type { Answers } from '../core/fact.ts'
import { quote } from '../core/quote.ts'
import { type Resource, type ResourceOptions, type ResourceType, resource } from '../core/resource.ts'
import type { Step } from '../core/step.ts'
import { contentProbe } from '../facts/content.ts'
import { healthScript } from '../facts/health.ts'
import { unlessProbe } from '../facts/unless.ts'
import { blobOf, textOf } from './blob.ts'
import { waitUntil } from './condition.ts'
import { rewriteScript } from './rewrite.ts'
import { type Settings, settingsChanges, settledText } from './settings-text.ts'
import { restartBody } from './unit-steps.ts'

export interface KubeletSettingsWant {
  /** Fields of KubeletConfiguration that we decide; everything else is kubeadm's. */
  readonly wanted: Settings
}

interface Have {
  /** The configuration on the host. */
  readonly text: string
  readonly config: unknown
  /** It was written, and the kubelet has not been seen well with it. */
  readonly isUnproven: boolean
}

const CONFIG = '/var/lib/kubelet/config.yaml'
/**
 * The settings before: there from just before new ones are written until the kubelet is well with them. A restart of the
 * machine is a restart of the kubelet, and takes it away.
 */
const BEFORE = '/run/provision/kubelet-settings-before'
const UNIT = 'kubelet.service'
const RESTARTS = `restarts ${UNIT}`

const UNIT_SECONDS = 90
/** It lists its pods and reaches for containerd before it says that it is well. */
const WELL_SECONDS = 300
const DEFAULT_HEALTH_PORT = 10_248

/** Not known before the look what is wanted as a whole: the text that is there comes along, whatever it is. */
const content = contentProbe({ path: CONFIG, wanted: '0'.repeat(64) })
const unproven = unlessProbe(`[ -e ${BEFORE} ]`)

/**
 * A kubelet's configuration on its node. kubeadm writes it at init and join and never again, so a changed inventory would be
 * forgotten without this. Settings with which the kubelet is not well are taken back.
 */
const kubeletSettingsType: ResourceType<KubeletSettingsWant, Have> = {
  name: 'kubelet-settings',
  key: () => 'kubelet:settings',
  paths: () => [CONFIG, BEFORE],
  probes: () => [content, unproven],
  observe: look,
  diff({ wanted }, { text, config, isUnproven }) {
    const changes = settingsChanges(wanted, config)
    if (changes.length > 0) {
      const after = settledText(wanted, text)
      return [...changes, { what: CONFIG, from: '', to: '', text: { before: text, after }, disrupts: RESTARTS }]
    }
    return isUnproven
      ? [{ what: 'kubelet', from: 'begun with other settings', to: 'restarted', disrupts: RESTARTS }]
      : []
  },
  steps(want, have) {
    return this.diff(want, have).length === 0 ? [] : [settle(want, have)]
  },
  evidence: ({ wanted }) => `maxPods ${String(wanted.maxPods)}`,
}

export function kubeletSettings(want: KubeletSettingsWant, options: ResourceOptions = {}): Resource {
  return resource(kubeletSettingsType, want, { title: 'settings of the kubelet', ...options })
}

function look(_want: KubeletSettingsWant, answers: Answers): Have | Unknown {
  const { bytes } = answers.get(content)
  const isUnproven = answers.get(unproven)
  const text = bytes && textOf(bytes)
  if (text === undefined) return { unknown: `${CONFIG} is not there, or no text: kubeadm writes it at init and join` }
  try {
    return { text, config: parse(text), isUnproven }
  } catch (error) {
    return { unknown: `${CONFIG} is no YAML: ${(error as Error).message}` }
  }
}

function settle({ wanted }: KubeletSettingsWant, { text, config }: Have): Step {
  const after = blobOf(CONFIG, settledText(wanted, text))
  return {
    title: 'write the settings and restart the kubelet',
    blobs: [after],
    body: `umask 077
if [ ! -e ${BEFORE} ]; then
  mkdir -p /run/provision && cat ${CONFIG} >${BEFORE}.new && mv -f ${BEFORE}.new ${BEFORE} || exit 1
fi
put() { ( text=$1; ${rewriteScript({ path: CONFIG, filter: 'cat "$text"', inPlace: false })} ); }
begin() { ( ${restartBody({ unit: UNIT, seconds: UNIT_SECONDS, stamp: undefined })} ); }
well() { ( ${waitUntilWell(config)} ); }
put "$(blob ${after.sha256})" || exit 1
if begin && well; then rm -f ${BEFORE}; exit 0; fi
printf 'The kubelet is not well with these settings: going back to those before.\\n'
put ${BEFORE} || exit 1
rm -f ${BEFORE}
begin && well && printf 'It is well with them.\\n'
exit 1`,
    timeoutMs: (2 * (UNIT_SECONDS + WELL_SECONDS) + 60) * 1000,
  }
}

function waitUntilWell(config: unknown): string {
  const { healthzPort: port = DEFAULT_HEALTH_PORT } = (config ?? {}) as { readonly healthzPort?: number }
  // It was told to say nothing.
  if (port === 0) return ':'
  const what = `the kubelet says on port ${port} that it is well; see journalctl -u ${quote(UNIT)}`
  return waitUntil(healthScript({ port, path: '/healthz' }), WELL_SECONDS, what)
}
