import * as z from 'zod';
import { DeploymentViewSchema, viewDeployment } from '../../domain/deployment/deployment-view.ts';
import { type Deployment, StatusSchema } from '../../domain/model/deployment.ts';
import { LISTINGS } from '../../domain/model/table/listings.ts';
import { ReleaseNumberSchema } from '../../domain/names.ts';
import { findEnvironment } from '../../domain/transaction/find.ts';
import type { Services } from '../../functions.ts';
import { answer, operation } from '../../runtime/operation.ts';
import { inRange, listPage, TimeRange } from '../filtered-page.ts';
import { EnvironmentPath, PageQuery, pageOf } from '../inputs.ts';
import { showPage } from '../show-page.ts';

const DeploymentQuery = PageQuery.extend({
  /** Only deployments with this status. */
  status: StatusSchema.optional(),
  /** Only deployments of this release. */
  release: z.coerce.number().pipe(ReleaseNumberSchema).optional(),
  /** By the time at which a deployment was requested. */
  ...TimeRange,
});

export const listDeployments = operation(
  {
    operationId: 'listDeployments',
    tag: 'deployment',
    summary: 'The deployments of an environment, newest first',
    input: { path: EnvironmentPath, query: DeploymentQuery },
    answers: { 200: pageOf(DeploymentViewSchema) },
  },
  async ({ path: { app, env }, query: { limit, cursor, ...filters } }, { store }: Services<'read'>, { home }) => {
    const isInTime = inRange(filters);
    await findEnvironment(store, app, env);
    const { status, release } = filters;
    const matches = (deployment: Deployment): boolean =>
      (status ?? deployment.status) === deployment.status &&
      (release ?? deployment.release) === deployment.release &&
      isInTime(deployment.createdAt);
    const page = await listPage(store, LISTINGS.history(app, env), { limit, cursor }, filters, matches);
    return answer(200, await showPage(page, (deployment) => viewDeployment(store, deployment, home)));
  },
);
