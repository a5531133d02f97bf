import type { Schemas } from '../client/api-client.ts';
import { readDeployment } from '../deployment/deployments.ts';
import type { Session } from '../frame/session.ts';
import type { Ending } from '../output/exit-codes.ts';
import { plain } from '../output/plain.ts';
import { describePipeline } from '../pipeline/describe-pipeline.ts';
import { type PipelineNow, readPipeline } from '../pipeline/pipeline-now.ts';
import { Changes } from './changes.ts';
import { howToDecide, localApprovers } from './how-to-decide.ts';
import { watchUntil } from './until-changed.ts';

type Release = Schemas['Release'];

/** How long an automatic promotion may take to begin. It can also be refused, and then nothing follows. */
const PROMOTION_MS = 60_000;
const SUCCESSES: readonly Release['environments'][number]['state'][] = ['applied', 'passed', 'succeeded'];

/**
 * Watches a release, by default the newest one, until nothing of it is under way and nothing will follow by itself. On a
 * terminal the pipeline is shown as it changes; otherwise each change is a line. Returns `ok` if the last that became of
 * it was a success, else `ended`.
 */
export async function watchRelease(session: Session, app: string, number?: number): Promise<Ending> {
  const { api, options, surroundings } = session;
  const { policy } = await api.body(api.http.GET('/applications/{app}', { params: { path: { app } } }));
  const approvers = await localApprovers(session);
  const changes = new Changes(session, approvers);
  const live = options.json ? undefined : surroundings.terminal;
  let quietSince: number | undefined;
  let isToldToWait = false;
  const told = new Set<string>();

  return watchUntil(session, async () => {
    const pipeline = await readPipeline(api, app);
    const open = pipeline.environments.flatMap(({ current, queued }) => [...(current ? [current] : []), ...queued]);
    if (live) {
      const hints = open.flatMap((deployment) => howToDecide(deployment, approvers));
      live.redraw([describePipeline(plain(pipeline), surroundings.now()), ...hints].join('\n'));
    }
    const release = await readRelease();
    if (!release) {
      if (!isToldToWait) session.note(`${app} has no release yet. Waiting for the first push …`);
      isToldToWait = true;
      return undefined;
    }
    if (!live) {
      await tellEnded(release);
      for (const deployment of open) changes.tell(deployment);
    }
    // A deployment may start after the pipeline was read and before the release is.
    const isUnderWay =
      release.environments.some(({ state }) => state === 'open' || state === 'queued') ||
      open.some((each) => each.release === release.number);
    if (isUnderWay) {
      quietSince = undefined;
      return undefined;
    }
    quietSince ??= surroundings.now().getTime();
    if (followsByItself(pipeline, release) && surroundings.now().getTime() - quietSince < PROMOTION_MS)
      return undefined;
    return conclude(pipeline, release);
  });

  async function readRelease(): Promise<Release | undefined> {
    if (number !== undefined)
      return api.body(
        api.http.GET('/applications/{app}/releases/{number}', { params: { path: { app, number: String(number) } } }),
      );
    const query = { limit: 1 };
    const { items } = await api.body(
      api.http.GET('/applications/{app}/releases', { params: { path: { app }, query } }),
    );
    return items[0];
  }

  /** Tells the end of deployments that ended between two looks, or before the first one. */
  async function tellEnded({ environments }: Release): Promise<void> {
    for (const { environment, deploymentId, state } of environments) {
      if (state === 'open' || state === 'queued' || told.has(deploymentId)) continue;
      told.add(deploymentId);
      changes.tell(await readDeployment(api, app, environment, deploymentId));
    }
  }

  /** Whether the last success of the release is promoted without anybody's request. */
  function followsByItself({ environments }: PipelineNow, release: Release): boolean {
    const last = environments.findLastIndex(({ name }) =>
      release.environments.some((each) => each.environment === name),
    );
    const [from, to] = [environments[last]?.environment, environments[last + 1]?.environment];
    const state = release.environments.find(({ environment }) => environment === from?.name)?.state;
    const isSuccess = state !== undefined && SUCCESSES.includes(state);
    return isSuccess && !!from && !!to && to.stage !== 'production' && !to.hold && policy[from.stage].autoPromote;
  }

  function conclude({ environments }: PipelineNow, release: Release): Ending {
    const reached = environments.flatMap(
      ({ name }) => release.environments.find(({ environment }) => environment === name) ?? [],
    );
    const last = reached.at(-1);
    const next = environments[environments.findIndex(({ name }) => name === last?.environment) + 1]?.name;
    const isSuccess = last !== undefined && SUCCESSES.includes(last.state);
    if (!last) session.note(`Release ${release.number} of ${app} was deployed nowhere; \`stagegate status\` says why.`);
    else if (!isSuccess)
      session.note(`Release ${release.number} was not successful in ${last.environment}: ${last.state}.`);
    else if (next)
      session.note(`Release ${release.number} is in ${last.environment}. Next: \`stagegate promote ${next}\`.`);
    else session.note(`Release ${release.number} is in ${last.environment}, the end of the pipeline.`);
    return isSuccess ? 'ok' : 'ended';
  }
}
