import { expect, it } from 'vitest'
import { ourCommand } from './flow-run-explain.js'

it.each([
  ['prefect work-pool resume machines', 'rigel work-pool resume machines'],
  ['prefect work-queue resume urgent --pool machines', 'rigel work-queue resume urgent --pool machines'],
  ['prefect work-pool set-concurrency-limit machines 3', 'rigel work-pool update machines --limit 3'],
  [
    'prefect work-queue set-concurrency-limit urgent 2 --pool machines',
    'rigel work-queue update urgent --limit 2 --pool machines',
  ],
  ['prefect concurrency-limit create db 2', 'rigel limit update tag:db --slots 2'],
  ["prefect concurrency-limit create 'big db' 2", "rigel limit update tag:'big db' --slots 2"],
  ['prefect flow-run cancel run-1', 'rigel flow-run cancel run-1'],
  ['rigel worker start -p machines', 'rigel worker start -p machines'],
])('of “%s” it makes “%s”', (theirs, ours) => {
  expect(ourCommand(theirs)).toBe(ours)
})

it('names the worker that can run the flow: a Python flow is nothing for an agent', () => {
  expect(ourCommand('prefect worker start --pool machines')).toBe('prefect worker start --pool machines')
})
