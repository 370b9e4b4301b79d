import { eq } from 'drizzle-orm'
import { users } from '../../db/schema/identity.ts'
import { handleProblem } from '../../domain/access/handle.ts'
import { BadInput, Conflict, NotFound } from '../../domain/problem.ts'
import { type ActorContext, requireUnbounded } from './require-user.ts'
import { isUniqueViolation } from './unique-violation.ts'
import { tellAccessChanged } from './unit-of-work.ts'
import { namesOf, readUserSettings, type StoredUserSettings } from './user-profile.ts'

export interface UpdateUserInput {
  readonly id: string
  readonly handle?: string
  readonly firstName?: string
  readonly lastName?: string
  readonly email?: string | null
  readonly location?: string | null
  readonly title?: string | null
  readonly imageUrl?: string | null
  readonly settings?: StoredUserSettings['ui']
}

/** Changes what is given of the actor's own profile. The e-mail is what the user says: nobody is signed in or let in by it. */
export async function updateUser(ctx: ActorContext, input: UpdateUserInput): Promise<void> {
  const actor = requireUnbounded(ctx)
  const { id, handle, firstName, lastName, email, location, title, imageUrl, settings } = input
  if (id !== actor.userId) throw new NotFound('User')
  const problem = handle === undefined ? null : handleProblem(handle)
  if (problem) throw new BadInput(problem)
  try {
    await ctx.db.orm.transaction(async (work) => {
      const [row] = await work.select().from(users).where(eq(users.id, id)).for('update')
      if (!row) throw new NotFound('User')
      const before = readUserSettings(row.settings)
      const names = namesOf(row.name, before)
      const renamed = firstName !== undefined || lastName !== undefined
      const first = firstName ?? names.first
      const last = lastName ?? names.last
      await work
        .update(users)
        .set({
          ...(handle === undefined ? {} : { handle }),
          ...(email === undefined ? {} : { email }),
          ...(imageUrl === undefined ? {} : { imageUrl }),
          ...(renamed ? { name: `${first} ${last}`.trim().slice(0, 500) } : {}),
          settings: {
            profile: {
              ...before.profile,
              ...(renamed ? { firstName: first, lastName: last } : {}),
              ...(location === undefined ? {} : { location }),
              ...(title === undefined ? {} : { title }),
            },
            ui: { ...before.ui, ...settings },
          },
        })
        .where(eq(users.id, id))
      await tellAccessChanged(work, { kind: 'user', id })
    })
  } catch (error) {
    if (isUniqueViolation(error)) throw new Conflict(`The handle ${handle} is taken; choose another one.`)
    throw error
  }
}
