import { html } from '../../../lambdas/pages/parts/html.ts';
import { readEnvironment } from '../../deployment/deployments.ts';
import { CommandError } from '../../output/command-error.ts';
import { applicationPath } from '../frame/scene.ts';
import type { Action } from './action.ts';

const MOST_REASON = 500;

/** Keeps automatic deployments out of an environment. */
export const hold: Action = {
  async ask(api, { app, env }) {
    const { stage, hold: already } = await readEnvironment(api, app, env);
    if (already) throw new CommandError('refused', `${env} of ${app} is on hold already: ${already.reason}`);
    return {
      ...{ application: app, environment: env, stage },
      heading: `Hold ${env}`,
      consequences: [
        html`Nothing is deployed to <b>${env}</b> by itself any more, until somebody gives <code>stagegate lift ${env} --app ${app}</code>.`,
        html`What a push or a promotion has started there is blocked before it changes anything. People can still promote a release to it.`,
      ],
      fields: [{ kind: 'text', name: 'reason', label: 'Why, for everybody who sees it', most: MOST_REASON }],
      button: `Hold ${env}`,
      isUndoing: true,
    };
  },
  async perform(api, { app, env }, form, { scene }) {
    const reason = (form.get('reason') ?? '').trim();
    if (reason === '') throw new CommandError('usage', 'reason: say why');
    await api.body(
      api.http.PATCH('/applications/{app}/environments/{env}', {
        params: { path: { app, env } },
        body: { hold: true, reason },
      }),
    );
    return applicationPath(scene, app);
  },
};
