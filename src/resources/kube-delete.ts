import { argv } from '../core/quote.ts'
import { type KubeRef, kubeArgument } from '../facts/kube-object.ts'
import { kubectlPrelude } from '../facts/kubectl.ts'

/** Shell that deletes an object, where it is still there, and waits until it is gone. */
export function deleteScript(ref: KubeRef): string {
  const place = ref.namespace === undefined ? [] : ['-n', ref.namespace]
  return `${kubectlPrelude(60)}
k ${argv(['delete', ...place, '--ignore-not-found', '--timeout=60s', kubeArgument(ref)])}`
}
