import { Ajv, type Options, type ValidateFunction } from 'ajv'
import { type SchemaName, schemaText } from '../schema.ts'

/** @public scripts/build.js compiles with them, too. */
export const AJV_OPTIONS: Options = {
  allErrors: true,
  strict: true,
  strictRequired: false,
  allowUnionTypes: true,
  verbose: true,
  // Our schemas are known to be schemas: a test sees to it.
  validateSchema: false,
}

const compiled = new Map<SchemaName, ValidateFunction>()

/**
 * What checks a document against one of our schemas. Compiling it costs more than all that it checks, so the build does that, with
 * the same options, and puts what comes out into the place of this module: scripts/build.js.
 */
export function validatorOf(name: SchemaName): ValidateFunction {
  const known = compiled.get(name)
  if (known !== undefined) return known
  const validate = new Ajv(AJV_OPTIONS).compile(JSON.parse(schemaText(name)))
  compiled.set(name, validate)
  return validate
}
