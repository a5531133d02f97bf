import { UnreadableRecordError } from '../errors.ts';
import type { Application } from '../model/application.ts';
import { repositoryName } from '../model/repository.ts';
import { LISTINGS, type Listing } from '../model/table/listings.ts';
import type { Kind } from '../model/table/records.ts';
import { GATES } from '../policy.ts';
import type { Store, Surroundings } from '../ports.ts';
import { automaticTarget } from '../release/promote.ts';
import { notePromotion } from '../transaction/owed-promotion.ts';
import { fillSummaries } from './fill-summaries.ts';
import { noteUnreadable } from './unreadable-register.ts';

interface Services {
  readonly store: Store;
  readonly surroundings: Surroundings;
}

/** What a look at all applications has found. */
export interface CheckedRecords {
  readonly applications: number;
  readonly unreadable: readonly UnreadableRecordError[];
  /** Environments (`app/env`) that owed a promotion without a note, and have one now. */
  readonly owing: readonly string[];
  /** Environments (`app/env`) whose records were of a version without summaries, and were completed. */
  readonly filled: readonly string[];
  /** Errors that stopped the look at an application. */
  readonly failures: readonly unknown[];
}

/** Applications that are looked at at the same time. */
const AT_ONCE = 10;
/** The newest releases and deployments that are looked at; older ones are history. */
const NEWEST = 10;

/**
 * Looks at every application: notes records that cannot be read, also those that no job meets, and promotions that are
 * owed without a note, as after an update from a version that made no notes. It completes records of versions without
 * summaries, and repairs nothing itself.
 */
export async function checkRecords(services: Services): Promise<CheckedRecords> {
  const unreadable: UnreadableRecordError[] = [];
  const owing: string[] = [];
  const filled: string[] = [];
  const failures: unknown[] = [];
  const meet = async <T>(read: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await read();
    } catch (error) {
      if (error instanceof UnreadableRecordError) unreadable.push(error);
      else failures.push(error);
      return undefined;
    }
  };
  const list = async <K extends Kind>(listing: Listing<K>, limit?: number) =>
    await meet(async () => {
      const found = [];
      let cursor: string | undefined;
      do {
        const page = await services.store.list(listing, { limit: limit ?? 500, ...(cursor && { cursor }) });
        found.push(...page.items);
        unreadable.push(...page.unreadable);
        cursor = limit === undefined ? page.nextCursor : undefined;
      } while (cursor);
      return found;
    });
  for (const gate of GATES) await list(LISTINGS.pendingGates(gate));
  await list(LISTINGS.droppedTrees());
  await meet(() => services.store.get('ephemeralRegister', {}));
  const applications = (await list(LISTINGS.applications())) ?? [];
  for (let first = 0; first < applications.length; first += AT_ONCE)
    await Promise.all(
      applications.slice(first, first + AT_ONCE).map(async (application) => {
        await lookAt(services.store, application, { meet, list });
        await meet(async () => owing.push(...(await noteOwed(services, application))));
        await meet(async () => filled.push(...(await fillSummaries(services, application))));
      }),
    );
  await meet(() => noteUnreadable(services, unreadable));
  return { applications: applications.length, unreadable, owing, filled, failures };
}

interface Looks {
  readonly meet: <T>(read: () => Promise<T>) => Promise<T | undefined>;
  readonly list: <K extends Kind>(listing: Listing<K>, limit?: number) => Promise<unknown>;
}

/**
 * Reads what most decisions about an application begin with. Left out are the ledgers of proof, because they are large,
 * and what only ephemeral environments have beside their settings.
 */
async function lookAt(store: Store, application: Application, { meet, list }: Looks): Promise<void> {
  const { name, pipeline, configRepository } = application;
  const head = { repository: repositoryName(configRepository.url), branch: configRepository.branch };
  await Promise.all([
    list(LISTINGS.environments(name)),
    list(LISTINGS.approvers(name)),
    list(LISTINGS.externalIds(name)),
    list(LISTINGS.releases(name), NEWEST),
    meet(() => store.get('releaseLog', { application: name })),
    meet(() => store.get('branchHead', head)),
    meet(() => store.get('repositoryNews', head)),
    meet(() => store.get('refusedPush', head)),
    meet(() => store.get('applicationReads', { application: name })),
    meet(() => store.get('auditHead', { application: name })),
    ...pipeline.flatMap((environment) => {
      const where = { application: name, environment };
      return [
        meet(() => store.get('environmentState', where)),
        meet(() => store.get('delivery', where)),
        meet(() => store.get('environmentDns', where)),
        meet(() => store.get('stateAddress', where)),
        meet(() => store.get('keptTrees', where)),
        meet(() => store.get('outputs', where)),
        list(LISTINGS.protectionLifts(name, environment)),
        list(LISTINGS.proofLifts(name, environment)),
        list(LISTINGS.history(name, environment), NEWEST),
        list(LISTINGS.outcomes(name, environment), NEWEST),
      ];
    }),
  ]);
}

/** Notes the environments whose newest success is to be promoted and was not. Returns them. */
async function noteOwed({ store, surroundings }: Services, { name, pipeline }: Application): Promise<string[]> {
  const owing: string[] = [];
  for (const environment of pipeline) {
    const where = { application: name, environment };
    const state = await store.get('environmentState', where);
    const sourceDeploymentId = state?.deployed?.deploymentId;
    if (sourceDeploymentId === undefined || !(await automaticTarget(store, name, environment))) continue;
    const [noted, made] = await Promise.all([
      store.get('owedPromotion', where),
      store.get('promotion', { sourceDeploymentId }),
    ]);
    if (noted || made) continue;
    await store.transact((transaction) => notePromotion(transaction, where, surroundings.now()));
    owing.push(`${name}/${environment}`);
  }
  return owing;
}
