import * as z from 'zod';
import { redeemTicket } from '../../lambdas/domain/build/redeem-ticket.ts';
import { runPrefix } from '../../lambdas/domain/build/run-prefix.ts';
import type { LockedProvider } from '../../lambdas/domain/contract/locked-provider.ts';
import { runObjectKey } from '../../lambdas/domain/contract/run-objects.ts';
import { isShown } from '../../lambdas/domain/contract/state-head.ts';
import { DomainError } from '../../lambdas/domain/errors.ts';
import type { Deployment } from '../../lambdas/domain/model/deployment.ts';
import type { ArtifactStore, Builds } from '../../lambdas/domain/ports.ts';
import type { FakeStateReader } from '../fakes/fake-state-reader.ts';
import {
  leaveInspection,
  leavePlan,
  type PlanKind,
  type SimulatedModule,
  stateAddressOf,
  stateKey,
} from './plan-artifacts.ts';

type BuildServices = Omit<Parameters<typeof redeemTicket>[0], 'builds'> & {
  readonly artifacts: ArtifactStore;
  readonly states: FakeStateReader;
};

/** What Terraform does with a deployment. */
export interface Terraform {
  plan: PlanKind;
  /** The plan that Terraform prints instead of a usual one of this kind. */
  printed?: object;
  inspect?: 'succeeds' | 'fails';
  /** SHA-256 of the files that are applied with the plan. */
  content?: string;
  /** The modules that the configuration calls. */
  modules?: readonly SimulatedModule[];
  /** Version of Terraform that makes the plan. */
  engineVersion?: string;
  /** Terraform by default. */
  engine?: 'terraform' | 'opentofu';
  /** What the build lists as identities, instead of those of `modules`. */
  identities?: object;
  /** What the plan build tells that the configuration reads of the repository: nothing elsewhere by default. */
  reads?: object;
  /** The providers that the lock file pins. */
  providers?: readonly LockedProvider[];
  /** Where the lock file comes from: the commit, unless `init` made it. `unreadable`: no build says what it pins. */
  lockFile?: 'committed' | 'made' | 'unreadable';
  /** `pretends`: code of the repository reports that everything was done and nothing is left, but does nothing. */
  apply: 'succeeds' | 'fails' | 'is-stale' | 'pretends';
}

/** The part of StartBuild's input that these builds read. */
const RequestSchema = z.object({
  ProjectName: z.string(),
  SourceVersion: z.string().optional(),
  IdempotencyToken: z.string().optional(),
  EnvironmentVariablesOverride: z.array(z.object({ Name: z.string(), Value: z.string() })),
});

type BuildStatus = 'SUCCEEDED' | 'FAILED';

/** An error of StartBuild. `after`: the build was started, and only the answer is lost. */
interface StartFault {
  readonly error: string;
  readonly when: 'before' | 'after';
}

/** Thrown when StartBuild fails; the name is the one that Step Functions gives the error. */
export class StartBuildError extends Error {
  override readonly name: string;
  constructor(name: string) {
    super('starting the build');
    this.name = name;
  }
}

/** CodeBuild with Terraform. Each build writes the results of such a build when it ends. */
export class SimulatedBuilds implements Builds {
  readonly running = new Set<string>();
  /** The next starts fail with these errors, in this order. */
  readonly startFaults: StartFault[] = [];
  /** The build that each token has started, until the tokens are forgotten. */
  readonly #tokens = new Map<string, string>();
  /** The builds whose start was answered. */
  readonly #answered = new Set<string>();
  /** Where each build leaves its artifacts. */
  readonly #prefixes = new Map<string, string>();
  /** How builds have ended; one that nobody saw ending has failed. */
  readonly #ended = new Map<string, BuildStatus>();
  /** The ticket that each build was started with. */
  readonly tickets = new Map<string, string>();
  /** The digest of every apply; one that was applied twice is in it twice. */
  readonly applied: { digest: string; deploymentId: string }[] = [];
  terraform: (deployment: Deployment) => Terraform = () => ({ plan: 'changes', apply: 'succeeds' });
  /** What git shows to plan builds about each commit. */
  readonly commits = new Map<string, string>();
  /** Commits that the git host does not have any more: builds that fetch them fail, and leave nothing. */
  readonly lost = new Set<string>();
  /** The project of every build. */
  readonly projects = new Map<string, string>();
  readonly #sources = new Map<string, string | undefined>();
  /** The key of the kept tree of every build that has one. */
  readonly #keptTrees = new Map<string, string>();
  /** Outputs of every apply in addition to its own. */
  outputs: Record<string, { sensitive: boolean; value: unknown }> = {};
  readonly #services: BuildServices;
  /** The deployment of every build, oldest build first. */
  readonly #deployments = new Map<string, string>();

  constructor(services: BuildServices) {
    this.#services = services;
  }

  /** The number of resources in each Terraform state, by the key of the state. */
  get contents(): Map<string, number> {
    return this.#services.states.contents;
  }

  resourcesIn(deployment: Deployment): number {
    return this.contents.get(stateKey(deployment)) ?? 0;
  }

  /** Copies the state of other builds. */
  goOnFrom(others: SimulatedBuilds): void {
    for (const id of others.running) this.running.add(id);
    for (const [id, ticket] of others.tickets) this.tickets.set(id, ticket);
    for (const [commit, shown] of others.commits) this.commits.set(commit, shown);
    for (const [id, deploymentId] of others.#deployments) this.#deployments.set(id, deploymentId);
    for (const [id, status] of others.#ended) this.#ended.set(id, status);
    for (const [token, id] of others.#tokens) this.#tokens.set(token, id);
    for (const id of others.#answered) this.#answered.add(id);
    for (const [id, prefix] of others.#prefixes) this.#prefixes.set(id, prefix);
    for (const [id, project] of others.projects) this.projects.set(id, project);
    this.applied.push(...others.applied);
  }

  async anyInProgress(ids: readonly string[]): Promise<boolean> {
    return ids.some((id) => this.running.has(id));
  }

  async statusOf(id: string): ReturnType<Builds['statusOf']> {
    if (this.running.has(id)) return 'running';
    if (!this.#deployments.has(id)) return undefined;
    return this.#ended.get(id) === 'SUCCEEDED' ? 'succeeded' : 'failed';
  }

  async isRunningWith(id: string, name: string, value: string): Promise<boolean> {
    return name === 'STAGEGATE_TICKET' && this.running.has(id) && this.tickets.get(id) === value;
  }

  /** Returns the ids of the builds of a deployment, oldest first. */
  of(deploymentId: string): string[] {
    return [...this.#deployments].flatMap(([id, owner]) => (owner === deploymentId ? [id] : []));
  }

  /** Returns those of them that the execution knows. */
  answeredOf(deploymentId: string): string[] {
    return this.of(deploymentId).filter((id) => this.#answered.has(id));
  }

  /** StartBuild. Returns the id of the build. Throws StartBuildError. */
  start(deploymentId: string, request: unknown): string {
    const fault = this.startFaults.shift();
    if (fault?.when === 'before') throw new StartBuildError(fault.error);
    const { IdempotencyToken: token = '' } = RequestSchema.parse(request);
    const id = this.#tokens.get(token) ?? this.#begin(deploymentId, request);
    if (token !== '') this.#tokens.set(token, id);
    if (fault) throw new StartBuildError(fault.error);
    this.#answered.add(id);
    return id;
  }

  /** Five minutes pass: the tokens of earlier starts lead to no build any more. */
  forgetTokens(): void {
    this.#tokens.clear();
  }

  #begin(deploymentId: string, request: unknown): string {
    const { ProjectName, SourceVersion, EnvironmentVariablesOverride } = RequestSchema.parse(request);
    const id = `${ProjectName}:${deploymentId}:${this.of(deploymentId).length}`;
    const ticket = EnvironmentVariablesOverride.find(({ Name }) => Name === 'STAGEGATE_TICKET');
    if (ticket) this.tickets.set(id, ticket.Value);
    this.#deployments.set(id, deploymentId);
    this.projects.set(id, ProjectName);
    this.#sources.set(id, SourceVersion);
    const prefix = EnvironmentVariablesOverride.find(({ Name }) => Name === 'STAGEGATE_RUN_PREFIX');
    this.#prefixes.set(id, prefix?.Value ?? '');
    const kept = EnvironmentVariablesOverride.find(({ Name }) => Name === 'STAGEGATE_KEPT_TREE');
    if (kept) this.#keptTrees.set(id, z.object({ key: z.string() }).parse(JSON.parse(kept.Value)).key);
    this.running.add(id);
    return id;
  }

  /** Ends a build as if it ended by itself. */
  async end(id: string): Promise<BuildStatus> {
    const known = this.#ended.get(id);
    if (known) return known;
    const status = await this.#work(id);
    this.#ended.set(id, status);
    this.running.delete(id);
    return status;
  }

  async #work(id: string): Promise<BuildStatus> {
    const deploymentId = this.#deployments.get(id) ?? '';
    const deployment = await this.#services.store.get('deployment', { id: deploymentId });
    if (!deployment) throw new Error(`build "${id}" ends, and there is no deployment "${deploymentId}"`);
    if (this.lost.has(this.#sources.get(id) ?? '')) return 'FAILED';
    if (await this.#lacksTree(id)) {
      await this.#services.artifacts.putJson(runObjectKey(runPrefix(deployment), 'planResult'), {
        ok: false,
        phase: 'checkout',
        reason: 'artifact-store',
        message: 'fetching the tree that is kept with the environment: AccessDenied',
      });
      return 'FAILED';
    }
    switch (/^stagegate-([a-z]+)/.exec(id)?.[1]) {
      case 'plan':
        return this.#plan(deployment);
      case 'inspect':
        return this.#inspect(deployment);
      case 'apply':
        return this.#apply(id, deployment);
      default:
        throw new Error(`nobody knows what build "${id}" would do`);
    }
  }

  async #lacksTree(id: string): Promise<boolean> {
    const key = this.#keptTrees.get(id);
    return key !== undefined && (await this.#services.artifacts.getText(key)) === undefined;
  }

  /** Ends every running build without any notification. */
  endAll(): void {
    this.running.clear();
  }

  async #plan(deployment: Deployment): Promise<BuildStatus> {
    const {
      plan: usual,
      modules = [],
      engine = 'terraform',
      engineVersion,
      identities,
      printed,
      reads,
      providers,
      lockFile = 'committed',
    } = this.terraform(deployment);
    const resources = this.resourcesIn(deployment);
    const plan = usual !== 'fails' && deployment.operation === 'destroy' && resources === 0 ? 'no-changes' : usual;
    const head = this.#services.states.headAt(stateAddressOf(deployment));
    const printedAs = `${runPrefix(deployment)}plan/printed.json`;
    const facts = {
      state: head,
      commit: this.commits.get(deployment.commit),
      ...(printed && { planJson: await this.#services.artifacts.putJson(printedAs, printed) }),
      ...(engineVersion !== undefined && { engine: { name: engine, version: engineVersion } }),
    };
    const locked =
      providers && lockFile !== 'unreadable'
        ? { isCommitted: lockFile === 'committed', providers: [...providers] }
        : undefined;
    await leavePlan(this.#services.artifacts, deployment, plan, facts, resources, modules, locked, reads);
    if (identities)
      await this.#services.artifacts.putJson(runObjectKey(runPrefix(deployment), 'identities'), identities);
    return plan === 'fails' ? 'FAILED' : 'SUCCEEDED';
  }

  async #inspect(deployment: Deployment): Promise<BuildStatus> {
    const { artifacts } = this.#services;
    const { inspect, content, providers } = this.terraform(deployment);
    if (inspect !== 'fails') {
      await leaveInspection(artifacts, deployment, {
        ...(content !== undefined && { content }),
        ...(providers && { lockedProviders: [...providers] }),
      });
      return 'SUCCEEDED';
    }
    await artifacts.putJson(runObjectKey(runPrefix(deployment), 'inspectionResult'), {
      ok: false,
      phase: 'bundle',
      reason: 'bundle-refused',
      message: 'the bundle has "main.tf", which the commit has',
    });
    return 'FAILED';
  }

  /** Takes the credentials of the build, like its program. Returns whether the build got them. */
  async redeem(id: string): Promise<boolean> {
    const project = this.projects.get(id) ?? '';
    const role = project.replace(/^(stagegate-(?:plan|apply))-?(.*)$/, (_, kind, source) =>
      [`${kind}-build`, ...(source ? [source] : [])].join('.'),
    );
    const userId = `AROA${role}:${id}`;
    const userArn = `arn:aws:sts::000000000000:assumed-role/${role}/${id}`;
    const shown = { ticket: this.tickets.get(id) ?? '', buildId: id };
    try {
      await redeemTicket({ ...this.#services, builds: this }, { userId, userArn }, shown);
      return true;
    } catch (error) {
      if (error instanceof DomainError) return false;
      throw error;
    }
  }

  async #apply(id: string, { id: deploymentId }: Deployment): Promise<BuildStatus> {
    const { artifacts, states, store } = this.#services;
    const prefix = this.#prefixes.get(id) ?? '';
    if (await artifacts.getJson(runObjectKey(prefix, 'applyStarted'))) return 'FAILED';
    await artifacts.putJson(runObjectKey(prefix, 'applyStarted'), {});
    if (!(await this.redeem(id))) return 'FAILED';
    const deployment = await store.get('deployment', { id: deploymentId });
    if (deployment?.status !== 'applying') throw new Error(`"${deploymentId}" has credentials to apply`);
    const { planned } = deployment;
    const address = stateAddressOf(deployment);
    const head = states.headAt(address);
    const { state } = planned;
    const isStale = isShown(state) && (head?.serial !== state?.serial || head?.lineage !== state?.lineage);
    const { apply } = this.terraform(deployment);
    if (!isStale && apply !== 'is-stale') {
      this.applied.push({ digest: planned.digest, deploymentId: deployment.id });
      states.change(address);
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
          ok: true,
          applied: 'yes',
          resources: 1,
          resourcesLeft: apply === 'pretends' ? 0 : this.resourcesIn(deployment),
        });
        return 'SUCCEEDED';
      case 'fails':
        await artifacts.putJson(runObjectKey(prefix, 'applyResult'), {
          ok: false,
          phase: 'apply',
          reason: 'apply-failed',
          applied: 'partly',
          message: 'main.tf:2: refused',
        });
        return 'FAILED';
      case 'is-stale':
        await artifacts.putJson(runObjectKey(prefix, 'applyResult'), {
          ok: false,
          phase: 'apply',
          reason: 'plan-stale',
          applied: 'no',
          message: 'the state has changed',
        });
        return 'FAILED';
    }
  }
}
