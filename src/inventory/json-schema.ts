import { z } from 'zod'
import { inventory } from './schema.ts'

/** The part of JSON Schema (draft 7) that comes out of zod here. */
export interface JsonSchema {
  readonly $schema?: string
  readonly title?: string
  readonly description?: string
  readonly type?: string | readonly string[]
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | JsonSchema
  readonly propertyNames?: JsonSchema
  readonly items?: JsonSchema
  readonly anyOf?: readonly JsonSchema[]
  readonly oneOf?: readonly JsonSchema[]
  readonly allOf?: readonly JsonSchema[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly default?: unknown
}

let cached: JsonSchema | undefined

/** The schema of an inventory for editors: what `provision schema` prints and `inventory/schema.json` holds. */
export function jsonSchema(): JsonSchema {
  cached ??= z.toJSONSchema(inventory, { target: 'draft-7', io: 'input', reused: 'inline' }) as JsonSchema
  return cached
}

/** The text of `inventory/schema.json`. */
export function jsonSchemaText(): string {
  return `${JSON.stringify(jsonSchema(), null, 2)}\n`
}

/** What the schema says of a path, all alternatives of a union; empty when there is no such path. */
export function schemaAt(path: readonly (string | number)[]): readonly JsonSchema[] {
  return path.reduce<readonly JsonSchema[]>(
    (schemas, key) => schemas.flatMap((schema) => step(schema, key)),
    alternatives(jsonSchema()),
  )
}

function step(schema: JsonSchema, key: string | number): readonly JsonSchema[] {
  if (typeof key === 'number') return schema.items ? alternatives(schema.items) : []
  if (schema.properties && Object.hasOwn(schema.properties, key)) return alternatives(schema.properties[key] ?? {})
  return typeof schema.additionalProperties === 'object' ? alternatives(schema.additionalProperties) : []
}

function alternatives(schema: JsonSchema): readonly JsonSchema[] {
  const inner = schema.anyOf ?? schema.oneOf ?? (schema.type === undefined ? schema.allOf : undefined)
  return inner ? inner.flatMap(alternatives) : [schema]
}

/** Names that may stand below a path. */
export function keysAt(path: readonly (string | number)[]): readonly string[] {
  return schemaAt(path).flatMap((schema) => Object.keys(schema.properties ?? {}))
}

/** Words that may stand at a path. */
export function wordsAt(path: readonly (string | number)[]): readonly string[] {
  return schemaAt(path).flatMap((schema) =>
    [...(schema.enum ?? []), ...('const' in schema ? [schema.const] : [])].map(String),
  )
}

let cachedPaths: ReturnType<typeof pathsBelow> | undefined

/** Every key path of the schema, `*` for a name of the user's own. */
export function keyPaths(): readonly (readonly string[])[] {
  cachedPaths ??= pathsBelow(jsonSchema(), [])
  return cachedPaths
}

function pathsBelow(schema: JsonSchema, path: readonly string[]): readonly (readonly string[])[] {
  const below = alternatives(schema).flatMap((one) => [
    ...Object.entries(one.properties ?? {}).flatMap(([key, inner]) => [
      [...path, key],
      ...pathsBelow(inner, [...path, key]),
    ]),
    ...(typeof one.additionalProperties === 'object' ? pathsBelow(one.additionalProperties, [...path, '*']) : []),
    ...(one.items ? pathsBelow(one.items, path) : []),
  ])
  return [...new Map(below.map((one) => [one.join('.'), one])).values()]
}
