declare const brand: unique symbol

/** A value that was checked once, at the edge where it came in, and is trusted from there on. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name }
