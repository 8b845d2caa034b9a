import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { InputError } from '../core/errors.ts'
import type { Plan } from '../core/plan.ts'
import { jsonText } from '../render/json.ts'
import { writePrivateFile } from './private-file.ts'

const change = z.object({
  what: z.string(),
  from: z.string(),
  to: z.string(),
  text: z.object({ before: z.string(), after: z.string() }).exactOptional(),
  disrupts: z.string().exactOptional(),
})

const finding = z.object({
  id: z.string(),
  met: z.boolean(),
  evidence: z.string(),
  threshold: z.string(),
  severity: z.enum(['required', 'advised']),
  fix: z.string().exactOptional(),
  accepted: z.string().exactOptional(),
})

const resource = z.object({
  key: z.templateLiteral([z.string(), ':', z.string()]),
  title: z.string(),
  section: z.string(),
  verdict: z.enum(['same', 'change', 'expected', 'later', 'met', 'unmet', 'advised', 'accepted', 'failed']),
  changes: z.array(change),
  steps: z.array(z.object({ title: z.string(), sha256: z.string() })),
  paths: z.array(z.string()),
  seen: z.string(),
  after: z.array(z.string()),
  finding: finding.exactOptional(),
  note: z.string().exactOptional(),
})

const planSchema = z.object({
  format: z.literal(1),
  version: z.string(),
  inventory: z.string(),
  hosts: z.array(z.object({ host: z.string(), hostKey: z.string(), resources: z.array(resource) })),
})

/** Saves a plan, readable for its owner alone: it shows what is on the hosts, though never a secret. */
export async function savePlan(path: string, plan: Plan): Promise<void> {
  await writePrivateFile(path, `${jsonText(plan, 1)}\n`)
}

/** @throws InputError when it is no plan, or one of another version of provision. */
export async function readPlan(path: string, version: string): Promise<Plan> {
  let json: unknown
  try {
    json = JSON.parse(await readFile(path, 'utf8'))
  } catch (cause) {
    throw new InputError(
      {
        what: `the plan ${path} cannot be read: ${(cause as Error).message}`,
        where: path,
        fix: 'make one with `up --dry-run --out FILE`',
      },
      { cause },
    )
  }
  const parsed = planSchema.safeParse(json)
  if (!parsed.success) {
    const [first] = parsed.error.issues
    throw new InputError({
      what: `${path} is not a plan: ${first?.path.join('.') || 'it'}: ${first?.message ?? 'wrong'}`,
      where: path,
      fix: 'make one with `up --dry-run --out FILE`',
    })
  }
  if (parsed.data.version === version) return parsed.data
  throw new InputError({
    what: `the plan ${path} was made by provision ${parsed.data.version}, this is ${version}`,
    where: path,
    why: 'another version may take other steps than the ones that were looked at',
    fix: 'make a new plan with `up --dry-run --out FILE`',
  })
}
