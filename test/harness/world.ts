import type * as z from 'zod';
import { decideGate } from '../../lambdas/domain/approval/decide-gate.ts';
import type { Applies } from '../../lambdas/domain/contract/applies.ts';
import { cancelDeployment } from '../../lambdas/domain/deployment/cancel-deployment.ts';
import type { Placement } from '../../lambdas/domain/deployment/create-deployment.ts';
import { placeDeployment } from '../../lambdas/domain/deployment/place-deployment.ts';
import { createEphemeral } from '../../lambdas/domain/ephemeral/create-ephemeral.ts';
import { sweepEnvironments } from '../../lambdas/domain/ephemeral/sweep-environments.ts';
import type { ConfigPushed } from '../../lambdas/domain/events.ts';
import type { Application } from '../../lambdas/domain/model/application.ts';
import type { Approver } from '../../lambdas/domain/model/approver.ts';
import type { Deployment, Requester } from '../../lambdas/domain/model/deployment.ts';
import type { EphemeralEnvironment, RegularEnvironment } from '../../lambdas/domain/model/environment.ts';
import { type EnvironmentState, emptyState } from '../../lambdas/domain/model/environment-state.ts';
import { EphemeralRequestSchema } from '../../lambdas/domain/model/ephemeral-environment.ts';
import type { Gate } from '../../lambdas/domain/model/gate.ts';
import type { Release } from '../../lambdas/domain/model/release.ts';
import { LISTINGS } from '../../lambdas/domain/model/table/listings.ts';
import type { KeyOf, Kind, RecordOf } from '../../lambdas/domain/model/table/records.ts';
import type { Operation } from '../../lambdas/domain/operation.ts';
import type { GateName } from '../../lambdas/domain/policy.ts';
import type { EventBus, Store } from '../../lambdas/domain/ports.ts';
import { reconcile } from '../../lambdas/domain/reconcile/reconcile.ts';
import type { Repair } from '../../lambdas/domain/reconcile/repairs.ts';
import { promoteAutomatically } from '../../lambdas/domain/release/promote.ts';
import { registerPush } from '../../lambdas/domain/release/register-push.ts';
import { carryOut } from '../../lambdas/domain/transaction/effects.ts';
import { throwTogether } from '../../lambdas/domain/transaction/failures.ts';
import { findEphemeral } from '../../lambdas/domain/transaction/find.ts';
import { FakeEnvironmentRoles } from '../fakes/fake-environment-roles.ts';
import { FakeLinkSigner } from '../fakes/fake-link-signer.ts';
import { FakePublicDns } from '../fakes/fake-public-dns.ts';
import { FakeStateReader } from '../fakes/fake-state-reader.ts';
import { FakeSurroundings } from '../fakes/fake-surroundings.ts';
import { InMemoryApproverMail } from '../fakes/in-memory-approver-mail.ts';
import { InMemoryArtifactStore } from '../fakes/in-memory-artifact-store.ts';
import { InMemoryCertificates } from '../fakes/in-memory-certificates.ts';
import { InMemoryEventBus } from '../fakes/in-memory-event-bus.ts';
import { InMemoryHostedZones } from '../fakes/in-memory-hosted-zones.ts';
import { InMemoryScheduler } from '../fakes/in-memory-scheduler.ts';
import { InMemoryStore } from '../fakes/in-memory-store.ts';
import { anApplication, anApprover, anEnvironment, aPush, aRelease, commitOf } from './builders.ts';
import { SimulatedBuilds } from './simulated-builds.ts';
import { SimulatedWorkflow } from './simulated-workflow.ts';

export const ALICE = 'alice@staff.example';
export const BOB = 'bob@staff.example';
export const CAROL = 'carol@client.example';
export const DAVE = 'dave@client.example';
export const TOOLING: Requester = { principal: 'arn:aws:sts::111111111111:assumed-role/Pipeline/run' };

interface Wish {
  readonly application?: string;
  readonly environment: string;
  readonly release: number;
  readonly operation?: Operation;
  readonly requestedBy?: Requester;
  readonly automatic?: boolean;
  readonly adopt?: 'empty-state';
  readonly isVerification?: boolean;
}

/** `my-app` with dev1, stage1 and prod1, two staff and two client approvers, and everything around it in memory. */
export class World {
  readonly store: Store;
  readonly events: EventBus & Pick<InMemoryEventBus, 'published' | 'names'>;
  readonly surroundings: FakeSurroundings;
  readonly states: FakeStateReader;
  readonly mail = new InMemoryApproverMail();
  readonly links = new FakeLinkSigner();
  readonly artifacts: InMemoryArtifactStore;
  readonly priceSheetKey = 'prices/prices.csv';
  readonly zones = new InMemoryHostedZones();
  readonly certificates = new InMemoryCertificates();
  readonly publicDns = new FakePublicDns();
  readonly patience = { pollSeconds: 30, certificateSeconds: 3600, changeSeconds: 900 };
  readonly publicUrl = 'https://stagegate.example';
  readonly leastGateExpirySeconds = 3600;
  readonly pinnedSessionRoles = ['arn:aws:iam::111111111111:role/Staff'];
  readonly reservedAccount = '000000000000';
  readonly controlAccount = '000000000000';
  /** Whether applies are banned; a test changes it. */
  applies: Applies = 'allowed';
  readonly environmentRoles = new FakeEnvironmentRoles();
  readonly allowedSources: readonly string[] = [];
  readonly scheduler = new InMemoryScheduler();
  readonly limits = { perApplication: 3, inAll: 5 };
  readonly leastTtlSeconds = 3600;
  readonly firstPauseSeconds = 60;
  readonly workflow: SimulatedWorkflow;
  readonly builds: SimulatedBuilds;
  #releases = 0;
  #pushes = 0;

  constructor(
    store: Store = new InMemoryStore(),
    events: World['events'] = new InMemoryEventBus(),
    {
      surroundings = new FakeSurroundings(),
      states = new FakeStateReader(),
      artifacts = new InMemoryArtifactStore(),
    }: Partial<Pick<World, 'surroundings' | 'states' | 'artifacts'>> = {},
  ) {
    this.store = store;
    this.events = events;
    this.surroundings = surroundings;
    this.states = states;
    this.artifacts = artifacts;
    this.builds = new SimulatedBuilds(this);
    this.workflow = new SimulatedWorkflow(this, this.builds);
  }

  static async open(application: Partial<Application> = {}): Promise<World> {
    const world = new World();
    await world.furnish(application);
    return world;
  }

  /** Copies this world in its current state on a copy of its store, without mails and events. */
  copyOn(store: Store): World {
    const { surroundings, states, artifacts, workflow, builds } = this;
    const parts = { surroundings: surroundings.copy(), states: states.copy(), artifacts: artifacts.copy() };
    const copy = new World(store, new InMemoryEventBus(), parts);
    copy.workflow.goOnFrom(workflow);
    copy.builds.goOnFrom(builds);
    copy.#releases = this.#releases;
    copy.#pushes = this.#pushes;
    return copy;
  }

  async furnish(application: Partial<Application> = {}): Promise<void> {
    await this.write('application', anApplication(application));
    await this.write('environment', anEnvironment({ name: 'dev1', stage: 'development' }));
    await this.write('environment', anEnvironment({ name: 'stage1', stage: 'staging' }));
    await this.write('environment', anEnvironment({ name: 'prod1', stage: 'production', deletionProtection: true }));
    for (const email of [ALICE, BOB]) await this.approver({ email, gates: ['staff'] });
    for (const email of [CAROL, DAVE]) await this.approver({ email, gates: ['client'] });
  }

  async approver(facts: Partial<Approver> & { email: string }): Promise<void> {
    await this.write('approver', anApprover(facts));
    this.mail.click(facts.email);
  }

  /** Writes a record, or replaces the one with this key. */
  write<K extends Kind>(kind: K, record: RecordOf<K>): Promise<void> {
    return this.store.transact(async (transaction) => {
      await transaction.get(kind, record as unknown as KeyOf<K>);
      transaction.put(kind, record);
    });
  }

  async change(name: string, facts: Partial<RegularEnvironment>): Promise<void> {
    const environment = await this.store.get('environment', { application: 'my-app', name });
    const current = environment?.type === 'regular' ? environment : anEnvironment({ name });
    await this.write('environment', { ...current, ...facts });
  }

  async changeState(environment: string, facts: Partial<EnvironmentState>): Promise<void> {
    await this.write('environmentState', { ...(await this.state(environment)), ...facts });
  }

  /** Makes the next release, without a deployment. Returns its number. */
  async release(): Promise<number> {
    this.#releases += 1;
    const number = this.#releases;
    await this.write('release', aRelease({ number, commit: commitOf(number) }));
    await this.write('releaseLog', { application: 'my-app', newest: number, head: commitOf(number) });
    return number;
  }

  /** Pushes the next commit. Returns the releases that the push makes. */
  async push(facts: Partial<ConfigPushed> = {}): Promise<Release[]> {
    this.#pushes += 1;
    const [before, after] = [commitOf(this.#pushes - 1), commitOf(this.#pushes)];
    const { registered, failures } = await registerPush(
      this,
      aPush({ eventId: `delivery-${this.#pushes}`, before, after, ...facts }),
    );
    throwTogether(failures);
    return registered.flatMap(({ release }) => release ?? []);
  }

  async place(wish: Wish): Promise<Placement> {
    const usual = { application: 'my-app', operation: 'deploy' as const, requestedBy: TOOLING, automatic: false };
    const request = { ...usual, ...wish };
    const placement = await this.store.transact((transaction) =>
      placeDeployment(transaction, request, this.surroundings),
    );
    await carryOut(this, placement.effects);
    return placement;
  }

  /** Requests a deployment. Returns its id. */
  async deploy(environment: string, release: number, wish: Partial<Wish> = {}): Promise<string> {
    return (await this.place({ environment, release, ...wish })).deployment.id;
  }

  rollBack(environment: string, release: number): Promise<string> {
    return this.deploy(environment, release, { operation: 'rollback' });
  }

  promote(sourceDeploymentId: string): Promise<string | undefined> {
    return promoteAutomatically(this, sourceDeploymentId);
  }

  cancel(id: string, by: Requester = TOOLING): Promise<Deployment> {
    return cancelDeployment(this, id, by);
  }

  async decide(id: string, email: string, decision: 'approve' | 'reject' = 'approve', digest?: string): Promise<Gate> {
    const approver = await this.store.get('approver', { application: 'my-app', email });
    const gate: GateName = approver?.gates[0] ?? 'staff';
    const shown = digest ?? (await this.gate(id, gate))?.digest ?? 'f'.repeat(64);
    return decideGate(this, { deploymentId: id, gate, email, decision, digest: shown, via: 'link' });
  }

  /** Runs the deployment as far as it goes, and approves each gate that it waits at. */
  async finish(id: string): Promise<Deployment> {
    await this.workflow.run(id);
    for (const email of [ALICE, CAROL]) {
      const gate = await this.gate(id, email === ALICE ? 'staff' : 'client');
      if (gate?.status !== 'open') continue;
      await this.decide(id, email);
      await this.workflow.run(id);
    }
    return this.deployment(id);
  }

  /** Deploys a release to an environment, with success. Returns the id of the deployment. */
  async succeed(environment: string, release: number, wish: Partial<Wish> = {}): Promise<string> {
    const id = await this.deploy(environment, release, wish);
    const { status } = await this.finish(id);
    if (status !== 'succeeded') throw new Error(`deployment "${id}" is ${status} instead of succeeded`);
    this.surroundings.advance(1);
    return id;
  }

  /** Deploys a release to each environment of the pipeline, up to the given one. */
  async bring(release: number, upTo: string): Promise<void> {
    for (const environment of ['dev1', 'stage1', 'prod1']) {
      await this.succeed(environment, release);
      if (environment === upTo) return;
    }
  }

  /** Makes an ephemeral environment. Returns it as it is then. */
  async ephemeral(
    name: string,
    facts: Partial<z.input<typeof EphemeralRequestSchema>> = {},
    createdBy = TOOLING,
  ): Promise<EphemeralEnvironment> {
    const content = facts.ref === undefined ? { commit: commitOf(1) } : {};
    const request = EphemeralRequestSchema.parse({ name, ...content, ...facts });
    return (await createEphemeral(this, 'my-app', request, createdBy)).environment;
  }

  /** Makes an ephemeral environment and deploys its commit. */
  async runningEphemeral(
    name: string,
    facts: Partial<z.input<typeof EphemeralRequestSchema>> = {},
  ): Promise<EphemeralEnvironment> {
    await this.ephemeral(name, facts);
    await this.finishIn(name);
    return this.ephemeralNow(name);
  }

  ephemeralNow(name: string): Promise<EphemeralEnvironment> {
    return findEphemeral(this.store, 'my-app', name);
  }

  /** Runs the deployments that hold an environment, one after the other, until none does. Returns the last one. */
  async finishIn(environment: string): Promise<Deployment | undefined> {
    let last: Deployment | undefined;
    for (let id = await this.holderOf(environment); id; id = await this.holderOf(environment)) {
      last = await this.finish(id);
      const isStill = (await this.holderOf(environment)) === id;
      if (isStill) throw new Error(`"${id}" is ${last.status} and goes no further (${this.workflow.stateOf(id)})`);
    }
    return last;
  }

  async sweep(): Promise<string[]> {
    return (await sweepEnvironments(this)).map(({ environment, action }) => `${environment} ${action}`);
  }

  async liveEphemerals(): Promise<string[]> {
    const register = await this.store.get('ephemeralRegister', {});
    return (register?.live ?? []).map(({ application, environment }) => `${application}/${environment}`);
  }

  async reconcile(): Promise<readonly Repair[]> {
    return (await reconcile(this)).repairs;
  }

  async deployment(id: string): Promise<Deployment> {
    const deployment = await this.store.get('deployment', { id });
    if (!deployment) throw new Error(`there is no deployment "${id}"`);
    return deployment;
  }

  async statusOf(id: string): Promise<Deployment['status']> {
    return (await this.deployment(id)).status;
  }

  async reasonOf(id: string): Promise<string | undefined> {
    const deployment = await this.deployment(id);
    return 'error' in deployment ? deployment.error.reason : undefined;
  }

  gate(deploymentId: string, gate: GateName): Promise<Gate | undefined> {
    return this.store.get('gate', { deploymentId, gate });
  }

  async state(environment: string): Promise<EnvironmentState> {
    const where = { application: 'my-app', environment };
    return (await this.store.get('environmentState', where)) ?? emptyState('my-app', environment);
  }

  async holderOf(environment: string): Promise<string | undefined> {
    return (await this.state(environment)).holder?.deploymentId;
  }

  async queueOf(environment: string): Promise<string[]> {
    return (await this.state(environment)).queue.map(({ deploymentId }) => deploymentId);
  }

  async history(environment: string): Promise<Deployment[]> {
    return (await this.store.list(LISTINGS.history('my-app', environment), { limit: 1000 })).items;
  }

  /** Returns the types of a deployment's events, oldest first. Events of the same instant are in no order. */
  async story(id: string): Promise<string[]> {
    return (await this.store.list(LISTINGS.events(id), { limit: 1000 })).items.map(({ type }) => type);
  }
}
