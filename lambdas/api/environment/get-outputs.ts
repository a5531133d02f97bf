import { OutputsViewSchema, showOutputs } from '../../domain/environment/outputs-view.ts';
import { findEnvironment } from '../../domain/transaction/find.ts';
import type { Services } from '../../functions.ts';
import { answer, operation } from '../../runtime/operation.ts';
import { EnvironmentPath } from '../inputs.ts';

export const getOutputs = operation(
  {
    operationId: 'getOutputs',
    tag: 'environment',
    summary: 'The Terraform outputs of an environment; sensitive values are null',
    input: { path: EnvironmentPath },
    answers: { 200: OutputsViewSchema },
  },
  async ({ path: { app, env } }, { store }: Services<'read'>) => {
    await findEnvironment(store, app, env);
    const outputs = await store.get('outputs', { application: app, environment: env });
    const { deploymentId = null, at = null, dropped = [] } = outputs ?? {};
    const body = { application: app, environment: env, deploymentId, at, outputs: showOutputs(outputs), dropped };
    return answer(200, body);
  },
);
