import { type SchemaName, schemaText } from '../specs/schema.ts'

/** `reconcile schema [backup|config]`: the JSON Schema itself, for editors and CI. */
export function schema(name: SchemaName, write: (text: string) => void): number {
  write(schemaText(name))
  return 0
}
