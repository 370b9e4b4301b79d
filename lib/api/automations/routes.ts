import { z } from 'zod'
import { problem } from '../problems.ts'
import { route } from '../route.ts'

/**
 * Deploying clients first delete the automations that their deployment owns. There are none until automations are served,
 * so that nothing is left to delete.
 */
const removeOwned = route({
  method: 'DELETE',
  path: '/automations/owned-by/{resource}',
  permission: { in: 'workspace', scope: 'write_deployments' },
  summary: 'Delete the automations that a resource owns',
  tag: 'Automations',
  params: z.object({ resource: z.string().max(1_000) }),
  success: { 202: null },
  handle: () => ({ status: 202 }),
})

/** Asked when a deployment is inspected. */
const related = route({
  method: 'GET',
  path: '/automations/related-to/{resource}',
  permission: { in: 'workspace', scope: 'see_automations' },
  summary: 'List the automations that a resource owns or takes part in',
  tag: 'Automations',
  params: z.object({ resource: z.string().max(1_000) }),
  success: { 200: z.array(z.unknown()) },
  handle: () => ({ status: 200, json: [] }),
})

/**
 * A trigger that nobody watches would be a promise that is not kept: it is refused as what is not there, with a sentence that the
 * deploying client shows. To be replaced by the automations themselves.
 */
const create = route({
  method: 'POST',
  path: '/automations/',
  permission: { in: 'workspace', scope: 'manage_automations' },
  summary: 'Create an automation (not served yet)',
  tag: 'Automations',
  body: z.looseObject({ name: z.string().max(1_000).optional() }),
  success: { 201: null },
  errors: [404],
  handle: () =>
    problem(
      404,
      'Automations, and so triggers of deployments, are not served yet. The deployment itself is there; deploy it without triggers.',
    ),
})

export const automationRoutes = [removeOwned, related, create]
