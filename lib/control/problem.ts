export * from '../domain/problem.ts'
