import { adjustEnvironment } from '../../../lambdas/domain/environment/adjust-environment.ts';
import { configureEnvironment } from '../../../lambdas/domain/environment/configure-environment.ts';
import { liftProof } from '../../../lambdas/domain/environment/lift-proof.ts';
import { liftProtection } from '../../../lambdas/domain/environment/lift-protection.ts';
import { requestRemoval } from '../../../lambdas/domain/environment/request-removal.ts';
import { DomainError } from '../../../lambdas/domain/errors.ts';
import { type Deployment, isTerminal } from '../../../lambdas/domain/model/deployment.ts';
import { EnvironmentSettingsSchema } from '../../../lambdas/domain/model/environment.ts';
import { PROOF_LIFT_SECONDS } from '../../../lambdas/domain/model/proof/proof-lift.ts';
import type { Policy } from '../../../lambdas/domain/policy.ts';
import { requestPromotion } from '../../../lambdas/domain/release/request-promotion.ts';
import { InMemoryStore, type Written } from '../../fakes/in-memory-store.ts';
import { identityOf, stateAddressOf } from '../../harness/plan-artifacts.ts';
import type { Terraform } from '../../harness/simulated-builds.ts';
import { ALICE, BOB, CAROL, DAVE, TOOLING, World } from '../../harness/world.ts';
import {
  CONTENTS,
  type Content,
  chances,
  contentAfter,
  ENGINES,
  ENVIRONMENTS,
  fateOf,
  pick,
  SOURCES,
} from './contents.ts';
import { broughtBy } from './plain-ledger.ts';
import { type Counts, noCounts, ProofChecker } from './proof-checker.ts';

/** What may happen, and how often. */
export const HAPPENINGS = {
  /** A new release is brought as far as it goes. */
  release: 8,
  bring: 4,
  /** A deployment is made, and waits for approval. */
  ask: 3,
  approve: 4,
  /** A deployment waits for its last approval, and something happens before it comes. */
  'ask, and meanwhile': 7,
  'roll back': 4,
  /** What was lacking last is lifted, or something else. */
  lift: 9,
  /** What a ref names changes. */
  'move a ref': 2,
  'set the engine': 2,
  'set the policy': 1,
  'wait hours': 1,
  'wait a week': 1,
  /** Somebody applies something outside of Stagegate. */
  'change the state': 1,
  /** A release comes again after a rollback has withdrawn it, or production takes what a rollback may have withdrawn. */
  'roll back and return': 2,
  hold: 1,
  promote: 2,
  'deliver a success': 1,
  cancel: 1,
  /** An environment is destroyed, removed and made again, here or elsewhere. */
  'make again': 1,
  /** The next two happen at the same time. */
  both: 2,
} as const;
export type Happening = keyof typeof HAPPENINGS;
export type Script = readonly (readonly [Happening, number])[];

const STAGES = { dev1: 'development', stage1: 'staging', prod1: 'production' } as const;
const POLICIES: readonly Policy[] = [
  {},
  {},
  { staging: { proof: 'block' } },
  { proof: { exempt: [SOURCES[1] ?? ''] } },
  { staging: { proof: 'block' }, proof: { exempt: [SOURCES[0] ?? ''] } },
];
/** What may happen to a plan that waits. */
const MEANWHILE: readonly Happening[] = [
  ...(['roll back and return', 'wait hours', 'change the state', 'move a ref'] as const),
  ...(['set the policy', 'lift', 'wait a week', 'set the engine', 'release'] as const),
];
/** One history: a world in which things happen, and the checker that sees every commit. */
export class PlayedHistory {
  readonly checker: ProofChecker;
  readonly #world: World;
  readonly #store: InMemoryStore;
  readonly #contents = new Map<number, Content>();
  readonly #engines = new Map<string, string>();
  readonly #builds = new Map<string, Partial<Terraform>>();
  /** What the ref that moves names at present. */
  #moving = 'w1';
  /** Whether every build succeeds. */
  #isCalm = true;

  private constructor(checker: ProofChecker, from?: { readonly store: InMemoryStore; readonly world: World }) {
    this.checker = checker;
    const onCommit = (written: readonly Written[]) => checker.check(written);
    this.#store = from ? from.store.copy(onCommit) : new InMemoryStore(onCommit);
    this.#world = from ? from.world.copyOn(this.#store) : new World(this.#store);
    checker.now = () => this.#world.surroundings.now();
    this.#world.builds.terraform = (deployment) => this.#terraform(deployment);
  }

  /** Begins with two releases in every environment and a third one in staging. */
  static async begin(): Promise<PlayedHistory> {
    const history = new PlayedHistory(new ProofChecker(noCounts()));
    await history.#world.furnish();
    const log = { name: 'log', content: 'l1' };
    for (const [contents, upTo] of [
      [['w1'], 'prod1'],
      [['w2'], 'prod1'],
      [['w1', 'w3'], 'stage1'],
    ] as const) {
      const calls = [...contents.map((content, at) => ({ name: at === 0 ? 'web' : 'twin', content })), log];
      const everywhere = Object.fromEntries(ENVIRONMENTS.map((environment) => [environment, calls]));
      await history.#world.bring(await history.#released(everywhere), upTo);
    }
    return history;
  }

  /** Goes on from here in a world of its own. */
  branch(counts: Counts): PlayedHistory {
    const branch = new PlayedHistory(this.checker.branch(counts), { store: this.#store, world: this.#world });
    for (const [release, content] of this.#contents) branch.#contents.set(release, content);
    branch.#isCalm = false;
    for (const email of [ALICE, BOB, CAROL, DAVE]) branch.#world.mail.click(email);
    return branch;
  }

  async perform(script: Script): Promise<void> {
    const rest = [...script];
    await this.#setPolicy(pick(POLICIES, chances(rest[0]?.[1] ?? 0)()) ?? {});
    for (let next = rest.shift(); next; next = rest.shift()) {
      this.#world.surroundings.advance(1);
      if (next[0] !== 'both') {
        await this.#happen(next);
        continue;
      }
      this.checker.isConcurrent = true;
      await Promise.all([this.#happen(rest.shift()), this.#happen(rest.shift())]);
      this.checker.isConcurrent = false;
    }
  }

  async #released(content: Content): Promise<number> {
    const number = await this.#world.release();
    this.#contents.set(number, content);
    return number;
  }

  /** What Terraform does with one plan of a deployment. The first build decides. */
  #terraform(deployment: Deployment): Terraform {
    const key = `${deployment.id} ${deployment.round}`;
    const fate = this.#isCalm ? { plan: 'changes' as const, apply: 'succeeds' as const } : fateOf(deployment);
    if (deployment.operation === 'destroy') return fate;
    const calls = this.#contents.get(deployment.release ?? 0)?.[deployment.environment] ?? [];
    const build = this.#builds.get(key) ?? {
      modules: calls.map((call) => ({ ...call, content: call.content ?? this.#moving })),
      engineVersion: this.#engines.get(deployment.environment) ?? '1.11.4',
    };
    this.#builds.set(key, build);
    this.checker.brought.set(key, broughtBy(build.modules ?? [], build.engineVersion ?? ''));
    return { ...build, ...fate };
  }

  async #happen(next: Script[number] | undefined): Promise<void> {
    if (next) await this.#attempt(() => this.#act(...next));
  }

  /** Does something that may be refused. */
  async #attempt(act: () => Promise<unknown>): Promise<void> {
    try {
      await act();
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
    }
  }

  async #act(name: Happening, seed: number): Promise<void> {
    const world = this.#world;
    const next = chances(seed);
    const newest = Math.max(...this.#contents.keys());
    const environment = pick(['dev1', 'stage1', 'stage1', 'prod1', 'prod1', 'prod1'], next()) ?? 'prod1';
    const where = { application: 'my-app', environment };
    const release = Math.max(1, newest - Math.floor(next() ** 2 * 4));
    switch (name) {
      case 'release': {
        const number = await this.#released(contentAfter(this.#contents.get(newest) ?? {}, seed));
        for (const place of ENVIRONMENTS.slice(0, 2)) await this.#bring(place, number);
        if (next() < 0.5) return this.#bringOrLift('prod1', number, next);
        return next() < 0.6 ? this.#askAndMeanwhile('prod1', number, next) : undefined;
      }
      case 'bring':
        return this.#bringOrLift(environment, release, next);
      case 'ask':
        await this.#makeRoom(environment, next());
        return world.workflow.run(await world.deploy(environment, release));
      case 'approve':
        return this.#approve(next);
      case 'ask, and meanwhile':
        return this.#askAndMeanwhile(environment === 'dev1' ? 'prod1' : environment, release, next);
      case 'roll back and return':
        if (next() < 0.5) return this.#rollBackAndReturn(release, next);
        await this.#bring('stage1', 2, 'rollback');
        return this.#bringOldContent(2, pick(['w1', 'w3'], next()) ?? 'w1');
      case 'roll back':
        await this.#makeRoom(environment, next());
        await world.finish(await world.rollBack(environment, Math.max(1, release - 1)));
        return;
      case 'lift':
        return this.#lift([...this.checker.wanting.keys()].at(-1) ?? 'prod1', next);
      case 'move a ref':
        this.#moving = pick(CONTENTS.slice(0, 5), next()) ?? 'w1';
        return;
      case 'set the engine':
        this.#engines.set(environment, pick(ENGINES, next()) ?? '1.11.4');
        return;
      case 'set the policy':
        return this.#setPolicy(pick(POLICIES, next()) ?? {});
      case 'wait hours':
        world.surroundings.advance(Math.floor(next() * 48) * 3600);
        return;
      case 'wait a week':
        world.surroundings.advance(6 * 24 * 3600 + Math.floor(next() * 48) * 3600);
        return;
      case 'change the state':
        world.states.change(stateAddressOf(where));
        return;
      case 'hold':
        await adjustEnvironment(world, where, { hold: next() < 0.5, reason: 'storm' }, TOOLING);
        return;
      case 'promote': {
        await this.#makeRoom(environment, next());
        const wish = { application: 'my-app', to: environment, requestedBy: TOOLING };
        const { deployment } = await requestPromotion(world, wish);
        await (next() < 0.6 ? world.finish(deployment.id) : world.workflow.run(deployment.id));
        return;
      }
      case 'deliver a success': {
        const done = (await world.history(environment)).filter(({ status }) => status === 'succeeded');
        const id = await world.promote(pick(done, next())?.id ?? '');
        if (id !== undefined) await world.workflow.run(id);
        return;
      }
      case 'cancel': {
        const open = (await world.history(environment)).filter(({ status }) => !isTerminal(status));
        const id = pick(open, next())?.id;
        if (id === undefined) return;
        await world.cancel(id);
        return world.workflow.run(id);
      }
      case 'make again':
        await this.#give(environment, [identityOf('x1')]);
        await this.#makeAgain(environment, next() < 0.5);
        return this.#bringOldContent(newest, pick(['w1', 'w3', 'x1'], next()) ?? 'w1');
      case 'both':
        return;
    }
  }

  /** Mostly lets what holds the environment come to its end first. */
  async #makeRoom(environment: string, chance: number): Promise<void> {
    for (let left = 3; left > 0 && chance < 0.8; left--) {
      const id = await this.#world.holderOf(environment);
      if (id === undefined) return;
      await this.#world.finish(id);
    }
  }

  async #bring(environment: string, release: number, operation: 'deploy' | 'rollback' = 'deploy'): Promise<void> {
    await this.#makeRoom(environment, 0);
    await this.#world.finish(await this.#world.deploy(environment, release, { operation }));
  }

  async #askAndMeanwhile(
    environment: string,
    release: number,
    next: () => number,
    meanwhile = () => this.#somethingElse(release, next),
  ): Promise<void> {
    await this.#makeRoom(environment, 0);
    if (next() < 0.2) await this.#give(environment, this.#identitiesOf(release, environment));
    const id = await this.#world.deploy(environment, release);
    await this.#world.workflow.run(id);
    if (environment === 'prod1' && (await this.#world.statusOf(id)) === 'awaiting_approval') {
      await this.#world.decide(id, ALICE);
      await this.#world.workflow.run(id);
    }
    await meanwhile();
    // An approval is missing still if the plan was made again.
    for (let times = 2; times > 0; times--) await this.#world.finish(id);
  }

  async #somethingElse(release: number, next: () => number): Promise<void> {
    if (next() < 0.4) {
      await this.#attempt(() => this.#rollBackAndReturn(release, next));
      if (next() < 0.3) await this.#give('prod1', this.#identitiesOf(release, 'prod1'));
    } else await this.#happen([pick(MEANWHILE, next()) ?? 'move a ref', Math.floor(next() * 99_999)]);
  }

  /** Staging goes back and comes to the release again, so that only the content of other releases is withdrawn. */
  async #rollBackAndReturn(release: number, next: () => number): Promise<void> {
    await this.#bring('stage1', next() < 0.5 ? 1 : 2, 'rollback');
    await this.#bring('stage1', release);
  }

  async #bringOrLift(environment: string, release: number, next: () => number): Promise<void> {
    await this.#bring(environment, release);
    if (this.checker.wanting.get(environment)?.release === release && next() < 0.6) await this.#lift(environment, next);
  }

  async #approve(next: () => number): Promise<void> {
    const histories = await Promise.all(ENVIRONMENTS.map((environment) => this.#world.history(environment)));
    const { id } =
      pick(
        histories.flat().filter(({ status }) => status === 'awaiting_approval'),
        next(),
      ) ?? {};
    if (id === undefined) return;
    const decision = next() < 0.95 ? 'approve' : 'reject';
    for (const email of next() < 0.5 ? [ALICE, CAROL] : [pick([ALICE, BOB, CAROL], next()) ?? ALICE]) {
      await this.#world.workflow.run(id);
      await this.#world.decide(id, email, decision);
      await this.#world.workflow.run(id);
    }
  }

  /** Lifts what was lacking last, or what the newest release may lack, or something else; mostly it is tried again then. */
  async #lift(environment: string, next: () => number): Promise<void> {
    const newest = Math.max(...this.#contents.keys());
    const wanting = this.checker.wanting.get(environment);
    const release = wanting?.release ?? newest;
    const found = wanting?.subjects ?? this.#identitiesOf(release, environment);
    const other = next() < 0.7 ? identityOf(pick(CONTENTS, next()) ?? '') : 'engine terraform 1.12';
    const subjects = next() < 0.8 ? found.slice(next() < 0.2 ? 1 : 0) : [other];
    await this.#give(environment, subjects);
    const chance = next();
    if (chance < 0.5) await this.#bring(environment, release);
    else if (chance < 0.7) await this.#askAndMeanwhile(environment, release, next);
    else if (chance < 0.8) {
      this.#world.surroundings.advance(PROOF_LIFT_SECONDS - 600);
      await this.#askAndMeanwhile(environment, release, next, async () => {
        this.#world.surroundings.advance(1200);
        if (next() < 0.5) await this.#give(environment, subjects);
      });
    } else if (chance < 0.9) {
      await this.#bring(environment, release);
      await this.#bringEverywhere(this.#contents.get(2) ?? {});
      await this.#bring(environment, release, 'rollback');
    }
  }

  #identitiesOf(release: number, environment: string): string[] {
    const calls = this.#contents.get(release)?.[environment] ?? [];
    return calls.map(({ content = this.#moving }) => identityOf(content));
  }

  /** Returns a call under which a release has this content, of the newest release that has it. */
  #callOf(identity: string, environment: string): string {
    const calls = [...this.#contents.values()].reverse().flatMap((content) => content[environment] ?? []);
    const found = calls.find(({ content = this.#moving }) => identityOf(content) === identity);
    return `module.${found?.name ?? 'web'}`;
  }

  async #give(environment: string, subjects: readonly string[]): Promise<void> {
    for (const subject of subjects) {
      const reason = 'agreed with the client on the telephone';
      const [, engine] = /^engine (.*)$/.exec(subject) ?? [];
      const named = engine === undefined ? { call: this.#callOf(subject, environment), identity: subject } : { engine };
      await liftProof(this.#world, { application: 'my-app', environment }, { ...named, reason }, TOOLING);
    }
  }

  async #setPolicy(policy: Policy): Promise<void> {
    const application = await this.#world.store.get('application', { name: 'my-app' });
    if (application) await this.#world.write('application', { ...application, policy });
  }

  /** Brings a release with which only production goes back to what other environments ran once. */
  async #bringOldContent(newest: number, content: string): Promise<void> {
    const usual = this.#contents.get(newest) ?? {};
    await this.#bringEverywhere({ ...usual, prod1: [{ name: 'web', content }] });
  }

  async #bringEverywhere(content: Content): Promise<void> {
    const number = await this.#released(content);
    for (const place of ENVIRONMENTS) await this.#bring(place, number);
  }

  async #makeAgain(name: string, isMoved: boolean): Promise<void> {
    const world = this.#world;
    const place = { application: 'my-app', environment: name };
    const stage = STAGES[name === 'dev1' || name === 'stage1' ? name : 'prod1'];
    await this.#makeRoom(name, 0);
    if (name === 'prod1') await liftProtection(world, place, { address: name, reason: 'to be made again' }, TOOLING);
    const { deployed, newestStarted } = await world.state(name);
    await world.finish(await world.deploy(name, deployed?.release ?? newestStarted, { operation: 'destroy' }));
    if (!isMoved) {
      await requestRemoval(world, place, TOOLING);
      await world.finishIn(name);
      world.surroundings.advance(1);
    }
    const region = isMoved ? 'eu-central-1' : 'eu-west-1';
    const settings = EnvironmentSettingsSchema.parse({ stage, accountId: '111111111111', region });
    await configureEnvironment(world, place, settings, 'admin');
  }
}
