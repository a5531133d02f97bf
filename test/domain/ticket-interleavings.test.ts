import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { redeemTicket } from '../../lambdas/domain/build/redeem-ticket.ts';
import { parseTicket } from '../../lambdas/domain/contract/build-credentials.ts';
import { DomainError } from '../../lambdas/domain/errors.ts';
import { InMemoryStore } from '../fakes/in-memory-store.ts';
import { anApplication, anEnvironment } from '../harness/builders.ts';
import { World } from '../harness/world.ts';

/**
 * Tests deployments, builds, tickets and everybody who shows tickets, in any order. Credentials are only ever given to
 * the session that redeemed the ticket first, with the role of its build, and at a time when the rule allows it.
 */

const RUNS = 10_000;
const HAPPENINGS = {
  step: 12,
  deploy: 3,
  redeem: 10,
  'redeem twice at once': 2,
  stop: 1,
  'end builds': 1,
  reconcile: 1,
  cancel: 1,
  'end by hand': 1,
} as const;
type Happening = keyof typeof HAPPENINGS;

const happenings = fc.array(
  fc.record({
    name: fc.oneof(...Object.entries(HAPPENINGS).map(([name, weight]) => ({ weight, arbitrary: fc.constant(name) }))),
    chance: fc.nat(9_999),
  }),
  { minLength: 1, maxLength: 6 },
);

const pick = <T>(from: readonly T[], chance: number): T | undefined => from[chance % Math.max(1, from.length)];

class Storm {
  readonly world: World;
  /** The session that redeemed a ticket first. */
  readonly first = new Map<string, string>();
  /** How often credentials were given for plans, and for applies. */
  readonly given = { plan: 0, apply: 0 };
  #releases: number;

  /** Begins in a world in which this many releases were made and deployed. */
  constructor(world: World, releases: number) {
    this.world = world;
    this.#releases = releases;
  }

  async happen(name: Happening, chance: number): Promise<void> {
    const { workflow, builds } = this.world;
    const id = pick([...workflow.executions.keys()], chance) ?? '';
    switch (name) {
      case 'deploy':
        this.#releases = await this.world.release();
        await this.world.deploy('dev1', this.#releases);
        return;
      case 'step':
        return workflow.step(id);
      case 'stop':
        return workflow.abort(id);
      case 'end builds':
        return builds.endAll();
      case 'reconcile':
        await this.world.reconcile();
        return;
      case 'cancel':
        await this.world.cancel(id);
        return;
      case 'end by hand':
        return this.world.changeState('dev1', { holder: null });
      case 'redeem':
        return this.#redeem(chance);
      case 'redeem twice at once':
        await Promise.all([this.#redeem(chance), this.#redeem(Math.floor(chance / 7))]);
    }
  }

  /** Lets somebody show a ticket: a build its own or another one's, or a person. */
  async #redeem(chance: number): Promise<void> {
    const { builds } = this.world;
    const [own, ticket] = pick([...builds.tickets], chance) ?? [];
    if (!own || !ticket) return;
    const other = pick([...builds.tickets.keys()], Math.floor(chance / 3)) ?? own;
    const { purpose } = parseTicket(ticket);
    const others = ['Staff', purpose === 'plan' ? 'stagegate-apply-build' : 'stagegate-plan-build'];
    const role = others[Math.floor(chance / 5) % 6] ?? `stagegate-${purpose}-build`;
    const build = chance % 4 === 0 ? other : own;
    const caller = {
      userArn: `arn:aws:sts::000000000000:assumed-role/${role}/${build}`,
      userId: `AROA${role}:${build}`,
    };
    const before = this.world.environmentRoles.given.length;
    try {
      await redeemTicket(this.world, caller, { ticket, buildId: own });
    } catch (error) {
      if (error instanceof DomainError) return;
      throw error;
    }
    this.given[parseTicket(ticket).purpose] += 1;
    await this.#judge(ticket, caller, own, this.world.environmentRoles.given.slice(before));
  }

  async #judge(
    text: string,
    { userArn, userId }: { userArn: string; userId: string },
    build: string,
    roles: readonly { roleArn: string; sessionName: string }[],
  ): Promise<void> {
    const { deploymentId, purpose, round } = parseTicket(text);
    expect(userArn).toContain(`assumed-role/stagegate-${purpose}-build/`);
    expect(this.first.get(text) ?? userId).toBe(userId);
    this.first.set(text, userId);
    const given = roles.filter(({ sessionName }) => sessionName === deploymentId);
    expect(given.map(({ roleArn }) => roleArn)).toContain(
      `arn:aws:iam::111111111111:role/stagegate-my-app-dev1-${purpose}`,
    );
    const deployment = await this.world.deployment(deploymentId);
    const isHolder = (await this.world.holderOf('dev1')) === deploymentId;
    const isItsTurn =
      isHolder && deployment.round === round && deployment.status === (purpose === 'plan' ? 'planning' : 'applying');
    const isMidApply = purpose === 'apply' && this.world.builds.running.has(build);
    expect([isItsTurn, isMidApply]).toContain(true);
  }
}

/**
 * Prepares the beginning of storms: a deployment whose build runs. Each storm gets a copy, which takes much of its
 * time.
 */
async function begin(state: 'Plan' | 'Apply'): Promise<() => Storm> {
  const store = new InMemoryStore();
  const world = new World(store);
  await world.write('application', anApplication());
  await world.write('environment', anEnvironment({ name: 'dev1', stage: 'development' }));
  const release = await world.release();
  const id = await world.deploy('dev1', release);
  await world.workflow.runTo(id, state);
  await world.workflow.step(id);
  return () => new Storm(world.copyOn(store.copy()), release);
}

/** Enough for a machine of any speed, whatever else runs on it. */
const PATIENCE_MS = 900_000;

test(
  '10,000 times credentials are given within the rule, and are given',
  async () => {
    const given = { plan: 0, apply: 0 };
    // Before a build runs there is nothing to redeem.
    const [planning, applying] = [await begin('Plan'), await begin('Apply')];
    await fc.assert(
      fc.asyncProperty(happenings, async (sequence) => {
        const storm = (sequence[0]?.chance ?? 0) % 2 === 0 ? planning() : applying();
        for (const { name, chance } of sequence) {
          try {
            await storm.happen(name as Happening, chance);
          } catch (error) {
            if (!(error instanceof DomainError)) throw error;
          }
        }
        given.plan += storm.given.plan;
        given.apply += storm.given.apply;
      }),
      { seed: 20261129, numRuns: RUNS },
    );
    // Storms in which nobody ever got credentials would prove nothing.
    expect(given.plan).toBeGreaterThan(RUNS / 10);
    expect(given.apply).toBeGreaterThan(RUNS / 10);
  },
  PATIENCE_MS,
);
