import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { families } from './states.ts'

/**
 * The colours of states must be told apart by people who see colours differently, and read by everyone. Marks go through
 * the severity-1.0 matrices of Machado, Oliveira and Fernandes (2009) and are compared by CIEDE2000.
 */
const css = readFileSync(new URL('./tokens.css', import.meta.url), 'utf8')

function block(selector: string): Map<string, string> {
  const from = css.indexOf(`${selector} {`)
  const body = css.slice(from, css.indexOf('}', from))
  return new Map(
    [...body.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6})\b/g)].map((found) => [found[1] ?? '', found[2] ?? '']),
  )
}

const themes = { light: block(':root, [data-theme="light"]'), dark: block('\n[data-theme="dark"]') } as const

type Triple = readonly [number, number, number]

const linear = (hex: string): Triple => {
  const part = (at: number) => {
    const c = Number.parseInt(hex.slice(at, at + 2), 16) / 255
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4
  }
  return [part(1), part(3), part(5)]
}

const times = (rows: readonly Triple[], [r, g, b]: Triple): Triple => {
  const [x, y, z] = rows.map((row) => row[0] * r + row[1] * g + row[2] * b)
  return [x ?? 0, y ?? 0, z ?? 0]
}

const clamp = ([a, b, c]: Triple): Triple => {
  const one = (n: number) => Math.min(1, Math.max(0, n))
  return [one(a), one(b), one(c)]
}

const visions: Readonly<Record<string, readonly Triple[]>> = {
  typical: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protan: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deutan: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritan: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
}

function lab(rgb: Triple): Triple {
  const xyz = times(
    [
      [0.4124564, 0.3575761, 0.1804375],
      [0.2126729, 0.7151522, 0.072175],
      [0.0193339, 0.119192, 0.9503041],
    ],
    rgb,
  )
  const f = (t: number) => (t > 216 / 24_389 ? Math.cbrt(t) : ((24_389 / 27) * t + 16) / 116)
  const [x, y, z] = [f(xyz[0] / 0.95047), f(xyz[1]), f(xyz[2] / 1.08883)]
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)]
}

const radians = (degrees: number) => (degrees * Math.PI) / 180
const hue = (b: number, a: number) =>
  a === 0 && b === 0 ? 0 : ((Math.atan2(b, a) * 180) / Math.PI + 360) % 360

/** Sharma, Wu and Dalal (2005). */
function ciede2000([l1, a1, b1]: Triple, [l2, a2, b2]: Triple): number {
  const mean = (Math.hypot(a1, b1) + Math.hypot(a2, b2)) / 2
  const g = 0.5 * (1 - Math.sqrt(mean ** 7 / (mean ** 7 + 25 ** 7)))
  const [p1, p2] = [a1 * (1 + g), a2 * (1 + g)]
  const [c1, c2] = [Math.hypot(p1, b1), Math.hypot(p2, b2)]
  const [h1, h2] = [hue(b1, p1), hue(b2, p2)]
  const turn = c1 * c2 === 0 ? 0 : h2 - h1 > 180 ? h2 - h1 - 360 : h2 - h1 < -180 ? h2 - h1 + 360 : h2 - h1
  const dl = l2 - l1
  const dc = c2 - c1
  const dh = 2 * Math.sqrt(c1 * c2) * Math.sin(radians(turn / 2))
  const l = (l1 + l2) / 2
  const c = (c1 + c2) / 2
  const h =
    c1 * c2 === 0
      ? h1 + h2
      : Math.abs(h1 - h2) <= 180
        ? (h1 + h2) / 2
        : h1 + h2 < 360
          ? (h1 + h2 + 360) / 2
          : (h1 + h2 - 360) / 2
  const t =
    1 -
    0.17 * Math.cos(radians(h - 30)) +
    0.24 * Math.cos(radians(2 * h)) +
    0.32 * Math.cos(radians(3 * h + 6)) -
    0.2 * Math.cos(radians(4 * h - 63))
  const sl = 1 + (0.015 * (l - 50) ** 2) / Math.sqrt(20 + (l - 50) ** 2)
  const sc = 1 + 0.045 * c
  const sh = 1 + 0.015 * c * t
  const rt =
    -2 * Math.sqrt(c ** 7 / (c ** 7 + 25 ** 7)) * Math.sin(radians(60 * Math.exp(-(((h - 275) / 25) ** 2))))
  return Math.sqrt((dl / sl) ** 2 + (dc / sc) ** 2 + (dh / sh) ** 2 + rt * (dc / sc) * (dh / sh))
}

const luminance = (hex: string): number => {
  const [r, g, b] = linear(hex)
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}
const contrast = (a: string, b: string): number => {
  const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p)
  return ((x ?? 0) + 0.05) / ((y ?? 0) + 0.05)
}

test('the difference of two colours is measured as published', () => {
  expect(ciede2000([50, 2.6772, -79.7751], [50, 0, -82.7485])).toBeCloseTo(2.0425, 4)
  expect(ciede2000([22.7233, 20.0904, -46.694], [23.0331, 14.973, -42.5619])).toBeCloseTo(2.0373, 4)
})

describe.each(['light', 'dark'] as const)('in the %s theme', (theme) => {
  const token = (name: string): string => {
    const value = themes[theme].get(name)
    if (!value) throw new Error(`tokens.css has no --${name} in the ${theme} theme`)
    return value
  }
  const pairs = families.flatMap((a, i) => families.slice(i + 1).map((b) => [a, b] as const))

  test.each(Object.keys(visions))('marks are told apart with %s vision', (vision) => {
    for (const [a, b] of pairs) {
      const seen = (family: string) =>
        lab(clamp(times(visions[vision] ?? [], linear(token(`state-${family}`)))))
      expect(ciede2000(seen(a), seen(b)), `${a} and ${b}`).toBeGreaterThanOrEqual(12)
    }
  })

  test.each(families)('%s can be read, and its mark be seen', (family) => {
    const below = ['surface', 'canvas', 'sunken', 'hover', 'active', 'raised', `state-${family}-tint`]
    for (const background of below) {
      expect(
        contrast(token(`state-${family}-fg`), token(background)),
        `on ${background}`,
      ).toBeGreaterThanOrEqual(4.5)
    }
    expect(contrast(token(`state-${family}`), token('surface'))).toBeGreaterThanOrEqual(3)
    expect(contrast(token(`state-${family}-on`), token(`state-${family}`))).toBeGreaterThanOrEqual(4.5)
  })

  test.each(['ink', 'ink-2', 'ink-3', 'accent-ink'])('%s can be read on every background', (ink) => {
    for (const background of ['surface', 'canvas', 'sunken', 'hover', 'active', 'raised']) {
      expect(contrast(token(ink), token(background)), `on ${background}`).toBeGreaterThanOrEqual(4.5)
    }
  })
})
