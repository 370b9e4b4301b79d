/**
 * The training pipeline: read → prepare → train → evaluate → persist, and what usually goes wrong on the way.
 * It learns to tell the day's highest temperature in Seattle from what is known in the morning.
 *
 *     rigel run examples/typescript/training-pipeline.ts -p date=2015-06-01
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { flow, logger, runContext, task } from '@rigel/agent'
import { z } from 'zod'
import { fitLinear, type LinearModel, predict } from './linear-regression.js'

const datasets = join(dirname(createRequire(import.meta.url).resolve('vega-datasets')), '..', 'data')
const here = dirname(fileURLToPath(import.meta.url))

const Parameters = z.object({
  date: z.iso
    .date()
    .default('2015-01-01')
    .describe('train on the days before, evaluate on this day and after'),
  weather: z
    .string()
    .default(join(datasets, 'seattle-weather.csv'))
    .describe('observed weather, one day a row'),
  corrections: z
    .string()
    .default(join(here, 'data', 'station-corrections.csv'))
    .describe('known sensor errors'),
  output: z.string().default(join(tmpdir(), 'rigel-training-pipeline')).describe('folder for the model'),
  ridge: z
    .number()
    .nonnegative()
    .default(1)
    .describe('regularisation, when the search for a better one fails'),
})

interface Day {
  readonly date: string
  readonly high: number
  readonly features: readonly number[]
}

interface Split {
  readonly train: readonly Day[]
  readonly test: readonly Day[]
}

const readCsv = task({ name: 'read' }, async (path: string) => {
  const [head = '', ...lines] = (await readFile(path, 'utf8')).trim().split(/\r?\n/)
  const columns = head.split(',')
  const rows = lines.map((line, i) => {
    const cells = line.split(',')
    if (cells.length === columns.length)
      return Object.fromEntries(columns.map((name, c) => [name, cells[c] ?? '']))
    throw new SyntaxError(`line ${i + 2} has ${cells.length} cells, not ${columns.length}: "${line}"`)
  })
  logger.info('read %d rows of %d columns', rows.length, columns.length)
  return rows
})

/** A server that answers at the third attempt, as servers do. */
const downloadNormals = task({ name: 'download', retries: 3, retryDelay: [0.1, 0.2] }, async () => {
  const { attempt } = runContext()
  if (attempt < 3) throw new Error(`503 Service Unavailable (attempt ${attempt})`)
  const text = await readFile(join(datasets, 'seattle-weather-hourly-normals.csv'), 'utf8')
  const sums = new Map<string, { sum: number; hours: number }>()
  for (const line of text.trim().split('\n').slice(1)) {
    const [time = '', , temperature] = line.split(',')
    const day = sums.get(time.slice(5, 10)) ?? { sum: 0, hours: 0 }
    sums.set(time.slice(5, 10), { sum: day.sum + Number(temperature), hours: day.hours + 1 })
  }
  logger.info('downloaded the normal temperature of %d days', sums.size)
  return new Map([...sums].map(([day, { sum, hours }]) => [day, sum / hours]))
})

const prepare = task(
  { name: 'prepare' },
  (
    rows: Record<string, string>[],
    normals: Map<string, number>,
    corrections: ReadonlyMap<string, number>,
    date: string,
  ): Split => {
    const days = rows.map((row): Day => {
      const { date: day = '', precipitation, temp_min: low, wind } = row
      const normal = normals.get(day.slice(5)) ?? normals.get('02-28') ?? 0
      const features = [Number(low), Math.log1p(Number(precipitation)), Number(wind), normal]
      return { date: day, high: Number(row.temp_max) + (corrections.get(day) ?? 0), features }
    })
    const split = {
      train: days.filter((day) => day.date < date),
      test: days.filter((day) => day.date >= date),
    }
    if (split.train.length < 30 || split.test.length < 1)
      throw new RangeError(`${date} leaves too few days on one side`)
    logger.info('%d days to train on, %d to evaluate on', split.train.length, split.test.length)
    return split
  },
)

const train = task(
  { name: 'train', tags: ['model'] },
  ({ train: days }: Split, ridge: number): LinearModel => {
    const model = fitLinear(
      days.map((day) => day.features),
      days.map((day) => day.high),
      ridge,
    )
    const [low = 0, rain = 0] = model.weights
    logger.info(
      'trained: a degree more at night is %s more at day, rain takes %s',
      low.toFixed(2),
      (-rain).toFixed(2),
    )
    return model
  },
)

const evaluate = task({ name: 'evaluate', tags: ['model'] }, (model: LinearModel, { test: days }: Split) => {
  const errors = days.map((day) => day.high - predict(model, day.features))
  const mean = days.reduce((sum, day) => sum + day.high, 0) / days.length
  const squares = (list: readonly number[]) => list.reduce((sum, value) => sum + value ** 2, 0)
  const rmse = Math.sqrt(squares(errors) / days.length)
  const r2 = 1 - squares(errors) / squares(days.map((day) => day.high - mean))
  logger.info(
    'off by %s °C in the root mean square; explains %s %% of the variance',
    rmse.toFixed(2),
    (r2 * 100).toFixed(1),
  )
  return { rmse, r2 }
})

/** Leaving out each day in turn would tell the best regularisation, and takes longer than anybody waits. */
const searchRidge = task({ name: 'search', timeoutSeconds: 0.3 }, async ({ train: days }: Split) => {
  const { signal } = runContext()
  let best = { ridge: 0, loss: Number.POSITIVE_INFINITY }
  for (const ridge of [0, 0.1, 1, 10, 100]) {
    let loss = 0
    for (const day of days) {
      // A function that looks at its signal ends when its time is up, instead of going on for nobody.
      signal.throwIfAborted()
      const others = days.filter((other) => other !== day)
      const model = fitLinear(
        others.map((other) => other.features),
        others.map((other) => other.high),
        ridge,
      )
      loss += (day.high - predict(model, day.features)) ** 2
      await new Promise((resolve) => setImmediate(resolve))
    }
    if (loss < best.loss) best = { ridge, loss }
  }
  return best.ridge
})

const persist = task(
  { name: 'persist', retries: 1 },
  async (output: string, model: LinearModel, score: object) => {
    await mkdir(output, { recursive: true })
    const path = join(output, 'model.json')
    await writeFile(path, `${JSON.stringify({ ...model, ...score }, null, 2)}\n`)
    logger.info('the model is in %s', path)
    return path
  },
)

/** The corrections by day; none when their file is malformed, because a model without them is better than no model. */
async function readCorrections(path: string): Promise<ReadonlyMap<string, number>> {
  const state = await readCsv.state(path)
  if (state.isCompleted()) {
    return new Map(state.result().map((row) => [row.date ?? '', Number(row.temp_max_correction)]))
  }
  logger.warn('going on without corrections: %s', state.message)
  return new Map()
}

export const trainingPipeline = flow(
  { name: 'training-pipeline', parameters: Parameters, tags: ['example'], retries: 1, timeoutSeconds: 120 },
  async ({ date, weather, corrections, output, ridge }) => {
    logger.info('training on days before %s', date)
    const normals = downloadNormals.submit()
    const rows = readCsv.submit(weather)
    const split = await prepare(rows, normals, await readCorrections(corrections), date)

    const search = await searchRidge.state(split)
    if (!search.isCompleted()) logger.info('the search took too long; the ridge is %d as given', ridge)

    const model = await train(split, search.isCompleted() ? search.result() : ridge)
    const score = await evaluate(model, split)
    return { ...score, path: await persist(output, model, score) }
  },
)
