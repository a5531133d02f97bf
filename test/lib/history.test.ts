import { describe, expect, test } from '@jest/globals';
import { MOST_ATTEMPTS } from '../../lambdas/domain/build/attempt.ts';
import { MOST_ROUNDS } from '../../lambdas/domain/build/next-round.ts';
import {
  PAUSES_OF_APPLY,
  PAUSES_OF_BAN,
  type Pauses,
  pauseAfter,
} from '../../lambdas/domain/deployment/pause-after.ts';
import { ConfigurationError, parseConfig } from '../../lib/config.ts';
import {
  EVENTS_OF_LOOK,
  EVENTS_OF_RETRY,
  EVENTS_OF_STEP,
  EVENTS_OF_TASK,
  eventsOfDns,
  MOST_EVENTS,
  MOST_EVENTS_OF_DNS,
  RETRYING,
} from '../../lib/workflow/history.ts';
import { nextStates, type TaskState } from '../../local/asl/definition.ts';
import { deploymentDefinition } from '../harness/deployment-definition.ts';

const { States: states } = deploymentDefinition();
const names = Object.keys(states);
const stateOf = (name: string) => {
  const state = states[name];
  if (!state) throw new Error(`there is no state ${name}`);
  return state;
};

/** Returns all states that can follow a state. */
function reachableFrom(start: string): ReadonlySet<string> {
  const found = new Set<string>();
  const open = [start];
  for (let name = open.pop(); name !== undefined; name = open.pop())
    for (const next of nextStates(stateOf(name)))
      if (!found.has(next)) {
        found.add(next);
        open.push(next);
      }
  return found;
}

/** Returns the most attempts of a task beyond the first. */
const retriesOf = ({ Retry }: TaskState): number => Math.max(0, ...Retry.map(({ MaxAttempts }) => MaxAttempts));

/** Days for which a deployment may wait for the end of a ban. */
const LONGEST_BAN_DAYS = 30;
/** Hours after which CodeBuild ends a build. */
const LONGEST_APPLY_HOURS = 36;

/** Returns how many looks a wait of so many seconds takes. */
function looksIn(seconds: number, pauses: Pauses): number {
  let [looks, waited] = [0, 0];
  for (; waited < seconds; looks++)
    waited += pauseAfter(new Date(0).toISOString(), new Date(waited * 1000).toISOString(), pauses);
  return looks;
}

describe('the history of an execution', () => {
  test('has room for every wait, round and retry at the same time', () => {
    // Plan, Inspect and AnalyzePlan may run once per look at the plan: before and after the inspection.
    const rounds = reachableFrom('PreparePlan');
    const isInRound = (name: string) => rounds.has(name) && reachableFrom(name).has('PreparePlan');
    const once = (name: string): number => {
      const state = stateOf(name);
      return state.Type === 'Task' ? EVENTS_OF_TASK + EVENTS_OF_RETRY * retriesOf(state) : EVENTS_OF_STEP;
    };
    const rest = names.reduce((sum, name) => {
      const visits = isInRound(name) ? MOST_ROUNDS * (['AnalyzePlan', 'WhatNext?'].includes(name) ? 2 : 1) : 1;
      // At most one attempt after another lasts: a task that is out of attempts ends the deployment.
      return sum + visits * once(name);
    }, 0);
    const bans = looksIn(LONGEST_BAN_DAYS * 86_400, PAUSES_OF_BAN);
    const applies = looksIn(LONGEST_APPLY_HOURS * 3600, PAUSES_OF_APPLY);
    // From the pause before another attempt to the end of the one that is not answered either. One waits in the queue.
    const attempt = ['WaitForApply', 'CheckPlan', 'IsPlanCurrent?', 'ConsumePlan', 'IsPlanConsumed?', 'Apply']
      .concat('ResumeApply', 'InspectFailedApply', 'WhatBecameOfApply?')
      .reduce((sum, name) => sum + (stateOf(name).Type === 'Task' ? EVENTS_OF_TASK : EVENTS_OF_STEP), 0);
    const attempts = MOST_ATTEMPTS * (attempt + EVENTS_OF_RETRY * retriesOf(stateOf('ResumeApply') as TaskState));
    const waits = (bans + applies) * EVENTS_OF_LOOK + MOST_EVENTS_OF_DNS;
    expect(rest + attempts + waits).toBeLessThan(MOST_EVENTS);
  });

  test('counts the attempts that the definition has', () => {
    for (const name of ['EnsureCertificate', 'PublishDns']) {
      const { Retry } = stateOf(name) as TaskState;
      expect(Retry.at(-1)).toMatchObject({
        ErrorEquals: ['States.ALL'],
        IntervalSeconds: RETRYING.first,
        BackoffRate: RETRYING.rate,
        MaxDelaySeconds: RETRYING.longest,
        MaxAttempts: RETRYING.attempts,
      });
      expect(Retry.slice(0, -1).every(({ MaxAttempts }) => MaxAttempts === 0)).toBe(true);
    }
  });

  test('has no other loops than those that are counted', () => {
    const loops = names.filter((name) => reachableFrom(name).has(name) && !reachableFrom(name).has('PreparePlan'));
    expect(loops.sort()).toEqual(['IsDnsPublished?', 'PublishDns', 'WaitForDns']);
    const pauses = names.filter((name) => stateOf(name).Type === 'Wait');
    expect(pauses.sort()).toEqual(
      ['WaitForApplies', 'WaitForApply', 'WaitForApplyEnd', 'WaitForCertificate', 'WaitForDns', 'WaitForPlan'].sort(),
    );
  });
});

describe('waits of DNS', () => {
  const settings = (dnsPollSeconds: number, certificateWaitSeconds: number, dnsChangeWaitSeconds = 900) => ({
    'stagegate:dnsPollSeconds': dnsPollSeconds,
    'stagegate:certificateWaitSeconds': certificateWaitSeconds,
    'stagegate:dnsChangeWaitSeconds': dnsChangeWaitSeconds,
  });

  test('fit by default, with room to spare', () => {
    expect(eventsOfDns(parseConfig({}))).toBeLessThan(MOST_EVENTS_OF_DNS / 2);
  });

  test('may last up to the edge, and not a second longer', () => {
    const fits = (seconds: number) =>
      eventsOfDns({ ...parseConfig({}), certificateWaitSeconds: seconds }) <= MOST_EVENTS_OF_DNS;
    let [longest, tooLong] = [3600, 259_200];
    while (tooLong - longest > 1) {
      const between = Math.floor((longest + tooLong) / 2);
      if (fits(between)) longest = between;
      else tooLong = between;
    }
    expect(parseConfig(settings(30, longest)).certificateWaitSeconds).toBe(longest);
    expect(() => parseConfig(settings(30, tooLong))).toThrow(ConfigurationError);
    expect(() => parseConfig(settings(30, tooLong))).toThrow(
      /stagegate:certificateWaitSeconds: with a look every 30 seconds, the waits of DNS may make \d+ events .* raise dnsPollSeconds/,
    );
  });

  test.each([
    ['looks every second for an hour', settings(1, 3600)],
    ['waits for changes for a day', settings(30, 3600, 86_400)],
  ])('are refused where an execution would run out of events: %s', (_, given) => {
    expect(() => parseConfig(given)).toThrow('at most 7000 fit beside the rest');
  });

  test('may last a day with pauses of five minutes', () => {
    expect(parseConfig(settings(300, 86_400)).certificateWaitSeconds).toBe(86_400);
  });
});
