import type { Answers } from '../core/fact.ts'
import type { Loaded } from './loaded.ts'
import type { Screen } from './screen.ts'
import type { World } from './world.ts'

export interface KubeconfigInput {
  readonly world: World
  readonly screen: Screen
  readonly loaded: Loaded
  readonly path: string
  readonly answers: ReadonlyMap<string, Answers>
  readonly kubeconfig?: string
  readonly mergeKubeconfig: boolean
}

export async function takeKubeconfig(_input: KubeconfigInput): Promise<void> {}
