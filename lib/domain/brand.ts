declare const brand: unique symbol
/** A type that only its own maker can make: `Brand<string, 'FlowRunId'>` is text that was checked. */
export type Brand<Base, Name extends string> = Base & { readonly [brand]: Name }
