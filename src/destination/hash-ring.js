// @ts-check
/** The shared memory through which two hashing threads see one file, and what they are asked. */

/** Bytes of one block. */
export const BLOCK = 1024 * 1024
export const SLOTS = 8
/** Bytes at the beginning of a file that are handed on: a tar shows itself in its first block. */
export const HEAD = 512

/** The indexes of the control words. `made` and `taken` count blocks; `lengths` holds one word a slot, 0 for the end. */
export const SLOT = { stop: 0, made: 1, taken: 2, lengths: 3 }
export const CONTROL_BYTES = 4 * (SLOT.lengths + SLOTS)

/**
 * @typedef {{ readonly control: SharedArrayBuffer } & (
 *   | { readonly kind: 'whole', readonly paths: readonly string[] }
 *   | { readonly kind: 'lead', readonly path: string, readonly ring: SharedArrayBuffer }
 *   | { readonly kind: 'follow', readonly ring: SharedArrayBuffer }
 * )} HashTask
 */
