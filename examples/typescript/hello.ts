import { flow, logger, task } from '@rigel/agent'

const greet = task({ name: 'greet' }, async (name: string) => `Hello, ${name}!`)

export const hello = flow({ name: 'hello' }, async (name?: string) =>
  logger.info(await greet(name ?? 'world')),
)
