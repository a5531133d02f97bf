import type { Application } from './application.ts';
import type { Requester } from './deployment.ts';
import { carryOut, type EffectServices, type Effects, NO_EFFECTS } from './effects.ts';
import type { ConfigPushed } from './events.ts';
import { listAll } from './list-all.ts';
import { placeDeployment } from './place-deployment.ts';
import type { Store, Surroundings, Transaction } from './ports.ts';
import { LISTINGS } from './records.ts';
import { concerns, isPairRepeated, pushMarks, type Release } from './release.ts';

type Services = EffectServices & { readonly surroundings: Surroundings };

/** Makes a release of every application the push concerns, and deploys it to the first environment of its pipeline. */
export async function registerPush(services: Services, push: ConfigPushed): Promise<Release[]> {
  const releases: Release[] = [];
  const deployed = (await applicationsOf(services.store, push.repository)).filter(
    ({ configRepository }) => configRepository.branch === push.branch,
  );
  for (const application of deployed) {
    const { release, effects } = await services.store.transact((transaction) =>
      register(transaction, application.name, push, services.surroundings),
    );
    await carryOut(services, effects);
    if (release) releases.push(release);
  }
  return releases;
}

/** The applications that a config repository describes. */
export async function applicationsOf(store: Store, repository: string): Promise<Application[]> {
  const all = await listAll(store, LISTINGS.applications());
  return all.filter(({ configRepository: { url } }) => url === repository);
}

const NOTHING: { release?: Release; effects: Effects } = { effects: NO_EFFECTS };

async function register(
  transaction: Transaction,
  application: string,
  push: ConfigPushed,
  surroundings: Surroundings,
): Promise<typeof NOTHING> {
  const { delivery, pair } = pushMarks(push);
  const log = await transaction.get('releaseLog', { application });
  const [known, seen] = [
    await transaction.get('pushMark', { application, mark: delivery }),
    await transaction.get('pushMark', { application, mark: pair }),
  ];
  if (known || isPairRepeated(push, seen, log)) return NOTHING;
  const number = concerns(push, application) ? (log?.newest ?? 0) + 1 : 0;
  const at = surroundings.now();
  for (const mark of [delivery, pair]) transaction.put('pushMark', { application, mark, release: number, at });
  if (number === 0) {
    transaction.put('releaseLog', { application, newest: log?.newest ?? 0, head: push.after });
    return NOTHING;
  }
  const { after: commit, message, author } = push;
  return createRelease(transaction, { application, commit, message, author, source: 'push' }, PUSHER, surroundings);
}

const PUSHER: Requester = { principal: 'push' };

/** Numbers a release and, where the pipeline begins with a development environment, deploys it there. */
export async function createRelease(
  transaction: Transaction,
  facts: Pick<Release, 'application' | 'commit' | 'message' | 'author' | 'source'>,
  requestedBy: Requester,
  surroundings: Surroundings,
): Promise<{ release: Release; deploymentId?: string; effects: Effects }> {
  const { application } = facts;
  const log = await transaction.get('releaseLog', { application });
  const number = (log?.newest ?? 0) + 1;
  const release: Release = { ...facts, number, createdAt: surroundings.now() };
  transaction.put('releaseLog', { application, newest: number, head: facts.commit });
  transaction.insert('release', release);
  const first = await firstDevelopmentEnvironment(transaction, application);
  if (!first) return { release, effects: NO_EFFECTS };
  const { deployment, effects } = await placeDeployment(
    transaction,
    { application, environment: first, operation: 'deploy', release: number, requestedBy, automatic: true },
    surroundings,
  );
  return { release, deploymentId: deployment.id, effects };
}

async function firstDevelopmentEnvironment(transaction: Transaction, name: string): Promise<string | undefined> {
  const application = await transaction.get('application', { name });
  const first = application?.pipeline[0];
  if (!first) return undefined;
  const environment = await transaction.get('environment', { application: name, name: first });
  const state = await transaction.get('environmentState', { application: name, environment: first });
  return environment?.stage === 'development' && !state?.hold ? first : undefined;
}
