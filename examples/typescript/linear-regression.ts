/** A linear model: `intercept` plus each weight times its feature. */
export interface LinearModel {
  readonly intercept: number
  readonly weights: readonly number[]
}

/**
 * Ordinary least squares by the normal equations, with `ridge` added to their diagonal (0: none).
 * Throws RangeError when the features do not determine the weights.
 */
export function fitLinear(
  rows: readonly (readonly number[])[],
  targets: readonly number[],
  ridge = 0,
): LinearModel {
  const size = (rows[0]?.length ?? 0) + 1
  const sums = Array.from({ length: size }, () => new Float64Array(size + 1))
  rows.forEach((row, r) => {
    const x = [1, ...row]
    for (let i = 0; i < size; i++) {
      const line = sums[i] as Float64Array
      for (let j = 0; j < size; j++) line[j] = at(line, j) + at(x, i) * at(x, j)
      line[size] = at(line, size) + at(x, i) * at(targets, r)
    }
  })
  for (let i = 1; i < size; i++) (sums[i] as Float64Array)[i] = at(sums[i], i) + ridge
  const [intercept = 0, ...weights] = solve(sums)
  return { intercept, weights }
}

export const predict = ({ intercept, weights }: LinearModel, row: readonly number[]): number =>
  weights.reduce((sum, weight, i) => sum + weight * at(row, i), intercept)

/** Gaussian elimination with partial pivoting; the right-hand side stands in the last column. */
function solve(lines: Float64Array[]): number[] {
  const size = lines.length
  for (let i = 0; i < size; i++) {
    let pivot = i
    for (let r = i + 1; r < size; r++)
      if (Math.abs(at(lines[r], i)) > Math.abs(at(lines[pivot], i))) pivot = r
    if (Math.abs(at(lines[pivot], i)) < 1e-9) throw new RangeError('the features depend on each other')
    ;[lines[i], lines[pivot]] = [lines[pivot] as Float64Array, lines[i] as Float64Array]
    for (let r = 0; r < size; r++) {
      if (r === i) continue
      const factor = at(lines[r], i) / at(lines[i], i)
      for (let c = i; c <= size; c++)
        (lines[r] as Float64Array)[c] = at(lines[r], c) - factor * at(lines[i], c)
    }
  }
  return lines.map((line, i) => at(line, size) / at(line, i))
}

const at = (list: ArrayLike<number> | undefined, i: number): number => list?.[i] ?? 0
