import { beforeAll, describe, expect, test } from '@jest/globals';
import { sharedCloud } from './shared-cloud.ts';
import { type Deployment, STAFF, TestApplication, type TestCloud } from './test-cloud.ts';

/**
 * A decision and another action at the same moment: exactly one of them takes effect, and both callers get the right
 * answer.
 */
describe('races of decisions', () => {
  const SECOND = 'second@example.com';
  const ENDED = ['succeeded', 'rejected', 'canceled', 'superseded', 'expired', 'failed', 'blocked'];
  /** Long enough to open the forms on any machine; afterwards the gate's record is changed to expire at once. */
  const EXPIRY_SECONDS = 3600;

  let cloud: TestCloud;
  let plays: Map<Race, Promise<Outcome>>;

  beforeAll(async () => {
    cloud = await sharedCloud();
    plays = playRaces();
  });

  interface Rivals {
    readonly app: TestApplication;
    readonly id: string;
    /** Posts the form of the first or the second staff approver; the form was opened before the race. */
    decide(decision: 'approve' | 'reject', who?: 'first' | 'second'): Promise<number>;
  }

  interface Race {
    readonly name: string;
    /** Policy of the development environment, where a release arrives first. */
    readonly policy?: Readonly<Record<string, unknown>>;
    /** Runs both actions at the same time; returns the HTTP status of each, in their order. */
    readonly run: (rivals: Rivals) => Promise<[number, number]>;
    /** The allowed outcomes: the two HTTP statuses, and the status of the deployment. */
    readonly outcomes: readonly (readonly [number, number, string])[];
  }

  interface Outcome {
    readonly told: readonly [number, number];
    readonly deployment: Deployment;
  }

  const pathOf = ({ app, id }: Rivals) => `${app.path}/environments/dev1/deployments/${id}`;

  const RACES: readonly Race[] = [
    {
      name: 'double-click',
      run: ({ decide }) => Promise.all([decide('approve'), decide('approve')]),
      outcomes: [[200, 200, 'succeeded']],
    },
    {
      name: 'two-approvers',
      run: ({ decide }) => Promise.all([decide('approve', 'first'), decide('approve', 'second')]),
      outcomes: [
        [200, 409, 'succeeded'],
        [409, 200, 'succeeded'],
      ],
    },
    {
      name: 'two-approvers-needed',
      policy: { staff: 2 },
      run: ({ decide }) => Promise.all([decide('approve', 'first'), decide('approve', 'second')]),
      outcomes: [[200, 200, 'succeeded']],
    },
    {
      name: 'approve-against-reject',
      run: ({ decide }) => Promise.all([decide('approve', 'first'), decide('reject', 'second')]),
      outcomes: [
        [200, 409, 'succeeded'],
        [409, 200, 'rejected'],
      ],
    },
    {
      name: 'approve-against-cancel',
      run: async (rivals) => {
        const cancel = cloud.call('POST', `${pathOf(rivals)}/cancel`);
        return Promise.all([rivals.decide('approve'), cancel.then(({ status }) => status)]);
      },
      outcomes: [
        [409, 202, 'canceled'],
        // Approved first, then canceled before anything was applied: until the apply, a cancellation counts.
        [200, 202, 'canceled'],
        [200, 409, 'succeeded'],
      ],
    },
    {
      name: 'approve-against-newer',
      run: async ({ app, decide }) => {
        const commit = cloud.repository.commitTo(app.name, 'two', { 'notes.md': 'a newer one' });
        const release = cloud.call('POST', `${app.path}/releases`, { commit });
        return Promise.all([decide('approve'), release.then(({ status }) => status)]);
      },
      outcomes: [
        [200, 201, 'succeeded'],
        [409, 201, 'superseded'],
      ],
    },
    {
      name: 'approve-against-expiry',
      policy: { gateExpirySeconds: EXPIRY_SECONDS },
      run: async (rivals) => {
        const expiry = Date.now() + 300;
        const record = { pk: `DEPLOYMENT#${rivals.id}`, sk: 'GATE#staff' };
        await cloud.changeRecord(record, (gate) => ({ ...gate, expiresAt: new Date(expiry).toISOString() }));
        await new Promise((resolve) => setTimeout(resolve, Math.max(0, expiry - Date.now() - 10)));
        const status = await rivals.decide('approve');
        await othersEnd();
        // The task waits a minute longer than the gate is open.
        cloud.workflowClock.hurry((EXPIRY_SECONDS + 60) * 1000);
        return [status, 0];
      },
      outcomes: [
        [200, 0, 'succeeded'],
        [409, 0, 'expired'],
      ],
    },
  ];

  /** Waits for the other races: the last race hurries the clock that all of them share. */
  const othersEnd = () => Promise.allSettled(RACES.slice(0, -1).map((race) => plays.get(race)));

  const AT_ONCE = 4;

  /** Runs the races at the same time, a few at once: they spend most of their time waiting. */
  function playRaces(): Map<Race, Promise<Outcome>> {
    const outcomes = new Map<Race, Promise<Outcome>>();
    for (const [index, row] of RACES.entries()) {
      const before = RACES[index - AT_ONCE];
      const turn = (before === undefined ? undefined : outcomes.get(before)) ?? Promise.resolve();
      const outcome = turn.then(
        () => play(row),
        () => play(row),
      );
      // The race's own test awaits the outcome, perhaps later.
      outcome.catch(() => undefined);
      outcomes.set(row, outcome);
    }
    return outcomes;
  }

  async function play(race: Race): Promise<Outcome> {
    const app = new TestApplication(cloud, race.name, ['dev1']);
    await app.register({ policy: { development: { autoPromote: false, staff: 1, ...race.policy } } });
    await app.approver(SECOND, 'staff');
    await app.release('one');
    const { id } = await app.waits('dev1', 1, 'staff');
    const forms = { first: await open(app, STAFF), second: await open(app, SECOND) };
    const told = await race.run({
      app,
      id,
      decide: async (decision, who = 'first') => (await forms[who]({ decision, comment: 'in a hurry' })).status,
    });
    return { told, deployment: await app.until('dev1', 1, ({ status }) => ENDED.includes(status)) };
  }

  const open = async (app: TestApplication, email: string) => cloud.open(await app.link(email, 'dev1', 1));

  describe('one outcome of', () => {
    test.each(RACES.map((race) => [race.name, race] as const))('%s', async (_, race) => {
      const { told, deployment } = (await plays.get(race)) as Outcome;
      expect(race.outcomes).toContainEqual([...told, deployment.status]);
      const [gate] = deployment.gates;
      const approvers = gate?.approvals.map(({ by }) => by) ?? [];
      expect(new Set(approvers).size).toBe(approvers.length);
      if (deployment.status === 'succeeded') expect(approvers).toHaveLength(gate?.required ?? 0);
      if (deployment.status === 'rejected') expect(gate?.status).toBe('rejected');
    });
  });
});
