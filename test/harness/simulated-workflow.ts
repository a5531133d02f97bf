import { awaitApproval } from '../../lambdas/domain/approval/await-approval.ts';
import { requestApproval } from '../../lambdas/domain/approval/request-approval.ts';
import { settleGate } from '../../lambdas/domain/approval/settle-gate.ts';
import type { BuildRequest } from '../../lambdas/domain/build/build-request.ts';
import { preparePlan } from '../../lambdas/domain/build/prepare-plan.ts';
import { runObjectKey } from '../../lambdas/domain/contract/run-objects.ts';
import { type Acquisition, acquireEnvironment } from '../../lambdas/domain/deployment/acquire-environment.ts';
import { analyzeDeploymentPlan } from '../../lambdas/domain/deployment/analyze-deployment-plan.ts';
import { announceEnding } from '../../lambdas/domain/deployment/announce-ending.ts';
import type { Caught } from '../../lambdas/domain/deployment/caught.ts';
import { checkPlan } from '../../lambdas/domain/deployment/check-plan.ts';
import { consumePlan } from '../../lambdas/domain/deployment/consume-plan.ts';
import { inspectFailedApply } from '../../lambdas/domain/deployment/inspect-failed-apply.ts';
import { recordEnding } from '../../lambdas/domain/deployment/record-ending.ts';
import { recordOutputs } from '../../lambdas/domain/deployment/record-outputs.ts';
import { releaseEnvironment } from '../../lambdas/domain/deployment/release-environment.ts';
import type { DnsServices } from '../../lambdas/domain/dns/dns-subject.ts';
import { ensureCertificate } from '../../lambdas/domain/dns/ensure-certificate.ts';
import { publishDns } from '../../lambdas/domain/dns/publish-dns.ts';
import type { Ending } from '../../lambdas/domain/endings.ts';
import { ConflictError, NotHolderError } from '../../lambdas/domain/errors.ts';
import { type Deployment, runPrefix, type Status } from '../../lambdas/domain/model/deployment.ts';
import type { GateName } from '../../lambdas/domain/policy.ts';
import type {
  ApproverMail,
  ArtifactStore,
  Builds,
  EventBus,
  LinkSigner,
  Store,
  Workflow,
} from '../../lambdas/domain/ports.ts';
import type { FakeStateReader } from '../fakes/fake-state-reader.ts';
import type { FakeSurroundings } from '../fakes/fake-surroundings.ts';
import { leaveInspection, leavePlan, type PlanKind, stateAddressOf, stateKey } from './plan-artifacts.ts';

export interface WorkflowServices extends Pick<DnsServices, 'zones' | 'certificates' | 'publicDns' | 'patience'> {
  readonly store: Store;
  readonly artifacts: ArtifactStore;
  readonly mail: ApproverMail;
  readonly links: LinkSigner;
  readonly events: EventBus;
  readonly states: FakeStateReader;
  readonly surroundings: FakeSurroundings;
  readonly publicUrl: string;
  readonly priceSheetKey: string;
}

/** What Terraform would do with a deployment. */
export interface Terraform {
  plan: PlanKind;
  inspect?: 'succeeds' | 'fails';
  /** SHA-256 of the files that are applied with the plan. */
  content?: string;
  /** `pretends`: code of the repository says that everything was done, and nothing is left, and does nothing. */
  apply: 'succeeds' | 'fails' | 'is-stale' | 'pretends';
}

type State =
  | 'AcquireEnvironment'
  | 'EnsureCertificate'
  | 'PreparePlan'
  | 'Plan'
  | 'AnalyzePlan'
  | 'Inspect'
  | 'RequestApproval'
  | 'AwaitApproval'
  | 'SettleGate'
  | 'CheckPlan'
  | 'ConsumePlan'
  | 'Apply'
  | 'InspectFailedApply'
  | 'RecordOutputs'
  | 'PublishDns'
  | 'Record'
  | 'Announce'
  | 'ReleaseEnvironment';

interface Execution {
  readonly deploymentId: string;
  status: 'running' | 'succeeded' | 'failed' | 'aborted';
  state: State;
  /** Set while a build or a task token is under way in the current state. */
  waitingFor?: { readonly build: string } | { readonly token: string; readonly until: number };
  gate: GateName;
  gates: readonly GateName[];
  /** Was the plan read where nothing of the repository runs? */
  isInspected: boolean;
  needsDns: boolean;
  timeoutSeconds: number;
  ending: Ending;
  failure?: Caught;
  outcome?: Status;
  /** Of the build that comes next, if it gets credentials. */
  ticket?: string | undefined;
  readonly builds: string[];
}

type Answer = Partial<Omit<Execution, 'deploymentId' | 'builds'>>;

const BUSY = 'a crash between the commit and what follows it';

/**
 * The state machine by its contract, one state a step, running the real operations. It is Step Functions and CodeBuild
 * to them at the same time, and loses starts and resumptions when told to.
 */
export class SimulatedWorkflow implements Workflow, Builds {
  readonly executions = new Map<string, Execution>();
  readonly runningBuilds = new Set<string>();
  /** The ticket that each build was started with. */
  readonly tickets = new Map<string, string>();
  /** Digests that were applied, each time they were. */
  readonly applied: { digest: string; deploymentId: string }[] = [];
  /** Every call of start and resume fails while this is set. */
  isUnreachable = false;
  terraform: (deployment: Deployment) => Terraform = () => ({ plan: 'changes', apply: 'succeeds' });
  /** What git shows plan builds of each commit. */
  readonly commits = new Map<string, string>();
  /** What every apply leaves beside its own output. */
  outputs: Record<string, { sensitive: boolean; value: unknown }> = {};
  readonly #services: WorkflowServices;
  /** Executions that are in the middle of a step: each goes through one state at a time. */
  readonly #stepping = new Set<string>();
  #tokens = 0;

  constructor(services: WorkflowServices) {
    this.#services = services;
  }

  /** Resources in each Terraform state, by its key. */
  get contents(): Map<string, number> {
    return this.#services.states.contents;
  }

  /** Goes on where another one is, which is between two steps. */
  goOnFrom(other: SimulatedWorkflow): void {
    for (const [id, execution] of other.executions)
      this.executions.set(id, { ...execution, builds: [...execution.builds] });
    for (const build of other.runningBuilds) this.runningBuilds.add(build);
    for (const [build, ticket] of other.tickets) this.tickets.set(build, ticket);
    for (const [commit, shown] of other.commits) this.commits.set(commit, shown);
    this.applied.push(...other.applied);
    this.#tokens = other.#tokens;
  }

  async start(deploymentId: string): Promise<void> {
    if (this.isUnreachable) throw new Error(BUSY);
    if (this.executions.has(deploymentId)) return;
    this.executions.set(deploymentId, {
      ...{ deploymentId, status: 'running', state: 'AcquireEnvironment' },
      ...{
        gate: 'staff',
        gates: [],
        isInspected: false,
        needsDns: false,
        timeoutSeconds: 0,
        ending: 'failed',
        builds: [],
      },
    });
  }

  async resume(token: string): Promise<'resumed' | 'gone'> {
    if (this.isUnreachable) throw new Error(BUSY);
    const execution = [...this.executions.values()].find(
      ({ status, waitingFor }) =>
        status === 'running' && waitingFor && 'token' in waitingFor && waitingFor.token === token,
    );
    if (!execution) return 'gone';
    this.#enter(execution, { state: 'SettleGate' });
    return 'resumed';
  }

  async execution(deploymentId: string): ReturnType<Workflow['execution']> {
    const execution = this.executions.get(deploymentId);
    return execution ? { status: execution.status } : { status: 'absent' };
  }

  async builds(deploymentId: string): Promise<string[]> {
    return this.executions.get(deploymentId)?.builds.toReversed() ?? [];
  }

  async anyInProgress(buildIds: readonly string[]): Promise<boolean> {
    return buildIds.some((id) => this.runningBuilds.has(id));
  }

  async isRunningWith(buildId: string, name: string, value: string): Promise<boolean> {
    return name === 'STAGEGATE_TICKET' && this.runningBuilds.has(buildId) && this.tickets.get(buildId) === value;
  }

  /** StopExecution: nothing is caught, and a build of the execution goes on until `endBuilds`. */
  abort(deploymentId: string): void {
    const execution = this.executions.get(deploymentId);
    if (execution?.status === 'running') Object.assign(execution, { status: 'aborted', waitingFor: undefined });
  }

  endBuilds(): void {
    this.runningBuilds.clear();
  }

  /** Can anything happen in this execution without somebody outside of it? */
  canStep(deploymentId: string): boolean {
    const execution = this.executions.get(deploymentId);
    if (execution?.status !== 'running' || this.#stepping.has(deploymentId)) return false;
    const { waitingFor } = execution;
    return !waitingFor || 'build' in waitingFor || this.#now() >= waitingFor.until;
  }

  /** Goes through one state, or into or out of a waiting one. Errors are caught and retried as the machine does. */
  async step(deploymentId: string): Promise<void> {
    const execution = this.executions.get(deploymentId);
    if (!execution || !this.canStep(deploymentId)) return;
    this.#stepping.add(deploymentId);
    try {
      this.#enter(execution, await this.#perform(execution));
    } catch (error) {
      this.#enter(execution, this.#caught(execution, error));
    } finally {
      this.#stepping.delete(deploymentId);
    }
  }

  /** Steps until the execution waits for somebody or has ended. */
  async run(deploymentId: string): Promise<void> {
    for (let steps = 0; this.canStep(deploymentId); steps++) {
      if (steps > 200) throw new Error(`execution "${deploymentId}" runs in circles at ${this.stateOf(deploymentId)}`);
      await this.step(deploymentId);
      // Every retry would crash again for as long as that lasts.
      if (this.isUnreachable) return;
    }
  }

  stateOf(deploymentId: string): State | undefined {
    return this.executions.get(deploymentId)?.state;
  }

  #now(): number {
    return Date.parse(this.#services.surroundings.now());
  }

  #enter(execution: Execution, answer: Answer): void {
    // An execution that was aborted while its Lambda ran does not go on.
    if (execution.status === 'running') Object.assign(execution, { waitingFor: undefined, ...answer });
  }

  #caught({ state, outcome }: Execution, error: unknown): Answer {
    if (!(error instanceof Error)) throw error;
    if (error instanceof NotHolderError && state === 'AcquireEnvironment') return { status: 'failed' };
    const isRetried = error instanceof ConflictError || error.message === BUSY;
    if (isRetried || state === 'Record' || state === 'ReleaseEnvironment') {
      if (!isRetried) throw error;
      return { state };
    }
    if (state === 'Announce') return { state: 'ReleaseEnvironment', outcome };
    if (state === 'InspectFailedApply') return { state: 'Record', ending: 'failed' };
    const failure = { state, error: error.name, cause: error.message };
    return { state: 'Record', ending: 'failed', failure };
  }

  async #perform(execution: Execution): Promise<Answer> {
    const { deploymentId: id, gate } = execution;
    const services = { ...this.#services, workflow: this, builds: this };
    switch (execution.state) {
      case 'AcquireEnvironment':
        return acquired(await acquireEnvironment(services, id));
      case 'EnsureCertificate': {
        const certificate = await ensureCertificate(services, id);
        if (certificate.outcome === 'canceled') return record('canceled');
        return certificate.outcome === 'ready' ? { state: 'PreparePlan' } : this.#lookAgain(execution, certificate);
      }
      case 'PreparePlan':
        return { state: 'Plan', ticket: ticketOf((await preparePlan(services, id)).plan), isInspected: false };
      case 'Plan':
        return this.#build(execution, (deployment) => this.#plan(deployment));
      case 'AnalyzePlan': {
        const { isInspected } = execution;
        const { next, gates } = await analyzeDeploymentPlan(services, id, { isInspected });
        if (next === 'inspect') return { state: 'Inspect', ticket: undefined };
        if (next === 'blocked' || next === 'canceled') return record(next);
        if (next === 'no-changes') return published(execution);
        const [gate] = gates;
        return next === 'gates' && gate ? { state: 'RequestApproval', gate, gates } : { state: 'ConsumePlan' };
      }
      case 'Inspect':
        return this.#build(execution, (deployment) => this.#inspect(deployment));
      case 'RequestApproval': {
        const { outcome, timeoutSeconds } = await requestApproval(services, id, gate);
        return outcome === 'asked' ? { state: 'AwaitApproval', timeoutSeconds } : record('blocked');
      }
      case 'AwaitApproval':
        return this.#wait(execution);
      case 'SettleGate': {
        const { outcome, timeoutSeconds } = await settleGate(services, id, gate);
        if (outcome === 'open') return { state: 'AwaitApproval', timeoutSeconds };
        if (outcome === 'void') return record('failed', { state: 'SettleGate', error: 'UnexpectedAnswer', cause: '' });
        if (outcome !== 'approved') return record(outcome);
        const isMoreToAsk = gate === 'staff' && execution.gates.includes('client');
        return isMoreToAsk ? { state: 'RequestApproval', gate: 'client' } : { state: 'CheckPlan' };
      }
      case 'CheckPlan': {
        const { outcome } = await checkPlan(services, id);
        return { state: outcome === 'current' ? 'ConsumePlan' : 'PreparePlan' };
      }
      case 'ConsumePlan': {
        const consumption = await consumePlan(services, id);
        if (consumption.outcome !== 'consumed') return record(consumption.outcome);
        return { state: 'Apply', ticket: ticketOf(consumption.apply) };
      }
      case 'Apply':
        return this.#build(execution, (deployment) => this.#apply(deployment));
      case 'InspectFailedApply': {
        const { outcome } = await inspectFailedApply(services, id);
        return outcome === 'stale' ? { state: 'PreparePlan' } : { state: 'Record', ending: 'failed' };
      }
      case 'RecordOutputs':
        await recordOutputs(services, id);
        return published(execution);
      case 'PublishDns': {
        const publication = await publishDns(services, id);
        return publication.outcome === 'done' ? record('succeeded') : this.#lookAgain(execution, publication);
      }
      case 'Record':
        return { state: 'Announce', outcome: await recordEnding(services, id, execution.ending, execution.failure) };
      case 'Announce':
        await announceEnding(services, id);
        return { state: 'ReleaseEnvironment' };
      case 'ReleaseEnvironment':
        await releaseEnvironment(services, id);
        return { status: execution.outcome === 'succeeded' ? 'succeeded' : 'failed' };
    }
  }

  /** A Wait state, and the same task again after it. */
  #lookAgain({ state }: Execution, answer: NotYet): Answer {
    if (answer.outcome === 'failed') return record('failed', { state, error: answer.reason, cause: answer.message });
    return { waitingFor: { token: 'a Wait state', until: this.#now() + answer.waitSeconds * 1000 } };
  }

  resourcesIn(deployment: Deployment): number {
    return this.contents.get(stateKey(deployment)) ?? 0;
  }

  /** The first step starts the build, the second one finds it ended. */
  async #build(execution: Execution, run: (deployment: Deployment) => Promise<Answer>): Promise<Answer> {
    const { deploymentId, waitingFor, builds } = execution;
    if (!waitingFor || !('build' in waitingFor)) {
      const build = `${execution.state}:${deploymentId}:${builds.length}`;
      builds.push(build);
      this.runningBuilds.add(build);
      if (execution.ticket !== undefined) this.tickets.set(build, execution.ticket);
      return { waitingFor: { build } };
    }
    this.runningBuilds.delete(waitingFor.build);
    return run(await this.#deployment(deploymentId));
  }

  async #wait(execution: Execution): Promise<Answer> {
    const { deploymentId, gate, waitingFor, timeoutSeconds } = execution;
    if (waitingFor) return { state: 'SettleGate' };
    this.#tokens += 1;
    const token = `token-${this.#tokens}`;
    // The task waits from before its Lambda stores the token: a decision may resume it at any time from then on.
    execution.waitingFor = { token, until: this.#now() + timeoutSeconds * 1000 };
    await awaitApproval({ ...this.#services, workflow: this }, deploymentId, gate, token);
    const isResumed = execution.state !== 'AwaitApproval';
    return isResumed ? { state: execution.state } : { waitingFor: execution.waitingFor };
  }

  async #plan(deployment: Deployment): Promise<Answer> {
    const { plan: usual } = this.terraform(deployment);
    const resources = this.resourcesIn(deployment);
    const plan = usual !== 'fails' && deployment.operation === 'destroy' && resources === 0 ? 'no-changes' : usual;
    const head = this.#services.states.headAt(stateAddressOf(deployment));
    const facts = { state: head, commit: this.commits.get(deployment.commit) };
    await leavePlan(this.#services.artifacts, deployment, plan, facts, resources);
    if (plan !== 'fails') return { state: 'AnalyzePlan' };
    return record('failed', { state: 'Plan', error: 'States.TaskFailed', cause: '{"BuildStatus":"FAILED"}' });
  }

  async #inspect(deployment: Deployment): Promise<Answer> {
    const { artifacts } = this.#services;
    const { inspect, content } = this.terraform(deployment);
    if (inspect !== 'fails') {
      await leaveInspection(artifacts, deployment, content === undefined ? {} : { content });
      return { state: 'AnalyzePlan', isInspected: true };
    }
    await artifacts.putJson(runObjectKey(runPrefix(deployment), 'inspectionResult'), {
      ...{
        ok: false,
        phase: 'bundle',
        reason: 'bundle-refused',
        message: 'the bundle has "main.tf", which the commit has',
      },
    });
    return record('failed', { state: 'Inspect', error: 'States.TaskFailed', cause: '{"BuildStatus":"FAILED"}' });
  }

  async #apply(deployment: Deployment): Promise<Answer> {
    const { artifacts } = this.#services;
    const prefix = runPrefix(deployment);
    const failure = { state: 'Apply', error: 'States.TaskFailed', cause: '{"BuildStatus":"FAILED"}' };
    const failed: Answer = { state: 'InspectFailedApply', failure };
    if (deployment.status !== 'applying')
      throw new Error(`applying "${deployment.id}" while it is ${deployment.status}`);
    if (await artifacts.getJson(runObjectKey(prefix, 'applyStarted'))) return failed;
    await artifacts.putJson(runObjectKey(prefix, 'applyStarted'), {});
    const { planned } = deployment;
    const address = stateAddressOf(deployment);
    const head = this.#services.states.headAt(address);
    const isStale = head?.serial !== planned.state?.serial || head?.lineage !== planned.state?.lineage;
    const { apply } = this.terraform(deployment);
    if (!isStale && apply !== 'is-stale') {
      this.applied.push({ digest: planned.digest, deploymentId: deployment.id });
      this.#services.states.change(address);
      const isEmptied = deployment.operation === 'destroy' && apply === 'succeeds';
      if (apply !== 'pretends')
        this.contents.set(address.key, isEmptied ? 0 : Math.max(1, this.resourcesIn(deployment)));
    }
    switch (isStale ? 'is-stale' : apply) {
      case 'pretends':
      case 'succeeds':
        await artifacts.putJson(runObjectKey(prefix, 'outputs'), {
          url: { sensitive: false, value: deployment.id },
          ...this.outputs,
        });
        await artifacts.putJson(runObjectKey(prefix, 'applyResult'), {
          ...{ ok: true, applied: 'yes', resources: 1 },
          resourcesLeft: apply === 'pretends' ? 0 : this.resourcesIn(deployment),
        });
        return { state: 'RecordOutputs' };
      case 'fails':
        await artifacts.putJson(runObjectKey(prefix, 'applyResult'), {
          ...{ ok: false, phase: 'apply', reason: 'apply-failed', applied: 'partly', message: 'main.tf:2: refused' },
        });
        return failed;
      case 'is-stale':
        await artifacts.putJson(runObjectKey(prefix, 'applyResult'), {
          ...{ ok: false, phase: 'apply', reason: 'plan-stale', applied: 'no', message: 'the state has changed' },
        });
        return failed;
    }
  }

  async #deployment(id: string): Promise<Deployment> {
    const deployment = await this.#services.store.get('deployment', { id });
    if (!deployment) throw new Error(`there is no deployment "${id}"`);
    return deployment;
  }
}

type NotYet =
  | { readonly outcome: 'pending'; readonly waitSeconds: number }
  | { readonly outcome: 'failed'; readonly reason: string; readonly message: string };

const ticketOf = ({ EnvironmentVariablesOverride }: BuildRequest): string =>
  EnvironmentVariablesOverride.find(({ Name }) => Name === 'STAGEGATE_TICKET')?.Value ?? '';
const acquired = ({ needsCertificate, needsDns }: Acquisition): Answer => ({
  ...{ state: needsCertificate ? 'EnsureCertificate' : 'PreparePlan', needsDns },
});
const published = ({ needsDns }: Execution): Answer => (needsDns ? { state: 'PublishDns' } : record('succeeded'));
const record = (ending: Ending, failure?: Caught): Answer => ({ state: 'Record', ending, ...(failure && { failure }) });
