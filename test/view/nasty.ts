import fc from 'fast-check'

/** Written apart from the code that escapes: what must never reach a terminal. */
export const NASTY =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/

/** Text as a hostile source would choose it. */
export const nastyText = fc.string({
  maxLength: 30,
  unit: fc.oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
    fc.constantFrom('a', '"', '\\', '\u001b', '\u202e', '\n', '\u009b', '\u200b', '\ud800', '\u2028'),
  ),
})
