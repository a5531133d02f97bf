import type { Api, Schemas } from '../client/api-client.ts';
import type { Deployment } from '../deployment/deployments.ts';
import { whatOf } from '../deployment/describe-deployment.ts';
import type { Terminal } from '../frame/surroundings.ts';
import { describeAnalysis } from './describe-analysis.ts';

export type Plan = Schemas['Plan'];

/** Reads what people decide on: the analysis of the deployment's plan. */
export const readPlan = (api: Api, { application: app, environment: env, id }: Deployment): Promise<Plan> =>
  api.body(
    api.http.GET('/applications/{app}/environments/{env}/deployments/{id}/plan', {
      params: { path: { app, env, id } },
    }),
  );

/** The plan as text for people. */
export const describePlan = (deployment: Deployment, plan: Plan, terminal: Terminal | undefined): string =>
  describeAnalysis(plan, {
    file: `${whatOf(deployment)} in ${deployment.environment} of ${deployment.application}`,
    width: terminal?.columns,
    hasColors: terminal?.hasColors ?? false,
  });
