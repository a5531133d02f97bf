import { requesterOf } from '../../domain/approver/requester.ts';
import { EnvironmentViewSchema, viewEnvironment } from '../../domain/environment/environment-view.ts';
import { moveState, StateMoveSchema } from '../../domain/environment/move-state.ts';
import { findApplication } from '../../domain/transaction/find.ts';
import type { Services } from '../../functions.ts';
import { answer, operation } from '../../runtime/operation.ts';
import { EnvironmentPath } from '../inputs.ts';

export const postStateMove = operation(
  {
    operationId: 'postStateMove',
    tag: 'environment',
    summary: "Change the address at which an environment's Terraform state is expected",
    problems: ['deployments-open', 'state-address-taken', 'not-allowed-here'],
    input: { path: EnvironmentPath, body: StateMoveSchema },
    answers: { 200: EnvironmentViewSchema },
  },
  async ({ path: { app, env }, body }, services: Services<'configure'>, { caller, home }) => {
    const application = await findApplication(services.store, app);
    const by = await requesterOf(services.store, app, caller);
    const environment = await moveState(services, { application: app, environment: env }, body, by);
    return answer(200, await viewEnvironment(services, application, environment, home));
  },
);
