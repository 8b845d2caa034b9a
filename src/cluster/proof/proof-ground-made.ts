import type { Outcome, Session } from '../../core/host.ts'
import { Input, textOf } from '../../core/survey.ts'
import { describeOutcome } from '../../core/trouble.ts'
import { type GroundSaid, type ProofGround, proofGroundScript, readGround } from '../../facts/proof-ground.ts'

/** Pods start, others are removed: each takes minutes where a node is in trouble. */
const DEADLINE_MS = 1_200_000

/** The objects of a proof while they are there. They go when this is told to end, and when our connection does. */
export class GroundMade {
  readonly #input: Input
  readonly #outcome: Promise<Outcome>
  #text = ''
  #made: GroundSaid | undefined
  #onPolicy = () => {}

  private constructor(session: Session, ground: ProofGround, onMade: () => void) {
    this.#input = new Input()
    this.#outcome = session
      .run(proofGroundScript(ground), {
        deadlineMs: DEADLINE_MS,
        input: this.#input,
        capBytes: 16 * 1024 * 1024,
        onText: (_mark, text) => {
          this.#text += text
        },
        onMark: ([word]) => {
          if (word === 'policy') this.#onPolicy()
          if (word !== 'made') return
          this.#made = readGround(this.#text)
          onMade()
        },
      })
      .catch((error: unknown): Outcome => ({ kind: 'refused', reason: String(error) }))
      .finally(() => {
        onMade()
        this.#onPolicy()
      })
  }

  /** On the first control plane. Returns when the pods run, or will not. */
  static async make(session: Session, ground: ProofGround, signal: AbortSignal): Promise<GroundMade> {
    const made = Promise.withResolvers<void>()
    signal.addEventListener('abort', () => made.resolve(), { once: true })
    const it = new GroundMade(session, ground, made.resolve)
    await made.promise
    return it
  }

  /** What was there when the pods ran; undefined when it never came so far. */
  get said(): GroundSaid | undefined {
    return this.#made
  }

  /** Puts the pods under the policy. @returns why it is not there */
  async underPolicy(signal: AbortSignal): Promise<string | undefined> {
    const made = Promise.withResolvers<void>()
    this.#onPolicy = made.resolve
    signal.addEventListener('abort', () => made.resolve(), { once: true })
    this.#input.write('policy\n')
    await Promise.race([made.promise, this.#outcome])
    return signal.aborted ? 'it was stopped' : readGround(this.#text).noPolicy
  }

  /** Takes everything away. @returns why something is left, or why nothing could be made */
  async remove(): Promise<string | undefined> {
    this.#input.write('remove\n')
    this.#input.end()
    const outcome = await this.#outcome
    const { trouble, remains } = readGround(textOf(outcome))
    if (trouble !== undefined) return trouble
    if (remains !== undefined) return remains
    const removed = 'sections' in outcome && outcome.sections.some(({ mark }) => mark[0] === 'removed')
    if (outcome.kind === 'exited' && removed) return undefined
    const { what, why } = describeOutcome(outcome, 'making the objects of the proof')
    return [what, why].filter(Boolean).join('; ')
  }
}
