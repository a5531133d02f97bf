import { describe, expect, test } from '@jest/globals';
import { ServiceUnavailableError } from '../../../lambdas/domain/errors.ts';
import { LISTINGS } from '../../../lambdas/domain/model/table/listings.ts';
import { World } from '../../harness/world.ts';

/** The calls of services that a function of the workflow makes, by port. Reads of a transaction belong to it. */
const CALLS = {
  store: ['get', 'list', 'readAhead', 'transact'],
  artifacts: ['getJson', 'getText', 'putJson', 'copyOnce', 'isThere', 'deleteForGood'],
  states: ['head', 'countResources'],
  events: ['publish'],
  mail: ['subscriptions', 'send'],
  links: ['sign'],
  workflow: ['start', 'resume'],
} as const satisfies Partial<Record<keyof World, readonly string[]>>;

const WRITES = new Set(['store.transact', 'artifacts.putJson', 'artifacts.copyOnce', 'events.publish', 'mail.send']);

/** What happens to one call: it is not carried out, or it is and only the answer is lost. */
type Fault = 'refused' | 'answer lost';

interface Run {
  readonly world: World;
  readonly id: string;
  /** The calls that functions have made, in their order. */
  readonly calls: readonly string[];
}

type Method = (...given: unknown[]) => Promise<unknown>;

/** Deploys a release through both gates. The call with the given number fails as it is told. */
async function deploy(failing = -1, fault: Fault = 'refused'): Promise<Run> {
  const world = await World.open({ policy: { development: { staff: 1, client: 1 } } });
  const release = await world.release();
  const calls: string[] = [];
  let isInFunction = false;
  for (const [port, methods] of Object.entries(CALLS))
    for (const name of methods) {
      const service: object = Reflect.get(world, port);
      const method = (Reflect.get(service, name) as Method).bind(service);
      const call: Method = async (...given) => {
        if (!isInFunction) return method(...given);
        const isFailing = calls.push(`${port}.${name}`) === failing + 1;
        if (isFailing && fault === 'refused') throw new ServiceUnavailableError(`${port} is down`);
        const answer = await method(...given);
        if (isFailing) throw new ServiceUnavailableError(`${port} is down`);
        return answer;
      };
      Reflect.set(service, name, call);
    }
  const inFunctions = async <T>(isIn: boolean, work: () => Promise<T>): Promise<T> => {
    const before = isInFunction;
    isInFunction = isIn;
    try {
      return await work();
    } finally {
      isInFunction = before;
    }
  };
  const id = await world.deploy('dev1', release);
  const [run, endBuild] = [world.workflow.run.bind(world.workflow), world.builds.end.bind(world.builds)];
  world.workflow.run = (...given) => inFunctions(true, () => run(...given));
  world.builds.end = (...given) => inFunctions(false, () => endBuild(...given));
  await world.finish(id);
  return { world, id, calls };
}

/** What is recorded of a deployment, and what left the control plane. */
async function outcomeOf({ world, id }: Run) {
  const { status } = await world.deployment(id);
  const { items: audit } = await world.store.list(LISTINGS.audit('my-app', 'ascending'), { limit: 100 });
  return {
    status,
    holder: (await world.state('dev1')).holder,
    story: (await world.story(id)).sort(),
    audit: audit.map(({ type, via }) => [type, via]),
    applies: world.builds.of(id).length,
    events: world.events.names().sort(),
    mails: world.mail.sent.map(({ to, subject }) => `${to}: ${subject}`).sort(),
  };
}

describe('rules 2 and 8: a service that fails once changes nothing of how a deployment ends', () => {
  test.each<Fault>(['refused', 'answer lost'])('whichever call it is: %s', async (fault) => {
    const undisturbed = await deploy();
    const expected = await outcomeOf(undisturbed);
    expect(expected.status).toBe('succeeded');
    const used = new Set(undisturbed.calls.map((call) => call.split('.')[0]));
    expect([...used].sort()).toEqual(['artifacts', 'events', 'links', 'mail', 'states', 'store']);
    for (const [number, call] of undisturbed.calls.entries()) {
      // Losing the answer to a read is the same as a read that is refused.
      if (fault === 'answer lost' && !WRITES.has(call)) continue;
      const { events, mails, ...recorded } = await outcomeOf(await deploy(number, fault));
      const { events: allEvents, mails: allMails, ...rest } = expected;
      expect({ number, call, ...recorded }).toEqual({ number, call, ...rest });
      // A mail or an event whose answer was lost is sent twice, and nothing else with it.
      const isRepeated = (name: string) => (fault === 'answer lost' && call === name ? 1 : 0);
      expect([number, call, new Set(mails), mails.length]).toEqual([
        number,
        call,
        new Set(allMails),
        allMails.length + isRepeated('mail.send'),
      ]);
      expect([number, call, new Set(events), events.length]).toEqual([
        number,
        call,
        new Set(allEvents),
        allEvents.length + isRepeated('events.publish'),
      ]);
    }
  });
});
