import { DeploymentViewSchema, viewDeployment } from '../../domain/deployment/deployment-view.ts';
import { LISTINGS } from '../../domain/model/table/listings.ts';
import { findEnvironment } from '../../domain/transaction/find.ts';
import type { Services } from '../../functions.ts';
import { answer, operation } from '../../runtime/operation.ts';
import { EnvironmentPath, PageQuery, pageOf } from '../inputs.ts';
import { showPage } from '../show-page.ts';

export const listDeployments = operation(
  {
    operationId: 'listDeployments',
    tag: 'deployment',
    summary: 'The deployments of an environment, newest first',
    input: { path: EnvironmentPath, query: PageQuery },
    answers: { 200: pageOf(DeploymentViewSchema) },
  },
  async ({ path: { app, env }, query }, { store }: Services<'read'>, { home }) => {
    await findEnvironment(store, app, env);
    const page = await store.list(LISTINGS.history(app, env), query);
    return answer(200, await showPage(page, (deployment) => viewDeployment(store, deployment, home)));
  },
);
