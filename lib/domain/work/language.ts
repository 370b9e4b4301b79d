/** What flows are written in, as the file of an entrypoint tells it. JavaScript counts as TypeScript: one agent runs both. */
export const languages = ['python', 'typescript'] as const
export type Language = (typeof languages)[number]

/** What somebody who takes work can run. */
export const capabilities = ['any', ...languages] as const
export type Capability = (typeof capabilities)[number]

/** Entrypoints, `file:flow`, as Postgres and JavaScript both read them. */
const entrypointsIn = {
  python: String.raw`\.py(:|$)`,
  typescript: String.raw`\.[cm]?[jt]sx?(:|$)`,
} as const satisfies Record<Language, string>

const readers = languages.map((language) => [language, new RegExp(entrypointsIn[language])] as const)

/** null: it names a module, or nothing. */
export const languageOf = (entrypoint: string | null): Language | null =>
  entrypoint === null ? null : (readers.find(([, reader]) => reader.test(entrypoint))?.[0] ?? null)

/** Whether a run goes to somebody. Where its language cannot be told it goes to everyone: they can say no themselves. */
export const canRun = (capability: Capability, language: Language | null): boolean =>
  capability === 'any' || language === null || language === capability

/** Matches the entrypoints of what somebody cannot run; null: there are none. */
export const entrypointsBeyond = (capability: Capability): string | null =>
  capability === 'any'
    ? null
    : languages
        .filter((language) => language !== capability)
        .map((language) => entrypointsIn[language])
        .join('|')
