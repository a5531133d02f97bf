import { html } from '../../../lambdas/pages/parts/html.ts';
import { readDeployment, readEnvironment } from '../../deployment/deployments.ts';
import { describeNow, isCancelable, whatOf } from '../../deployment/describe-deployment.ts';
import { CommandError } from '../../output/command-error.ts';
import { deploymentPath } from '../frame/scene.ts';
import { who } from '../frame/small-parts.ts';
import type { Action, Target } from './action.ts';

/** Stops a deployment before it changes anything. */
export const cancel: Action = {
  async ask(api, target, _query, scene) {
    const { app, env, id } = named(target);
    const [deployment, { stage }] = await Promise.all([
      readDeployment(api, app, env, id),
      readEnvironment(api, app, env),
    ]);
    if (!isCancelable(deployment))
      throw new CommandError('refused', `deployment ${id} cannot be canceled any more: it is ${deployment.status}`);
    return {
      ...{ application: app, environment: env, stage },
      heading: `Cancel ${whatOf(deployment)} in ${env}`,
      consequences: [
        html`${who(deployment.requestedBy)} asked for it. Now: ${describeNow(deployment, scene.now)}.`,
        html`It changes nothing more, and its approvals are of no use any more. If its apply begins before this arrives, it is not interrupted, and this is refused.`,
      ],
      fields: [],
      button: 'Cancel the deployment',
      isUndoing: true,
    };
  },
  async perform(api, target, _form, { scene, key }) {
    const path = named(target);
    const deployment = await api.body(
      api.http.POST('/applications/{app}/environments/{env}/deployments/{id}/cancel', {
        params: { path, header: { 'Idempotency-Key': key } },
      }),
    );
    return deploymentPath(scene, deployment);
  },
};

function named({ app, env, id }: Target): Target & { readonly id: string } {
  if (id === undefined) throw new CommandError('usage', 'no deployment is named');
  return { app, env, id };
}
