import { isBeingRemoved } from '../../build/inspection.ts';
import { keepCommitFacts } from '../../build/keep-commit-facts.ts';
import { type FoundInTree, readIdentities } from '../../build/read-identities.ts';
import { readReads } from '../../build/read-reads.ts';
import { type ResourcesLeft, resourcesLeft } from '../../build/resources-left.ts';
import { analysisKey, type PlanSuccess } from '../../contract/build-result.ts';
import type { LockedProvider } from '../../contract/locked-provider.ts';
import type { LockFile } from '../../contract/module-identities.ts';
import { BuildResultError } from '../../errors.ts';
import { type Deployment, orderOf } from '../../model/deployment.ts';
import type { Environment } from '../../model/environment.ts';
import type { EnvironmentState } from '../../model/environment-state.ts';
import { activeLift } from '../../model/lifts/lift.ts';
import type { ProtectionLifts } from '../../model/lifts/protection-lift.ts';
import type { Composition } from '../../model/proof/composition.ts';
import { LISTINGS } from '../../model/table/listings.ts';
import { type Analysis, analyzePlan, type PlanToAnalyse } from '../../plan/analyze-plan.ts';
import { contentWithModules } from '../../plan/modules/content-with-modules.ts';
import { type Configuration, configurationOf } from '../../plan/parity.ts';
import { providerChanges } from '../../plan/provider-changes.ts';
import type { Rehearsal } from '../../plan/rehearsal/rehearsal-schema.ts';
import type { PastApplies } from '../../plan/rehearsal/rehearse.ts';
import type { ArtifactStore, ReadAhead, Reader, StateReader, Store, Surroundings, Transaction } from '../../ports.ts';
import { compose } from '../../proof/compose.ts';
import { digestWithProof } from '../../proof/digest-with-proof.ts';
import { judgePlan } from '../../proof/judge-plan.ts';
import { composedWithoutChanges } from '../../proof/without-changes.ts';
import { listReadable } from '../../transaction/list-all.ts';
import type { Held } from '../../transaction/load-held.ts';
import { recordEvent } from '../../transaction/record-event.ts';
import { stateAddressOf } from '../claim-state-address.ts';
import { keepReads } from '../keep-reads.ts';
import { type PlanVerdict, settlePlan } from '../settle-plan.ts';
import { findPastApplies } from './find-past-applies.ts';
import { type ChosenPriceSheet, findPriceSheet } from './find-price-sheet.ts';
import { keepPlannedChanges } from './keep-planned-changes.ts';
import { blockingOf, planOf } from './planned-of.ts';

export interface AnalysisServices {
  readonly store: Store;
  readonly artifacts: ArtifactStore;
  readonly states: StateReader;
  /** Key of an installation's own price sheet. */
  readonly priceSheetKey: string;
  readonly surroundings: Surroundings;
}

type Subject = Held<'planning'>;

/** What is known about a plan: from the inspect build if the plan was inspected, otherwise from the plan build. */
interface KnownPlan extends Pick<PlanSuccess, 'planJson' | 'modules' | 'backend' | 'state' | 'engine' | 'added'> {
  /** Absent for an inspected plan: whether it has changes is read from the plan itself. */
  readonly exitCode?: PlanSuccess['exitCode'];
  readonly digest: string;
  readonly content?: string;
  readonly lockedProviders?: readonly LockedProvider[];
}

interface PlanResults {
  /** What the plan build reported. */
  readonly claimed: PlanSuccess;
  readonly known: KnownPlan;
  readonly isInspected: boolean;
}

/** Analyses a plan that needs no other look, and settles what comes next. Throws NotHolderError, BuildResultError. */
export async function analyzeKnownPlan(
  { store, artifacts, states, priceSheetKey, surroundings }: AnalysisServices,
  ahead: ReadAhead,
  subject: Subject,
  { claimed, known, isInspected }: PlanResults,
): Promise<PlanVerdict> {
  const { deployment, environment } = subject;
  const { id, round } = deployment;
  const [plan, modules, before, inTree, reads, past, lifts, prices] = await Promise.all([
    artifacts.getJson(known.planJson.key, known.planJson.versionId),
    artifacts.getJson(known.modules.key, known.modules.versionId),
    deployedProviders(ahead, subject),
    readIdentities(artifacts, deployment, { isInspected }),
    readReads(artifacts, deployment, { isInspected }),
    findPastApplies(store, ahead, subject),
    listLifts(store, deployment),
    findPriceSheet(artifacts, priceSheetKey),
    ahead.get('stateClaim', { address: stateAddressOf(known.backend) }),
    ahead.get('applicationReads', { application: deployment.application }),
  ]);
  if (!plan) throw new BuildResultError(`analysing the plan of "${id}": the plan that was printed is gone`);
  const planned = { plan: plan.value, modulesJson: modules?.value };
  const newProviders = providerChanges(known.lockedProviders ?? [], before);
  const now = surroundings.now();
  const found = analyze(subject, known, planned, activeLifts(lifts, environment, now), prices, inTree);
  const providers = known.lockedProviders ?? inTree.lockFile?.providers;
  const composition = compose(deployment, {
    engine: known.engine,
    modules: found.modules,
    identities: inTree.identities,
    ...(providers && { providers }),
  });
  const brought = { ...subject, operation: deployment.operation, composition, now };
  const proof = found.hasChanges ? await judgePlan(ahead, brought) : undefined;
  const analysis = {
    ...found,
    changeDigest: digestWithProof(found.changeDigest, proof?.findings),
    ...(proof && { proof: proof.findings }),
    ...(known.added?.count && { addedFiles: known.added }),
    ...(newProviders.length > 0 && { providerChanges: newProviders }),
  };
  const [stored, inState, rehearsal] = await Promise.all([
    artifacts.putJson(analysisKey(id, round), analysis),
    lookIntoState(states, subject, known.backend, analysis),
    past && analysis.hasChanges ? rehearsalOf(analysis, past) : undefined,
  ]);
  const facts = {
    planned: {
      ...planOf(subject, { ...claimed, ...known }, { analysis, proof }, stored, isInspected, now),
      ...(rehearsal && { rehearsal }),
    },
    backend: known.backend,
    resources: { claimed: analysis.resourcesInState, ...(inState && { inState }) },
    blocked: blockingOf(analysis, environment.name) ?? proof?.blocking,
  };
  return store.transact(async (transaction) => {
    await keepConfiguration(transaction, id, configurationOf(analysis, known.lockedProviders));
    await keepComposition(
      transaction,
      found.hasChanges ? composition : await composedWithoutChanges(transaction, brought),
    );
    await keepPlannedChanges(transaction, deployment, analysis);
    await keepReads(transaction, deployment, reads);
    await keepCommitFacts(transaction, deployment, claimed.commit);
    if (prices.notice)
      recordEvent(transaction, surroundings, id, 'price-sheet-refused', undefined, { message: prices.notice });
    return settlePlan(transaction, id, facts, surroundings);
  }, ahead);
}

/** Loads the comparison when it is needed, because most plans are made for the first environment. */
const rehearsalOf = async (analysis: Analysis, past: PastApplies): Promise<Rehearsal | undefined> =>
  (await import('../../plan/rehearsal/rehearse.ts')).rehearse(analysis, past);

/** Returns the providers of the configuration that is deployed in the environment now. */
async function deployedProviders(reader: Reader, { state }: Subject): Promise<readonly LockedProvider[]> {
  const deploymentId = state.deployed?.deploymentId;
  if (deploymentId === undefined) return [];
  return (await reader.get('configuration', { deploymentId }))?.providers ?? [];
}

/** Lists the lifts that can be read. Without the others, the plan is judged as if nobody had given them. */
async function listLifts(store: Store, { application, environment }: Deployment): Promise<ProtectionLifts[]> {
  return (await listReadable(store, LISTINGS.protectionLifts(application, environment))).items;
}

const activeLifts = (given: readonly ProtectionLifts[], { createdAt }: Environment, now: string): string[] =>
  given.filter(({ lifts }) => activeLift(lifts, { createdAt, now })).map(({ address }) => address);

function analyze(
  { application, environment, state, deployment }: Subject,
  known: KnownPlan,
  planned: Pick<PlanToAnalyse, 'plan' | 'modulesJson'>,
  lifts: string[],
  prices: ChosenPriceSheet,
  { identities, lockFile, undestroyed }: FoundInTree,
): Analysis {
  const content = contentWithModules(known.content, identities);
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
    notices: [...(prices.notice === undefined ? [] : [prices.notice]), ...floatingVersions(lockFile)],
    settings: application.safeguards,
    ...(environment.type === 'ephemeral' && {
      ephemeral: { isFirst: isFirst(state, deployment), ...(undestroyed && { undestroyed }) },
    }),
    lifts,
    digestKey: environment.externalId,
    ...(content !== undefined && { content }),
  });
}

/** Says that nothing pins the versions of providers, if so. */
const floatingVersions = (lockFile: LockFile | undefined): string[] =>
  !lockFile || lockFile.isCommitted || lockFile.providers.length === 0
    ? []
    : [
        'the commit has no dependency lock file (.terraform.lock.hcl) that names all providers, so versions of providers float: another plan may get other ones',
      ];

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
