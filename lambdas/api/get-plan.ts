import * as z from 'zod';
import { plannedOf } from '../domain/deployment.ts';
import { NotFoundError } from '../domain/errors.ts';
import { findDeployment } from '../domain/find.ts';
import { answer, operation } from '../runtime/operation.ts';
import type { Services } from '../runtime/services.ts';
import { DeploymentPath } from './inputs.ts';

const PlanViewSchema = z.object({
  deploymentId: z.string(),
  planDigest: z.string(),
  changeDigest: z.string(),
  /** 1 for the first plan of the deployment; one more each time it was made again. */
  round: z.int(),
  plannedAt: z.string(),
  analysis: z.json(),
});

export const getPlan = operation(
  {
    summary: 'The analysis of the plan people approve: what changes, cost, blast radius; nothing sensitive is in it',
    input: { path: DeploymentPath },
    answers: { 200: PlanViewSchema },
  },
  async ({ path: { app, env, id } }, { store, artifacts }: Services<'read'>) => {
    const planned = plannedOf(await findDeployment(store, app, env, id));
    if (!planned) throw new NotFoundError('plan of deployment', id);
    const { digest: planDigest, changeDigest, round, plannedAt } = planned;
    const { key, versionId } = planned.analysis;
    const analysis = await artifacts.getJson(key, versionId);
    if (!analysis) throw new NotFoundError('analysis of deployment', id);
    const body = { deploymentId: id, planDigest, changeDigest, round, plannedAt };
    return answer(200, { ...body, analysis: z.json().parse(analysis.value) });
  },
);
