import { findSource, isSameSource, requireAllowed } from '../build/config-source.ts';
import { stagesOf } from '../deployment/place-deployment.ts';
import { RefusedError } from '../errors.ts';
import { sameJson } from '../json-value.ts';
import type { Application, ApplicationSettings } from '../model/application.ts';
import { actorOf } from '../model/audit.ts';
import { isBusy } from '../model/environment-state.ts';
import { requireOrdered } from '../model/pipeline.ts';
import { isSameRepository } from '../model/repository.ts';
import { type Allowed, applicationTag, requireAllowedTag } from '../model/request/settings-tag.ts';
import { LISTINGS } from '../model/table/listings.ts';
import { requireLongEnough, requireStrongEnough } from '../policy.ts';
import type { Store, Surroundings, Transaction } from '../ports.ts';
import { listAll } from '../transaction/list-all.ts';
import { notePromotion } from '../transaction/owed-promotion.ts';
import { recordAudit } from '../transaction/record-audit.ts';
import { changedSettings } from '../transaction/settings-change.ts';

/** Creates an application or replaces its settings. Throws InvalidInputError, RefusedError. */
export async function configureApplication(
  {
    store,
    surroundings,
    leastGateExpirySeconds,
    allowedSources,
  }: {
    store: Store;
    surroundings: Surroundings;
    leastGateExpirySeconds: number;
    /** Names of the connections, secrets and repositories that builds may use. */
    allowedSources: readonly string[];
  },
  name: string,
  settings: ApplicationSettings,
  by: string,
  ifMatch?: Allowed,
): Promise<{ application: Application; isNew: boolean }> {
  requireStrongEnough(settings.policy);
  requireLongEnough(settings.policy, leastGateExpirySeconds);
  requireAllowed(settings.configRepository, allowedSources);
  const environments = await listAll(store, LISTINGS.environments(name));
  const regular = environments.filter(({ type }) => type === 'regular').map((environment) => environment.name);
  return store.transact(async (transaction) => {
    const current = await transaction.get('application', { name });
    requireAllowedTag(ifMatch, current && applicationTag(current));
    const now = surroundings.now();
    const application = {
      name,
      ...settings,
      ...repositoryIdAfter(current, settings),
      createdAt: current?.createdAt ?? now,
      updatedAt: now,
    };
    requireOrdered(application.pipeline, await stagesOf(transaction, application));
    if (current) await requirePipelineMayChange(transaction, current, application.pipeline);
    if (current) await requireSourceMayChange(transaction, current, application, regular);
    if (current) await requireDomainMayChange(transaction, current, application, regular);
    if (current) await forgetReadsOfOther(transaction, current, application);
    if (current) await noteOtherPromotions(transaction, current, application);
    transaction.put('application', application);
    const details = changedSettings(current, application, ['name', 'createdAt', 'updatedAt']);
    if (Object.keys(details).length > 0)
      await recordAudit(transaction, surroundings, {
        application: name,
        type: 'application-configured',
        ...actorOf({ principal: by }),
        details,
      });
    return { application, isNew: !current };
  });
}

/**
 * Keeps the id of the repository while its address stays the same, however it is written. At another address there is
 * another repository: its first signed push brings its id.
 */
const repositoryIdAfter = (
  before: Application | undefined,
  { configRepository }: ApplicationSettings,
): Pick<Application, 'repositoryId'> =>
  before?.repositoryId !== undefined && isSameRepository(before.configRepository.url, configRepository.url)
    ? { repositoryId: before.repositoryId }
    : {};

/** What succeeded before may have to be promoted by another pipeline or policy. */
async function noteOtherPromotions(transaction: Transaction, before: Application, after: Application): Promise<void> {
  const { name: application, pipeline, policy, updatedAt } = after;
  if (sameJson([before.pipeline, before.policy ?? null], [pipeline, policy ?? null])) return;
  for (const environment of pipeline) await notePromotion(transaction, { application, environment }, updatedAt);
}

/** Forgets what environments read of the repository if it is replaced by another one. */
async function forgetReadsOfOther(
  transaction: Transaction,
  { name: application, configRepository: before }: Application,
  { configRepository: after }: Application,
): Promise<void> {
  if (isSameRepository(before.url, after.url)) return;
  if (await transaction.get('applicationReads', { application }))
    transaction.delete('applicationReads', { application });
}

/**
 * Most environments of an application whose source or domain changes. The transaction reads one record of each for the
 * source, and two more for the domain, beside those of two pipelines.
 */
export const MOST_FOR_SOURCE = 71;
export const MOST_FOR_DOMAIN = 27;

/**
 * Returns the names of the environments that may be busy or have DNS; those of a closed ephemeral environment are not
 * read. Throws RefusedError if they are more than `most`.
 */
async function environmentsOf(
  transaction: Transaction,
  { name, pipeline: before }: Application,
  { pipeline: after }: Application,
  { regular, most }: { readonly regular: readonly string[]; readonly most: number },
): Promise<ReadonlySet<string>> {
  const register = await transaction.get('ephemeralRegister', {});
  const live = register?.live.flatMap(({ application, environment }) => (application === name ? environment : []));
  // Includes the pipeline's names: an environment that is being made at this moment is not listed yet.
  const all = new Set([...regular, ...(live ?? []), ...before, ...after]);
  if (all.size > most)
    throw new RefusedError(
      'not-allowed-here',
      `"${name}" has ${all.size} environments, and this changes only while it has at most ${most}; remove some first`,
    );
  return all;
}

/** Refuses to change the domain while an environment has a hostname, because hostnames are made of the domain. */
async function requireDomainMayChange(
  transaction: Transaction,
  before: Application,
  after: Application,
  regular: readonly string[],
): Promise<void> {
  if (before.serviceDiscoveryDomain === after.serviceDiscoveryDomain) return;
  const { name } = before;
  for (const environment of await environmentsOf(transaction, before, after, { regular, most: MOST_FOR_DOMAIN })) {
    const [settings, dns] = [
      await transaction.get('environment', { application: name, name: environment }),
      await transaction.get('environmentDns', { application: name, environment }),
    ];
    if (settings?.dns || dns)
      throw new RefusedError(
        'dns-published',
        `serviceDiscoveryDomain of "${name}" changes only while no environment has DNS; ${environment} has`,
      );
  }
}

/**
 * Refuses to change the source or its credential while a deployment is open: a deployment plans and applies from one
 * source with one credential (rule 2). Settings with which builds cannot fetch anything may be corrected at any time.
 */
async function requireSourceMayChange(
  transaction: Transaction,
  before: Application,
  after: Application,
  regular: readonly string[],
): Promise<void> {
  const source = findSource(before.configRepository);
  if (!source || isSameSource(source, findSource(after.configRepository))) return;
  const { name: application } = before;
  for (const environment of await environmentsOf(transaction, before, after, { regular, most: MOST_FOR_SOURCE }))
    if (isBusy(await transaction.get('environmentState', { application, environment })))
      throw new RefusedError(
        'deployments-open',
        `what builds of "${application}" fetch, and with what, changes only while no deployment is open; ${environment} has one`,
      );
}

/** Refuses to change the order while deployments are open, and to take out a deployed environment (rule 1). */
async function requirePipelineMayChange(
  transaction: Transaction,
  { name: application, pipeline: before }: Application,
  after: readonly string[],
): Promise<void> {
  if (before.join() === after.join()) return;
  for (const name of after) {
    const found = await transaction.get('environment', { application, name });
    if (found?.type === 'ephemeral' && found.life.phase !== 'closed')
      throw new RefusedError(
        'environment-exists',
        `"${name}" is an ephemeral environment of "${application}"; it cannot be in the pipeline`,
      );
  }
  for (const environment of new Set([...before, ...after])) {
    const state = await transaction.get('environmentState', { application, environment });
    if (isBusy(state))
      throw new RefusedError(
        'deployments-open',
        `the pipeline of "${application}" changes only while no deployment is open; ${environment} has one`,
      );
    if (state?.deployed && !after.includes(environment))
      throw new RefusedError(
        'something-deployed',
        `release ${state.deployed.release} is deployed in "${environment}"; destroy it before taking it out of the pipeline`,
      );
  }
}
