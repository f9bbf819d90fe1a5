import * as z from 'zod'

/** The part of JSON Schema 2020-12 that our schemas use. */
export interface JsonSchema {
  readonly type?: string
  readonly description?: string
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly items?: JsonSchema
  readonly anyOf?: readonly JsonSchema[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly default?: unknown
  readonly $ref?: string
  readonly $defs?: Readonly<Record<string, JsonSchema>>
  readonly additionalProperties?: boolean | JsonSchema
  readonly [keyword: string]: unknown
}

/** The bounds that zod writes on every integer; they say nothing that `integer` does not. */
const SAFE_INTEGER_BOUNDS = new Set([Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER])

/**
 * The JSON Schema of a schema, without what only costs room: the dialect and the bounds of a safe integer.
 *
 * @param io `input`: what a caller may send. `output`: what a caller gets.
 */
export function toJsonSchema(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
  const { $schema: _, ...document } = z.toJSONSchema(schema, {
    io,
    override: ({ jsonSchema }) => {
      if (SAFE_INTEGER_BOUNDS.has(Number(jsonSchema.maximum))) delete jsonSchema.maximum
      if (SAFE_INTEGER_BOUNDS.has(Number(jsonSchema.minimum))) delete jsonSchema.minimum
      // `date-time` says it; the pattern would be a third of every document.
      if (jsonSchema.format === 'date-time') delete jsonSchema.pattern
      // Old and new clients and buses mix: an answer may carry fields that its schema does not know yet.
      if (jsonSchema.additionalProperties === false && io === 'output') delete jsonSchema.additionalProperties
    },
  })
  return document as JsonSchema // zod's own type is the same document with every keyword spelled out.
}

/**
 * The schema of an object as a model needs it: what each field is, in `notes`' words, and what it is when left out. Bounds
 * and patterns are left to the one who checks, and who says what is wrong and how it must be.
 */
export function toModelSchema(document: JsonSchema, notes: Readonly<Record<string, string>>): JsonSchema {
  const { type, properties = {}, required = [], additionalProperties } = document
  const fields = Object.entries(properties).map(([name, field]) => [name, toModelField(field, notes[name])])
  return {
    ...(type === undefined ? {} : { type }),
    properties: Object.fromEntries(fields),
    ...(required.length > 0 ? { required } : {}),
    ...(additionalProperties === undefined ? {} : { additionalProperties }),
  }
}

function toModelField(
  { type, enum: choices, items, default: standard }: JsonSchema,
  note: string | undefined,
): JsonSchema {
  return {
    ...(type === undefined ? {} : { type }),
    ...(choices ? { enum: choices } : {}),
    ...(items?.type === undefined ? {} : { items: { type: items.type } }),
    // False and 0 are what everybody expects.
    ...(standard ? { default: standard } : {}),
    ...(note === undefined ? {} : { description: note }),
  }
}

/** The fields of an object's schema, also when the schema is a reference to a named one. */
export function propertiesOf({ $ref, $defs, properties = {} }: JsonSchema): Readonly<Record<string, JsonSchema>> {
  const named = $ref === undefined ? undefined : $defs?.[$ref.replace('#/$defs/', '')]
  return named?.properties ?? properties
}
