import { isBeingRemoved, needsInspection, readInspection } from '../build/inspection.ts';
import { keepCommitFacts } from '../build/keep-commit-facts.ts';
import { readResult } from '../build/read-result.ts';
import { type ResourcesLeft, resourcesLeft } from '../build/resources-left.ts';
import { analysisKey, type PlanSuccess, PlanSuccessSchema, type ProviderCounts } from '../contract/build-result.ts';
import type { LockedProvider } from '../contract/locked-provider.ts';
import { BuildResultError } from '../errors.ts';
import {
  type Deployment,
  type DeploymentIn,
  type EndingError,
  orderOf,
  type Planned,
  runPrefix,
} from '../model/deployment.ts';
import { type Environment, isProtected } from '../model/environment.ts';
import type { EnvironmentState } from '../model/environment-state.ts';
import { activeLift, type ProtectionLifts } from '../model/protection-lift.ts';
import { LISTINGS } from '../model/table/listings.ts';
import { headlineOf } from '../plan/analysis.ts';
import { type Analysis, analyzePlan, type PlanToAnalyse } from '../plan/analyze-plan.ts';
import { type Configuration, configurationOf } from '../plan/parity.ts';
import { providerChanges } from '../plan/provider-changes.ts';
import { GATES, type GateName, gatesOf, policyForDeployment } from '../policy.ts';
import type { Artifact, ArtifactStore, Reader, StateReader, Store, Surroundings, Transaction } from '../ports.ts';
import { type Held, loadDeployment, loadHeld } from '../transaction/load-held.ts';
import { recordEvent } from '../transaction/record-event.ts';
import { stateAddressOf } from './claim-state-address.ts';
import { type ChosenPriceSheet, findPriceSheet } from './find-price-sheet.ts';
import { ANALYSING, type PlanVerdict, settlePlan } from './settle-plan.ts';

/** The verdict, and what the build says of the provider cache, where it asked it. */
interface AnalyzedPlan extends PlanVerdict {
  readonly providers?: ProviderCounts;
}

interface Services {
  readonly store: Store;
  readonly artifacts: ArtifactStore;
  readonly states: StateReader;
  /** Where an installation keeps a price sheet of its own. */
  readonly priceSheetKey: string;
  readonly surroundings: Surroundings;
}

/** What is known of a plan, by an inspect build where something hangs on it and by the plan build elsewhere. */
interface KnownPlan extends Pick<PlanSuccess, 'planJson' | 'modules' | 'backend' | 'state' | 'engine' | 'added'> {
  /** Only of a plan that nobody has looked at: what there is to do is read from the plan itself then. */
  readonly exitCode?: PlanSuccess['exitCode'];
  readonly digest: string;
  readonly content?: string;
  readonly lockedProviders?: readonly LockedProvider[];
  readonly providers?: ProviderCounts;
}

/**
 * Reads what the builds left, analyses and stores it redacted, claims the state address (rule 6), applies the
 * safeguards (rule 7) and says what comes next: first of all an inspection, where something hangs on the plan and
 * `isInspected` does not say that it has been made. Repeated, it answers the same. Throws NotHolderError, BuildResultError.
 */
export async function analyzeDeploymentPlan(
  services: Services,
  id: string,
  { isInspected }: { readonly isInspected: boolean },
): Promise<AnalyzedPlan> {
  const { store, artifacts, surroundings } = services;
  const ahead = await store.readAhead();
  const deployment = await loadDeployment(ahead, id, ANALYSING, ['planning']);
  const [subject, lifts, left, prices] = await Promise.all([
    loadHeld(ahead, id, ANALYSING, ['planning']),
    listLifts(store, deployment),
    readResult(artifacts, runPrefix(deployment), 'planResult', PlanSuccessSchema),
    findPriceSheet(artifacts, services.priceSheetKey),
    readForSettling(ahead, deployment),
  ]);
  const claimed = requireOwn(deployment, left.result);
  const place = { application: deployment.application, environment: deployment.environment };
  const hasStateAddress = (await ahead.get('stateAddress', place)) !== undefined;
  if (!isInspected && needsInspection(subject, claimed, hasStateAddress)) return { next: 'inspect', gates: [] };
  const known: KnownPlan = isInspected ? await readInspection(artifacts, deployment, claimed) : claimed;
  const [plan, modules, before] = await Promise.all([
    artifacts.getJson(known.planJson.key, known.planJson.versionId),
    artifacts.getJson(known.modules.key, known.modules.versionId),
    deployedProviders(ahead, subject),
    ahead.get('stateClaim', { address: stateAddressOf(known.backend) }),
  ]);
  if (!plan) throw new BuildResultError(`analysing the plan of "${id}": the plan that was printed is gone`);
  const planned = { plan: plan.value, modulesJson: modules?.value };
  const newProviders = providerChanges(known.lockedProviders ?? [], before);
  const analysis = {
    ...analyze(subject, known, planned, activeLifts(lifts, subject.environment), prices),
    ...(known.added?.count && { addedFiles: known.added }),
    ...(newProviders.length > 0 && { providerChanges: newProviders }),
  };
  const [stored, inState] = await Promise.all([
    artifacts.putJson(analysisKey(id, subject.deployment.round), analysis),
    lookIntoState(services.states, subject, known.backend, analysis),
  ]);
  const found = {
    planned: planOf(subject, { ...claimed, ...known }, analysis, stored, isInspected, surroundings.now()),
    backend: known.backend,
    resources: { claimed: analysis.resourcesInState, ...(inState && { inState }) },
    blocked: blockingOf(analysis),
  };
  const verdict = await store.transact(async (transaction) => {
    await keepConfiguration(transaction, id, configurationOf(analysis, known.lockedProviders));
    await keepCommitFacts(transaction, deployment, claimed.commit);
    if (prices.notice)
      recordEvent(transaction, surroundings, id, 'price-sheet-refused', undefined, { message: prices.notice });
    return settlePlan(transaction, id, found, surroundings);
  }, ahead);
  return { ...verdict, ...(claimed.providers && { providers: claimed.providers }) };
}

type Subject = Held<'planning'>;

/** Reads side by side what `settle` asks for as its rules go. */
async function readForSettling(ahead: Reader, deployment: Deployment): Promise<void> {
  const { id, application, environment, release } = deployment;
  await Promise.all([
    release === undefined ? undefined : ahead.get('release', { application, number: release }),
    ahead.get('configuration', { deploymentId: id }),
    ahead.get('stateAddress', { application, environment }),
    ...GATES.map((gate) => ahead.get('gate', { deploymentId: id, gate })),
  ]);
}

/** The providers of what is deployed in the environment now. */
async function deployedProviders(reader: Reader, { state }: Subject): Promise<readonly LockedProvider[]> {
  const deploymentId = state?.deployed?.deploymentId;
  if (deploymentId === undefined) return [];
  return (await reader.get('configuration', { deploymentId }))?.providers ?? [];
}

/** The build ran the team's code: what it left is believed only about its own run. */
function requireOwn(deployment: Deployment, result: PlanSuccess | undefined): PlanSuccess {
  const prefix = `${runPrefix(deployment)}plan/`;
  if (!result)
    throw new BuildResultError(`analysing the plan of "${deployment.id}": the build left no result that can be read`);
  // Named without their keys, which have the secret of a run in them.
  for (const name of ['bundle', 'planJson', 'modules'] as const)
    if (!result[name].key.startsWith(prefix))
      throw new BuildResultError(`analysing the plan of "${deployment.id}": ${name} is not an artifact of its own run`);
  if (result.operation !== deployment.operation)
    throw new BuildResultError(
      `analysing the plan of "${deployment.id}": planned ${result.operation} instead of ${deployment.operation}`,
    );
  return result;
}

async function listLifts(store: Store, { application, environment }: Deployment): Promise<ProtectionLifts[]> {
  return (await store.list(LISTINGS.protectionLifts(application, environment), { limit: 1000 })).items;
}

const activeLifts = (lifts: readonly ProtectionLifts[], environment: Environment): string[] =>
  lifts.filter((each) => activeLift(each, environment)).map(({ address }) => address);

function analyze(
  { application, environment, state, deployment }: Subject,
  known: KnownPlan,
  planned: Pick<PlanToAnalyse, 'plan' | 'modulesJson'>,
  lifts: string[],
  prices: ChosenPriceSheet,
): Analysis {
  return analyzePlan({
    ...planned,
    ...(known.exitCode !== undefined && { exitCode: known.exitCode }),
    engine: known.engine.name,
    region: environment.region,
    stage: environment.stage,
    deletionProtection: environment.deletionProtection,
    environment: environment.name,
    // A destruction that may only look is no threat to what is protected; `objectionToRemoving` judges what it finds.
    ...(!isBeingRemoved(environment) && { operation: deployment.operation }),
    isDestruction: deployment.operation === 'destroy',
    commit: deployment.commit,
    priceSheet: prices.sheet,
    notices: prices.notice === undefined ? [] : [prices.notice],
    settings: application.safeguards,
    ...(environment.type === 'ephemeral' && { ephemeral: { isFirst: isFirst(state, deployment) } }),
    lifts,
    digestKey: environment.externalId,
    ...(known.content !== undefined && { content: known.content }),
  });
}

function planOf(
  { application, environment, deployment }: Subject,
  result: PlanSuccess,
  analysis: Analysis,
  stored: Artifact,
  isInspected: boolean,
  now: string,
): Planned {
  const lifts = analysis.safeguards.liftsUsed;
  const { bucket, key, region } = result.backend;
  const replaces = replacedPlan(deployment);
  return {
    digest: result.digest,
    changeDigest: analysis.changeDigest,
    bundle: result.bundle,
    analysis: stored,
    state: result.state,
    stateAddress: { bucket, key, region },
    // Plans grow old: none is younger than it can be.
    plannedAt: result.createdAt < now ? result.createdAt : now,
    round: deployment.round,
    isInspected,
    hasChanges: analysis.hasChanges,
    headline: headlineOf(analysis),
    gates: requiredGates(
      gatesOf(policyForDeployment(environment, deployment.operation, application.policy)),
      lifts.length > 0,
    ),
    isProtected: isProtected(environment),
    lifts,
    ...(replaces && { replaces }),
  };
}

/** The stale plan this one is made instead of; asked again after the new one is known, it answers the same. */
function replacedPlan({ planned, stale: because }: DeploymentIn<'planning'>): Planned['replaces'] {
  if (!planned || !because) return planned?.replaces;
  const { round, digest, changeDigest, analysis } = planned;
  return { round, digest, changeDigest, analysis, because };
}

/** Rule 7: a plan that needs a lifted protection passes both gates, in whatever stage. */
function requiredGates(gates: Planned['gates'], needsLift: boolean): Planned['gates'] {
  if (!needsLift) return gates;
  return GATES.map((gate: GateName) => gates.find((other) => other.gate === gate) ?? { gate, required: 1 });
}

function blockingOf({ safeguards }: Analysis): EndingError | undefined {
  if (safeguards.verdict === 'allow') return undefined;
  const [first] = safeguards.violations;
  const why = safeguards.violations.map(({ address, why: reason }) => `${address}: ${reason}`).join('; ');
  return { reason: first?.rule ?? 'safeguard', message: why.slice(0, 2000) };
}

/** The end of an environment hangs on a state in which nothing is left: a plan that says so is not believed. */
async function lookIntoState(
  states: StateReader,
  { environment, deployment }: Subject,
  address: KnownPlan['backend'],
  { resourcesInState }: Analysis,
): Promise<ResourcesLeft | undefined> {
  if (resourcesInState > 0 || deployment.operation !== 'destroy') return undefined;
  return resourcesLeft(states, environment, address);
}

/** What the environment consists of once this plan is applied; the deployment that succeeds last tells. */
async function keepConfiguration(
  transaction: Transaction,
  deploymentId: string,
  configuration: Configuration | undefined,
): Promise<void> {
  const before = await transaction.get('configuration', { deploymentId });
  if (configuration) transaction.put('configuration', { deploymentId, ...configuration });
  else if (before) transaction.delete('configuration', { deploymentId });
}

/** Was nothing applied yet? What this very deployment began and is planning again was refused before it did anything. */
const isFirst = (state: EnvironmentState | undefined, deployment: Deployment): boolean =>
  !state || state.newestStarted === 0 || state.newestStarted === orderOf(deployment);
