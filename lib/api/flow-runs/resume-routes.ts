import { z } from 'zod'
import { resumeFlowRun } from '../../control/flow-runs/resume-flow-run.ts'
import { rawMember } from '../../domain/raw-json.ts'
import { route } from '../route.ts'
import { jsonObject, uuid } from '../schemas.ts'
import { orchestrationAnswer } from './responses.ts'
import { transitionAnswer } from './write-routes.ts'

const resume = route({
  method: 'POST',
  path: '/flow_runs/{id}/resume',
  permission: { in: 'workspace', scope: 'run_flows' },
  summary: 'Resume a paused flow run, with the input that it asked for',
  tag: 'Flow runs',
  params: z.object({ id: uuid }),
  body: z.object({ run_input: jsonObject.optional() }),
  bodyOptional: true,
  success: { 201: orchestrationAnswer, 200: orchestrationAnswer },
  errors: [404],
  handle: async ({ ctx, params, body, rawBody, services, client }) => {
    const result = await resumeFlowRun(ctx, services.engine, {
      id: params.id,
      runInput: (body.run_input && rawMember(rawBody, 'run_input')) ?? null,
      client,
    })
    // Clients know an input that was refused by these details.
    return result.inputRefused ? transitionAnswer(result, 'abort_details') : transitionAnswer(result)
  },
})

export const flowRunResumeRoutes = [resume]
