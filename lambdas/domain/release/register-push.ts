import { tryToPlace } from '../deployment/place-deployment.ts';
import { Refused } from '../errors.ts';
import type { ConfigPushed } from '../events.ts';
import type { Application } from '../model/application.ts';
import { concerns } from '../model/concern/concerns.ts';
import { readsOf } from '../model/concern/known-reads.ts';
import type { Requester } from '../model/deployment.ts';
import { heardOf } from '../model/news/repository-news.ts';
import { PUSHER } from '../model/principal.ts';
import { asTakenIn, headAsTakenIn, isFromTheFuture, isNews, type PushOrder, pushOrderOf } from '../model/push-order.ts';
import { originOf, pushMarks, type Release } from '../model/release.ts';
import { repositoryName } from '../model/repository.ts';
import type { RecordOf } from '../model/table/records.ts';
import type { Reader, Surroundings, Transaction } from '../ports.ts';
import { carryOut, type EffectServices, type Effects, NO_EFFECTS } from '../transaction/effects.ts';
import { failuresOf } from '../transaction/failures.ts';
import { recognisePush } from './recognise-repository.ts';

type Services = EffectServices & { readonly surroundings: Surroundings };

/** The result of a push for one application. */
export interface RegisteredPush {
  readonly application: string;
  /** `foreign`: the push is of another repository than the application knows under this name. It changes nothing. */
  readonly order: PushOrder | 'foreign';
  /** Absent if the push is no news, or concerns only other applications. */
  readonly release?: Release;
}

/**
 * Makes a release of every application that the push concerns, and deploys it to the pipeline's first environment.
 * Returns the errors of the applications for which that failed: the others go on. Safe to repeat.
 */
export async function registerPush(
  services: Services,
  told: ConfigPushed,
): Promise<{ registered: RegisteredPush[]; failures: unknown[] }> {
  if (told.before === told.after) return { registered: [], failures: [] };
  const { store, surroundings } = services;
  const push = asTakenIn(told, surroundings.now());
  const { known, foreign } = await recognisePush(store, push);
  const registered: RegisteredPush[] = foreign.map(({ name }) => ({ application: name, order: 'foreign' }));
  const names = new Set(known.map(({ name }) => name));
  const deployed = known.filter(({ configRepository }) => configRepository.branch === push.branch);
  const failures = await failuresOf(deployed, async (application) => {
    const { name } = application;
    const ahead = await store.readAhead();
    await Promise.all([readHistory(ahead, name, push), readForRelease(ahead, application)]);
    const { effects, ...outcome } = await store.transact(
      (transaction) => register(transaction, { application, registered: names }, push, surroundings),
      ahead,
    );
    await carryOut(services, effects);
    registered.push({ application: name, ...outcome });
  });
  return { registered, failures };
}

interface Addressee {
  readonly application: Application;
  /** Names of all applications that are deployed from the repository. */
  readonly registered: ReadonlySet<string>;
}

type Outcome = Omit<RegisteredPush, 'application'> & { readonly effects: Effects };

async function register(
  transaction: Transaction,
  addressee: Addressee,
  push: ConfigPushed,
  surroundings: Surroundings,
): Promise<Outcome> {
  const { name: application } = addressee.application;
  const { delivery, pair } = pushMarks(push);
  const before = originOf(push);
  const { log: stored, delivered, told, left, reached } = await readHistory(transaction, application, push);
  const log = stored && (await headInLog(transaction, stored, surroundings.now()));
  if (delivered !== undefined) return { order: 'repeated', effects: NO_EFFECTS };
  const order = pushOrderOf(
    { ...push, before },
    {
      head: log?.head,
      headPushedAt: log?.headPushedAt,
      isPairTold: told !== undefined,
      before: left,
      after: reached,
    },
  );
  const newest = log?.newest ?? 0;
  const isCovered = order !== 'first' && (log?.isCovered ?? true);
  // A push that is no news is contained in a newer release. If there is none, the head is released for it.
  const isDue = isNews(order) || (order !== 'repeated' && !isCovered);
  const isRelease = isDue && (order === 'missed' || (await concernsIt(transaction, push, addressee, newest)));
  const mark = { application, release: isRelease ? newest + 1 : 0, at: surroundings.now() };
  transaction.put('pushMark', { ...mark, mark: delivery });
  if (order === 'repeated') return { order, effects: NO_EFFECTS };
  transaction.put('pushMark', { ...mark, mark: pair });
  if (before) await pass(transaction, application, before, { left: 1 });
  await pass(transaction, application, push.after, { reached: 1 });
  const headPushedAt = push.pushedAt && later(push.pushedAt, log?.headPushedAt);
  const place =
    order === 'late' ? log : { head: push.after, branch: push.branch, ...(headPushedAt && { headPushedAt }) };
  const heard = { ...heardOf(push, surroundings.now()), repository: repositoryName(push.repository) };
  transaction.put('releaseLog', { ...place, application, newest, isCovered: isRelease || isCovered, heard });
  if (!isRelease) return { order, effects: NO_EFFECTS };
  const { after, message, author } = push;
  // A late push did not make the head, so the message of the head's commit is unknown.
  const facts =
    order === 'late' && log?.head ? { commit: log.head, message: '', author: '' } : { commit: after, message, author };
  const content = { application, ...facts, source: 'push' as const };
  const { release, effects } = await createRelease(transaction, content, PUSHER, surroundings);
  return { order, release, effects };
}

async function concernsIt(
  reader: Reader,
  push: ConfigPushed,
  { application: { name, pipeline }, registered }: Addressee,
  newest: number,
): Promise<boolean> {
  const known = await reader.get('applicationReads', { application: name });
  return concerns(push, { name, registered, reads: readsOf(known, { pipeline, newest }) });
}

/** Reads what an application knows of its branch and of this push. */
async function readHistory(reader: Reader, application: string, push: ConfigPushed) {
  const { delivery, pair } = pushMarks(push);
  const before = originOf(push);
  const [log, delivered, told, left, reached] = await Promise.all([
    reader.get('releaseLog', { application }),
    reader.get('pushMark', { application, mark: delivery }),
    reader.get('pushMark', { application, mark: pair }),
    before === undefined ? undefined : reader.get('passage', { application, commit: before }),
    reader.get('passage', { application, commit: push.after }),
  ]);
  return { log, delivered, told, left, reached };
}

/** Returns a log with the time of its head as that counts. A head that became the newest release was taken in then. */
async function headInLog(reader: Reader, log: RecordOf<'releaseLog'>, now: string): Promise<RecordOf<'releaseLog'>> {
  if (!isFromTheFuture(log, now)) return log;
  const release = await reader.get('release', { application: log.application, number: log.newest });
  return headAsTakenIn(log, now, release?.commit === log.head ? release?.createdAt : now);
}

const later = (one: string, other = one): string => (Date.parse(one) < Date.parse(other) ? other : one);

async function pass(
  transaction: Transaction,
  application: string,
  commit: string,
  { reached = 0, left = 0 }: { readonly reached?: number; readonly left?: number },
): Promise<void> {
  const known = await transaction.get('passage', { application, commit });
  transaction.put('passage', {
    application,
    commit,
    reached: (known?.reached ?? 0) + reached,
    left: (known?.left ?? 0) + left,
  });
}

/**
 * Numbers a release and deploys it to the first environment, if that is a development environment without a hold. If a
 * rule forbids the deployment, there is only the release. Does not change the known head of the branch: anybody may
 * request a release of any commit.
 */
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
  transaction.put('releaseLog', { ...log, application, newest: number });
  transaction.insert('release', release);
  const first = await firstDevelopmentEnvironment(transaction, application);
  if (!first) return { release, effects: NO_EFFECTS };
  const placed = await tryToPlace(
    transaction,
    { application, environment: first, operation: 'deploy', release: number, requestedBy, automatic: true },
    surroundings,
  );
  if (placed instanceof Refused) return { release, effects: NO_EFFECTS };
  const { deployment, effects } = placed;
  return { release, deploymentId: deployment.id, effects };
}

/** Reads in parallel the records that `createRelease` would read one after the other. */
async function readForRelease(ahead: Reader, { name: application, pipeline }: Application): Promise<void> {
  const [first] = pipeline;
  await Promise.all([
    ahead.get('application', { name: application }),
    ahead.get('applicationReads', { application }),
    ...(first === undefined ? [] : [ahead.get('environmentState', { application, environment: first })]),
    ...pipeline.map((name) => ahead.get('environment', { application, name })),
  ]);
}

async function firstDevelopmentEnvironment(transaction: Transaction, name: string): Promise<string | undefined> {
  const application = await transaction.get('application', { name });
  const first = application?.pipeline[0];
  if (!first) return undefined;
  const [environment, state] = await Promise.all([
    transaction.get('environment', { application: name, name: first }),
    transaction.get('environmentState', { application: name, environment: first }),
  ]);
  return environment?.stage === 'development' && !state?.hold ? first : undefined;
}
