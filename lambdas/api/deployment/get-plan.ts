import { findAnalysis } from '../../domain/deployment/find-analysis.ts';
import { PlanViewSchema, viewPlan } from '../../domain/deployment/plan-view.ts';
import { findParityOf } from '../../domain/environment/find-parity.ts';
import { NotFoundError } from '../../domain/errors.ts';
import { isTerminal, plannedOf } from '../../domain/model/deployment.ts';
import { findApplication, findDeployment, findEnvironment } from '../../domain/transaction/find.ts';
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
    // What is read once is at hand for the rest.
    const ahead = await store.readAhead();
    const deployment = await findDeployment(ahead, app, env, id);
    const planned = plannedOf(deployment);
    if (!planned) throw new NotFoundError('plan of deployment', id);
    const [analysis, application, environment] = await Promise.all([
      findAnalysis(artifacts, planned),
      findApplication(ahead, app),
      findEnvironment(ahead, app, env),
    ]);
    if (!analysis) throw new NotFoundError('plan of deployment', id);
    const isToCome = environment.stage === 'production' && !isTerminal(deployment.status);
    const parity = isToCome ? await findParityOf(ahead, application, environment, id) : undefined;
    return answer(200, viewPlan(id, planned, analysis, parity));
  },
);
