import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

const alias = [
  { find: /^#lib\//, replacement: here('./lib/') },
  { find: /^#app\//, replacement: here('./app/') },
  { find: /^#protocol\//, replacement: here('./agent/src/protocol/') },
]

const outside = ['**/node_modules/**', '**/dist/**', '**/.next/**', '**/.rigel/**']

const needsDatabase = {
  globalSetup: ['./lib/testing/database-setup.ts'],
  // Every file has a database of its own; more files at once than cores only wait for each other.
  maxWorkers: 2,
  testTimeout: 30_000,
  hookTimeout: 60_000,
}

const journey = {
  // One browser and one Python client at a time: they measure what a person would wait for.
  maxWorkers: 1,
  testTimeout: 300_000,
  hookTimeout: 300_000,
}

const replicas = 'lib/testing/replicas.journey.test.ts'

// Groups run one after the other, cheapest first.
export default defineConfig({
  resolve: { alias },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          // Property tests of a thousand cases on a machine that does other things too.
          testTimeout: 60_000,
          sequence: { groupOrder: 0 },
          include: ['lib/**/*.test.ts', 'app/**/*.test.{ts,tsx}', 'bench/**/*.test.ts'],
          exclude: [...outside, '**/*.db.test.ts', '**/*.api.test.ts', '**/*.journey.test.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'db',
          sequence: { groupOrder: 2 },
          include: ['lib/**/*.db.test.ts', 'app/**/*.db.test.ts'],
          exclude: outside,
          ...needsDatabase,
        },
      },
      {
        extends: true,
        test: {
          name: 'api',
          sequence: { groupOrder: 3 },
          include: ['lib/**/*.api.test.ts', 'app/**/*.api.test.ts'],
          exclude: outside,
          ...needsDatabase,
        },
      },
      {
        extends: true,
        test: {
          name: 'agent',
          sequence: { groupOrder: 1 },
          include: ['agent/**/*.test.ts'],
          exclude: [...outside, '**/*.journey.test.ts'],
          testTimeout: 30_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'journeys',
          sequence: { groupOrder: 4 },
          include: [
            'lib/**/*.journey.test.ts',
            'agent/**/*.journey.test.ts',
            'examples/**/*.journey.test.ts',
          ],
          exclude: [...outside, replicas],
          ...needsDatabase,
          ...journey,
        },
      },
      {
        extends: true,
        test: {
          // Takes five minutes whatever the machine can, and leaves much of it idle: `npm test` runs it beside the quick ones.
          name: 'replicas',
          sequence: { groupOrder: 5 },
          include: [replicas],
          ...needsDatabase,
          ...journey,
        },
      },
    ],
  },
})
