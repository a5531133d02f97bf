import { isBeingRemoved, needsInspection, readInspection } from '../build/inspection.ts';
import { keepCommitFacts } from '../build/keep-commit-facts.ts';
import { readIdentities } from '../build/read-identities.ts';
import { readResult } from '../build/read-result.ts';
import { type ResourcesLeft, resourcesLeft } from '../build/resources-left.ts';
import { analysisKey, type PlanSuccess, PlanSuccessSchema, type ProviderCounts } from '../contract/build-result.ts';
import type { LockedProvider } from '../contract/locked-provider.ts';
import type { ModuleIdentities } from '../contract/module-identities.ts';
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
import { activeLift } from '../model/lift.ts';
import type { Composition } from '../model/proof/composition.ts';
import type { ProtectionLifts } from '../model/protection-lift.ts';
import { LISTINGS } from '../model/table/listings.ts';
import { headlineOf } from '../plan/analysis.ts';
import { type Analysis, analyzePlan, type PlanToAnalyse } from '../plan/analyze-plan.ts';
import { type Configuration, configurationOf } from '../plan/parity.ts';
import { providerChanges } from '../plan/provider-changes.ts';
import type { Rehearsal } from '../plan/rehearsal/rehearsal-schema.ts';
import type { PastApplies } from '../plan/rehearsal/rehearse.ts';
import { GATES, type GateName, gatesOf, policyForDeployment } from '../policy.ts';
import type { Artifact, ArtifactStore, Reader, StateReader, Store, Surroundings, Transaction } from '../ports.ts';
import { compose } from '../proof/compose.ts';
import { judgePlan, type ProofVerdict } from '../proof/judge-plan.ts';
import { type Held, loadDeployment, loadHeld } from '../transaction/load-held.ts';
import { recordEvent } from '../transaction/record-event.ts';
import { stateAddressOf } from './claim-state-address.ts';
import { findPastApplies } from './find-past-applies.ts';
import { type ChosenPriceSheet, findPriceSheet } from './find-price-sheet.ts';
import { keepPlannedChanges } from './keep-planned-changes.ts';
import { ANALYSING, type PlanVerdict, settlePlan } from './settle-plan.ts';

/** The verdict, and the build's counts of the provider cache if the build used the cache. */
interface AnalyzedPlan extends PlanVerdict {
  readonly providers?: ProviderCounts;
}

interface Services {
  readonly store: Store;
  readonly artifacts: ArtifactStore;
  readonly states: StateReader;
  /** Key of an installation's own price sheet. */
  readonly priceSheetKey: string;
  readonly surroundings: Surroundings;
}

/** What is known about a plan: from the inspect build if the plan was inspected, otherwise from the plan build. */
interface KnownPlan extends Pick<PlanSuccess, 'planJson' | 'modules' | 'backend' | 'state' | 'engine' | 'added'> {
  /** Absent for an inspected plan: whether it has changes is read from the plan itself. */
  readonly exitCode?: PlanSuccess['exitCode'];
  readonly digest: string;
  readonly content?: string;
  readonly lockedProviders?: readonly LockedProvider[];
  readonly providers?: ProviderCounts;
}

/**
 * Reads the results of the builds, analyses the plan and stores the analysis redacted, claims the state address (rule
 * 6), applies the safeguards (rule 7) and returns what comes next: first an inspection, if the plan needs one and
 * `isInspected` is false. Safe to repeat: a second call returns the same. Throws NotHolderError, BuildResultError.
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
  const [plan, modules, before, identities, past] = await Promise.all([
    artifacts.getJson(known.planJson.key, known.planJson.versionId),
    artifacts.getJson(known.modules.key, known.modules.versionId),
    deployedProviders(ahead, subject),
    readIdentities(artifacts, deployment, { isInspected }),
    findPastApplies(store, ahead, subject),
    ahead.get('stateClaim', { address: stateAddressOf(known.backend) }),
  ]);
  if (!plan) throw new BuildResultError(`analysing the plan of "${id}": the plan that was printed is gone`);
  const planned = { plan: plan.value, modulesJson: modules?.value };
  const newProviders = providerChanges(known.lockedProviders ?? [], before);
  const now = surroundings.now();
  const found = analyze(subject, known, planned, activeLifts(lifts, subject.environment, now), prices, identities);
  const composition = compose(subject.deployment, {
    engine: known.engine,
    modules: found.modules,
    identities,
    ...(known.lockedProviders && { providers: known.lockedProviders }),
  });
  const proof = found.hasChanges
    ? await judgePlan(ahead, { ...subject, operation: deployment.operation, composition, now })
    : undefined;
  const analysis = {
    ...found,
    ...(proof && { proof: proof.findings }),
    ...(known.added?.count && { addedFiles: known.added }),
    ...(newProviders.length > 0 && { providerChanges: newProviders }),
  };
  const [stored, inState] = await Promise.all([
    artifacts.putJson(analysisKey(id, subject.deployment.round), analysis),
    lookIntoState(services.states, subject, known.backend, analysis),
  ]);
  const rehearsal = past && analysis.hasChanges ? await rehearsalOf(analysis, past) : undefined;
  const facts = {
    planned: {
      ...planOf(subject, { ...claimed, ...known }, { analysis, proof }, stored, isInspected, now),
      ...(rehearsal && { rehearsal }),
    },
    backend: known.backend,
    resources: { claimed: analysis.resourcesInState, ...(inState && { inState }) },
    blocked: blockingOf(analysis) ?? proof?.blocking,
  };
  const verdict = await store.transact(async (transaction) => {
    await keepConfiguration(transaction, id, configurationOf(analysis, known.lockedProviders));
    await keepComposition(transaction, composition);
    await keepPlannedChanges(transaction, deployment, analysis);
    await keepCommitFacts(transaction, deployment, claimed.commit);
    if (prices.notice)
      recordEvent(transaction, surroundings, id, 'price-sheet-refused', undefined, { message: prices.notice });
    return settlePlan(transaction, id, facts, surroundings);
  }, ahead);
  return { ...verdict, ...(claimed.providers && { providers: claimed.providers }) };
}

type Subject = Held<'planning'>;

/** Loads the comparison when it is needed, because most plans are made for the first environment. */
const rehearsalOf = async (analysis: Analysis, past: PastApplies): Promise<Rehearsal | undefined> =>
  (await import('../plan/rehearsal/rehearse.ts')).rehearse(analysis, past);

/** Reads in parallel the records that `settlePlan` would read one after the other. */
async function readForSettling(ahead: Reader, deployment: Deployment): Promise<void> {
  const { id, application, environment, release } = deployment;
  await Promise.all([
    release === undefined ? undefined : ahead.get('release', { application, number: release }),
    ahead.get('configuration', { deploymentId: id }),
    ahead.get('composition', { deploymentId: id }),
    ahead.get('plannedChanges', { deploymentId: id }),
    ahead.get('stateAddress', { application, environment }),
    ...GATES.map((gate) => ahead.get('gate', { deploymentId: id, gate })),
  ]);
}

/** Returns the providers of the configuration that is deployed in the environment now. */
async function deployedProviders(reader: Reader, { state }: Subject): Promise<readonly LockedProvider[]> {
  const deploymentId = state.deployed?.deploymentId;
  if (deploymentId === undefined) return [];
  return (await reader.get('configuration', { deploymentId }))?.providers ?? [];
}

/** Returns the plan build's result. The build ran the team's code, so it is believed only about its own run. */
function requireOwn(deployment: Deployment, result: PlanSuccess | undefined): PlanSuccess {
  const prefix = `${runPrefix(deployment)}plan/`;
  if (!result)
    throw new BuildResultError(`analysing the plan of "${deployment.id}": the build left no result that can be read`);
  // The message names the artifact without its key, because keys contain the secret of a run.
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

const activeLifts = (given: readonly ProtectionLifts[], { createdAt }: Environment, now: string): string[] =>
  given.filter(({ lifts }) => activeLift(lifts, { createdAt, now })).map(({ address }) => address);

function analyze(
  { application, environment, state, deployment }: Subject,
  known: KnownPlan,
  planned: Pick<PlanToAnalyse, 'plan' | 'modulesJson'>,
  lifts: string[],
  prices: ChosenPriceSheet,
  identities: ModuleIdentities | undefined,
): Analysis {
  return analyzePlan({
    ...planned,
    ...(known.exitCode !== undefined && { exitCode: known.exitCode }),
    engine: known.engine.name,
    region: environment.region,
    stage: environment.stage,
    deletionProtection: environment.deletionProtection,
    environment: environment.name,
    // A destruction that only reads the state threatens nothing protected; `objectionToRemoving` judges what it finds.
    ...(!isBeingRemoved(environment) && { operation: deployment.operation }),
    isDestruction: deployment.operation === 'destroy',
    commit: deployment.commit,
    ...(identities && 'modules' in identities && { identities: identities.modules }),
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
  { analysis, proof }: { readonly analysis: Analysis; readonly proof: ProofVerdict | undefined },
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
    // A time in the future, which the build may claim, would make the plan count as young for too long.
    plannedAt: result.createdAt < now ? result.createdAt : now,
    round: deployment.round,
    isInspected,
    hasChanges: analysis.hasChanges,
    headline: headlineOf(analysis),
    gates: requiredGates(
      gatesOf(policyForDeployment(environment, deployment.operation, application.policy)),
      lifts.length + (proof?.lifts.length ?? 0) > 0,
    ),
    isProtected: isProtected(environment),
    lifts,
    ...(proof && { proof: { mode: proof.findings.mode, lifts: [...proof.lifts] } }),
    ...(replaces && { replaces }),
  };
}

/** Returns the stale plan that the new plan replaces, also when called again after the new plan was recorded. */
function replacedPlan({ planned, stale: because }: DeploymentIn<'planning'>): Planned['replaces'] {
  if (!planned || !because) return planned?.replaces;
  const { round, digest, changeDigest, analysis } = planned;
  return { round, digest, changeDigest, analysis, because };
}

/** Returns the gates of a plan. A plan that needs a lifted protection must pass both gates, in any stage (rule 7). */
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

/** Reads the Terraform state itself if a destruction finds nothing: the plan is not trusted to end an environment. */
async function lookIntoState(
  states: StateReader,
  { environment, deployment }: Subject,
  address: KnownPlan['backend'],
  { resourcesInState }: Analysis,
): Promise<ResourcesLeft | undefined> {
  if (resourcesInState > 0 || deployment.operation !== 'destroy') return undefined;
  return resourcesLeft(states, environment, address);
}

/** Stores what the environment consists of once the plan is applied; the last successful deployment's record counts. */
async function keepConfiguration(
  transaction: Transaction,
  deploymentId: string,
  configuration: Configuration | undefined,
): Promise<void> {
  const before = await transaction.get('configuration', { deploymentId });
  if (configuration) transaction.put('configuration', { deploymentId, ...configuration });
  else if (before) transaction.delete('configuration', { deploymentId });
}

/** Stores what the plan brings to the environment, for ConsumePlan and for the ledger. */
async function keepComposition(transaction: Transaction, composition: Composition): Promise<void> {
  await transaction.get('composition', composition);
  transaction.put('composition', composition);
}

/**
 * Returns whether nothing was applied before. An earlier apply of this same deployment does not count: it was refused
 * before it did anything.
 */
const isFirst = (state: EnvironmentState, deployment: Deployment): boolean =>
  state.newestStarted === 0 || state.newestStarted === orderOf(deployment);
