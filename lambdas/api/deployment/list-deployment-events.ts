import { DeploymentEventSchema } from '../../domain/model/deployment-event.ts';
import { LISTINGS } from '../../domain/model/table/listings.ts';
import { findDeployment } from '../../domain/transaction/find.ts';
import type { Services } from '../../functions.ts';
import { answer, operation } from '../../runtime/operation.ts';
import { DeploymentPath, PageQuery, pageOf } from '../inputs.ts';
import { showPage } from '../show-page.ts';

export const listDeploymentEvents = operation(
  {
    operationId: 'listDeploymentEvents',
    tag: 'deployment',
    summary: 'The history of a deployment, oldest first: who did what, when and why',
    input: { path: DeploymentPath, query: PageQuery },
    answers: { 200: pageOf(DeploymentEventSchema.omit({ nonce: true })) },
  },
  async ({ path: { app, env, id }, query }, { store }: Services<'read'>) => {
    await findDeployment(store, app, env, id);
    return answer(200, await showPage(await store.list(LISTINGS.events(id), query), (event) => event));
  },
);
