/** `98.7 %` with a thin space. */
export const percentWords = (share: number): string => `${(share * 100).toFixed(share === 1 ? 0 : 1)}\u2009%`
