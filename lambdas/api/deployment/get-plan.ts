import { findAnalysis } from '../../domain/deployment/find-analysis.ts';
import { PlanViewSchema, viewPlan } from '../../domain/deployment/plan-view.ts';
import { NotFoundError } from '../../domain/errors.ts';
import { plannedOf } from '../../domain/model/deployment.ts';
import { findDeployment } from '../../domain/transaction/find.ts';
import type { Services } from '../../functions.ts';
import { answer, operation } from '../../runtime/operation.ts';
import { DeploymentPath } from '../inputs.ts';

export const getPlan = operation(
  {
    operationId: 'getPlan',
    tag: 'deployment',
    summary: 'The analysis of the plan that people approve: changes, cost and blast radius, without sensitive values',
    input: { path: DeploymentPath },
    answers: { 200: PlanViewSchema },
  },
  async ({ path: { app, env, id } }, { store, artifacts }: Services<'read'>) => {
    const planned = plannedOf(await findDeployment(store, app, env, id));
    const analysis = planned && (await findAnalysis(artifacts, planned));
    if (!planned || !analysis) throw new NotFoundError('plan of deployment', id);
    return answer(200, viewPlan(id, planned, analysis));
  },
);
