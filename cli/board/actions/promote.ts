import { type Html, html } from '../../../lambdas/pages/parts/html.ts';
import type { Api } from '../../client/api-client.ts';
import { type Environment, readEnvironment } from '../../deployment/deployments.ts';
import { describeNow } from '../../deployment/describe-deployment.ts';
import { releaseOrCommit } from '../../output/words.ts';
import { deploymentPath } from '../frame/scene.ts';
import { subjectOf } from '../frame/small-parts.ts';
import type { Action } from './action.ts';
import { releaseIn } from './release-number.ts';

/** Deploys a release to the next environment. */
export const promote: Action = {
  async ask(api, { app, env }, query) {
    const release = releaseIn(query);
    const [environment, message] = await Promise.all([readEnvironment(api, app, env), messageOf(api, app, release)]);
    const { stage, promotesFrom } = environment;
    return {
      ...{ application: app, environment: env, stage },
      heading: `Promote release ${release} to ${env}`,
      consequences: [
        html`Release ${release}: <bdi>${message}</bdi>.`,
        runsNow(environment),
        ...(promotesFrom === null
          ? []
          : [html`It has to have succeeded in <b>${promotesFrom}</b>; if it has not, it is refused.`]),
        ...whatFollows(environment),
      ],
      fields: [{ kind: 'fixed', name: 'release', value: String(release) }],
      button: `Promote release ${release}`,
    };
  },
  async perform(api, { app, env }, form, { scene, key }) {
    const deployment = await api.body(
      api.http.POST('/applications/{app}/promotions', {
        params: { path: { app }, header: { 'Idempotency-Key': key } },
        body: { to: env, release: releaseIn(form) },
      }),
    );
    return deploymentPath(scene, deployment);
  },
};

async function messageOf(api: Api, app: string, release: number): Promise<string> {
  const params = { path: { app, number: String(release) } };
  const { message } = await api.body(api.http.GET('/applications/{app}/releases/{number}', { params }));
  return subjectOf(message) || 'no commit message';
}

export const runsNow = ({ name, deployed, accountId, region }: Environment): Html =>
  html`<b>${name}</b> is in the account <code>${accountId}</code>, ${region}. ${deployed ? html`It runs ${releaseOrCommit(deployed)} now` : 'Nothing is deployed there yet'}.`;

/** What happens to a deployment before anything is changed. */
export function whatFollows({ gates, current, hold, name }: Environment): Html[] {
  const asked = gates.map(({ gate, required }) => `${gate} (${required})`).join(' and ');
  return [
    gates.length > 0
      ? html`It is planned first. Nothing is changed before <strong>${asked}</strong> approved the plan.`
      : html`It is planned and, if nothing blocks the plan, <strong>applied without an approval</strong>.`,
    ...(current
      ? [
          html`Under way in <b>${name}</b>: ${describeNow(current)}. This one waits for its turn, or takes its place if nobody has decided about it.`,
        ]
      : []),
    ...(hold
      ? [
          html`<b>${name}</b> is on hold: <bdi>${hold.reason}</bdi>. A hold stops automatic deployments; this one is asked for by you.`,
        ]
      : []),
  ];
}
