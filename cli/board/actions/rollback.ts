import { html } from '../../../lambdas/pages/parts/html.ts';
import { moment } from '../../../lambdas/pages/parts/words.ts';
import { readEnvironment } from '../../deployment/deployments.ts';
import { olderReleasesIn } from '../../deployment/older-releases.ts';
import { CommandError } from '../../output/command-error.ts';
import { deploymentPath } from '../frame/scene.ts';
import type { Action } from './action.ts';
import { runsNow, whatFollows } from './promote.ts';
import { releaseIn } from './release-number.ts';

/** Goes back to a release that succeeded here before. */
export const rollback: Action = {
  async ask(api, { app, env }) {
    const environment = await readEnvironment(api, app, env);
    const older = olderReleasesIn(environment);
    if (older.length === 0)
      throw new CommandError('refused', `nothing older succeeded in ${env} of ${app} among its last deployments`, {
        nextStep: `\`stagegate rollback ${env} --app ${app} --release NUMBER\` names any release.`,
      });
    return {
      ...{ application: app, environment: env, stage: environment.stage },
      heading: `Roll ${env} back`,
      consequences: [
        runsNow(environment),
        html`The configuration of the older release is planned against what exists now: what only a newer release has, it destroys.`,
        html`The environment is on hold afterwards: nothing is promoted into it by itself until somebody gives <code>stagegate lift ${env} --app ${app}</code>.`,
        ...whatFollows(environment),
      ],
      fields: [
        {
          ...{ kind: 'choice', name: 'release', label: 'Back to' },
          choices: older.map(({ release, endedAt }) => ({
            value: String(release),
            text: html`release ${release}${endedAt !== undefined && html` <span class="quiet small">succeeded here on ${moment(endedAt)}</span>`}`,
          })),
        },
      ],
      button: `Roll ${env} back`,
      isUndoing: true,
    };
  },
  async perform(api, { app, env }, form, { scene, key }) {
    const deployment = await api.body(
      api.http.POST('/applications/{app}/environments/{env}/deployments', {
        params: { path: { app, env }, header: { 'Idempotency-Key': key } },
        body: { release: releaseIn(form), operation: 'rollback' },
      }),
    );
    return deploymentPath(scene, deployment);
  },
};
