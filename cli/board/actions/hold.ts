import { type Html, html } from '../../../lambdas/pages/parts/html.ts';
import type { Api } from '../../client/api-client.ts';
import { type Deployment, readEnvironment } from '../../deployment/deployments.ts';
import { describeNow } from '../../deployment/describe-deployment.ts';
import { CommandError } from '../../output/command-error.ts';
import { AddressError } from '../frame/address-error.ts';
import { applicationPath } from '../frame/scene.ts';
import { who } from '../frame/small-parts.ts';
import type { Action, Target } from './action.ts';

const MOST_REASON = 500;

/** Keeps automatic deployments out of an environment. */
export const hold: Action = {
  async ask(api, { app, env }) {
    const { stage, current, hold: already } = await readEnvironment(api, app, env);
    if (already) throw heldAlready(app, env, already.reason);
    return {
      ...{ application: app, environment: env, stage },
      heading: `Hold ${env}`,
      consequences: [
        html`Nothing is deployed to <b>${env}</b> by itself any more, until somebody gives <code>stagegate lift ${env} --app ${app}</code>.`,
        html`People can still promote a release to it.`,
        ...(current ? [whatBecomesOf(current)] : []),
      ],
      fields: [{ kind: 'text', name: 'reason', label: 'Why, for everybody who sees it', most: MOST_REASON }],
      button: `Hold ${env}`,
      isUndoing: true,
    };
  },
  async perform(api, { app, env }, form, { scene }) {
    const reason = (form.get('reason') ?? '').trim();
    if (reason === '') throw new AddressError('reason: say why');
    const params = { path: { app, env } };
    const found = api.http.GET('/applications/{app}/environments/{env}', { params });
    const { hold: already } = await api.body(found);
    if (already && already.reason !== reason) throw heldAlready(app, env, already.reason);
    // The version that was read goes with the request, so that a form that is sent twice holds once.
    if (!already) await setHold(api, { app, env }, reason, (await found).response.headers.get('etag'));
    return applicationPath(scene, app);
  },
};

/** A hold stops what nobody asked for. */
const whatBecomesOf = (current: Deployment): Html =>
  current.automatic
    ? html`Under way there: ${describeNow(current)}. Nobody asked for it, so it is blocked before it changes anything.`
    : html`Under way there: ${describeNow(current)}. ${who(current.requestedBy)} asked for it, so it goes on.`;

const heldAlready = (app: string, env: string, reason: string): CommandError =>
  new CommandError('refused', `${env} of ${app} is on hold already: ${reason}`);

async function setHold(api: Api, { app, env }: Target, reason: string, version: string | null): Promise<void> {
  const header = version === null ? {} : { 'If-Match': version };
  const body = { hold: true, reason };
  try {
    await api.body(
      api.http.PATCH('/applications/{app}/environments/{env}', { params: { path: { app, env }, header }, body }),
    );
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    // It may have been held meanwhile, or by an attempt whose answer was lost.
    const { hold: now } = await readEnvironment(api, app, env);
    if (now?.reason !== reason) throw error;
  }
}
