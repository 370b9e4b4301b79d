/**
 * Makes the training pipeline run by itself: at 09:00 in Seattle on day 15 of each month, by the workers of the pool `local`.
 *
 *     rigel work-pool create local
 *     rigel deploy examples/typescript/deploy-monthly.ts
 *     rigel worker start -p local
 *
 * Running it again changes the deployment instead of making another.
 */
import { cron } from '@rigel/agent'
import { trainingPipeline } from './training-pipeline.js'

await trainingPipeline.deploy({
  name: 'monthly',
  workPool: 'local',
  description: 'Learns the weather of Seattle anew each month.',
  tags: ['weather', 'monthly'],
  schedules: [
    // Whatever the machine slept through counts once.
    cron('0 9 15 * *', { timezone: 'America/Los_Angeles', slug: 'monthly', catchUp: 'latest' }),
  ],
  parameters: { date: '2015-06-01' },
  // Training starts from the beginning and writes one file: another worker may simply do it again.
  onLost: 'reschedule',
})
