import { describe, expect, test } from '@jest/globals';
import validate from 'asl-validator';
import { REFUSED_FOR_NOW, UNANSWERED } from '../../lambdas/domain/contract/start-errors.ts';
import { ENDINGS } from '../../lambdas/domain/endings.ts';
import { FINAL_ERRORS } from '../../lambdas/domain/errors.ts';
import { nextStates, parseDefinition, type Retrier, type TaskState } from '../../local/asl/definition.ts';
import { evaluateTemplate } from '../../local/asl/expression.ts';
import type { Json } from '../../local/asl/json.ts';
import { retryDelay } from '../../local/asl/retry.ts';
import { definitionTextOf } from '../harness/deployment-definition.ts';
import { stagegate } from '../harness/synthesized.ts';
import { type Answer, walk, walkAnyway } from './walk.ts';

const text = definitionTextOf(stagegate());
const definition = parseDefinition(text);
const states = Object.entries(definition.States);
const ID = 'my-app-dev1-7-abc123';
const CHANCE = { random: () => 0, uuid: () => '' };
const BUILD = { SourceTypeOverride: 'GITHUB', SourceVersion: 'c'.repeat(40), EnvironmentVariablesOverride: [] };
const PLAN = { ...BUILD, ProjectName: 'stagegate-plan', IdempotencyToken: 'plan' };
const INSPECT = { ProjectName: 'stagegate-inspect', EnvironmentVariablesOverride: [], IdempotencyToken: 'once' };
const AGAIN = { outcome: 'stale' };
const APPLY = { ...BUILD, ProjectName: 'stagegate-apply' };

const to = (...names: string[]): string[] => names;
const acquire = {
  AcquireEnvironment: [{ payload: { needsCertificate: false, needsDns: false } }],
  PreparePlan: [{ payload: { plan: PLAN, inspect: INSPECT } }],
};
const planned = (next: string, ...gates: string[]) => ({
  ...acquire,
  AnalyzePlan: [{ payload: { next, gates } }],
  CheckPlan: [{ payload: { outcome: 'current' } }],
  ConsumePlan: [{ payload: { outcome: 'consumed', apply: APPLY } }],
  InspectFailedApply: [{ payload: { outcome: 'failed' } }],
});
/** Answers where an inspect build reads the plan before it counts. */
const inspected = (next: string, ...gates: string[]) => ({
  ...planned(next, ...gates),
  AnalyzePlan: [{ payload: { next: 'inspect', gates: [] } }, { payload: { next, gates } }],
});
const asked = { payload: { outcome: 'asked', timeoutSeconds: 60 } };
const settled = (outcome: string) => ({ payload: { outcome, timeoutSeconds: 60 } });
const ended = (ending: string) => [{ payload: { ending } }];
const timeout = { error: 'States.Timeout' };
const crash = { error: 'TypeError', cause: 'a crash' };

const unanswered = { error: 'CodeBuild.CodeBuildException', cause: 'Internal Server Error' };
const askingToInspect = { payload: { next: 'inspect', gates: [] } };
const inspectingApply = to('InspectFailedApply', 'WhatBecameOfApply?');

const acquired = to('AcquireEnvironment', 'NeedsCertificate?');
const planning = to('PreparePlan', 'Plan', 'AnalyzePlan', 'WhatNext?');
const inspecting = to('Inspect', 'AnalyzePlan', 'WhatNext?');
const begin = to(...acquired, ...planning);
const staff = to(
  'RequestStaffApproval',
  'IsStaffReachable?',
  'AwaitStaffApproval',
  'SettleStaffGate',
  'IsStaffGateApproved?',
);
const client = to(
  'RequestClientApproval',
  'IsClientReachable?',
  'AwaitClientApproval',
  'SettleClientGate',
  'IsClientGateApproved?',
);
const check = to('CheckPlan', 'IsPlanCurrent?');
const apply = to('ConsumePlan', 'IsPlanConsumed?', 'Apply', 'RecordOutputs', 'NeedsDns?');
const banned = to('ConsumePlan', 'IsPlanConsumed?', 'WaitForApplies');
const bannedTwice = to(...banned, ...banned);
const success = to('RecordSuccess', 'AnnounceSuccess', 'KeepTree', 'ReleaseEnvironment', 'HowDidItEnd?', 'Succeeded');
const ending = (record: string, end: string) =>
  to(record, 'AnnounceEnding', 'KeepTree', 'ReleaseEnvironment', 'HowDidItEnd?', end);
const failure = ending('RecordFailure', 'Failed');

const succeeding = { RecordSuccess: ended('succeeded') };
const failing = { RecordFailure: ended('failed') };
/** Answers for an environment with DNS. Its states give the listed answers one after the other. */
const withDns = (certificates: Json[], publications: Json[]) => ({
  ...planned('apply'),
  AcquireEnvironment: [{ payload: { needsCertificate: true, needsDns: true } }],
  EnsureCertificate: certificates.map((payload) => ({ payload })),
  PublishDns: publications.map((payload) => ({ payload })),
});
const PENDING = { outcome: 'pending', waitSeconds: 30 };
const READY = { outcome: 'ready' };
const DONE = { outcome: 'done' };
const undelegated = { outcome: 'failed', reason: 'zone-not-delegated', message: 'zone Z1 is not delegated' };
const hijacked = { outcome: 'failed', reason: 'record-not-ours', message: 'A web.acme.example stands there' };
const certify = to('EnsureCertificate', 'IsCertificateReady?');
const publish = to('PublishDns', 'IsDnsPublished?');
const staffGate = (...outcomes: string[]) => ({
  ...planned('gates', 'staff'),
  RequestStaffApproval: [asked],
  SettleStaffGate: outcomes.map(settled),
});

const gated = { AnalyzePlan: inspected('gates', 'staff', 'client').AnalyzePlan };

interface Case {
  readonly situation: string;
  readonly answers: Readonly<Record<string, readonly Answer[]>>;
  readonly path: readonly string[];
}

const CASES: readonly Case[] = [
  {
    situation: 'nothing to approve',
    answers: { ...planned('apply'), ...succeeding },
    path: [...begin, ...apply, ...success],
  },
  {
    situation: 'nothing to change',
    answers: { ...planned('no-changes'), ...succeeding },
    path: [...begin, 'NeedsDns?', ...success],
  },
  {
    situation: 'the plan is inspected, and staff approves',
    answers: {
      ...staffGate('approved'),
      ...inspected('gates', 'staff'),
      ...succeeding,
    },
    path: [...begin, ...inspecting, ...staff, ...check, ...apply, ...success],
  },
  {
    situation: 'the plan is inspected, and there is nothing to change',
    answers: { ...inspected('no-changes'), ...succeeding },
    path: [...begin, ...inspecting, 'NeedsDns?', ...success],
  },
  {
    situation: 'inspecting the plan fails',
    answers: { ...inspected('apply'), Inspect: [{ error: 'States.TaskFailed' }], ...failing },
    path: [...begin, 'Inspect', ...failure],
  },
  {
    situation: 'applies are banned for a while, and then the plan is checked again',
    answers: {
      ...planned('apply'),
      ConsumePlan: [
        { payload: { outcome: 'banned', waitSeconds: 300 } },
        { payload: { outcome: 'banned', waitSeconds: 600 } },
        { payload: { outcome: 'unchecked' } },
        { payload: { outcome: 'consumed', apply: APPLY } },
      ],
      ...succeeding,
    },
    path: [...begin, ...bannedTwice, 'ConsumePlan', 'IsPlanConsumed?', ...check, ...apply, ...success],
  },
  {
    situation: 'DNS: a certificate that is issued, a record that stands',
    answers: { ...withDns([READY], [DONE]), ...succeeding },
    path: [...acquired, ...certify, ...planning, ...apply, ...publish, ...success],
  },
  {
    situation: 'DNS: both have to be waited for',
    answers: { ...withDns([PENDING, PENDING, READY], [PENDING, DONE]), ...succeeding },
    path: [
      ...[...acquired, ...certify, 'WaitForCertificate', ...certify, 'WaitForCertificate', ...certify],
      ...[...planning, ...apply, ...publish, 'WaitForDns', ...publish, ...success],
    ],
  },
  {
    situation: 'DNS: published also where Terraform has nothing to change',
    answers: {
      ...withDns([READY], [DONE]),
      AnalyzePlan: [{ payload: { next: 'no-changes', gates: [] } }],
      ...succeeding,
    },
    path: [...acquired, ...certify, ...planning, 'NeedsDns?', ...publish, ...success],
  },
  {
    situation: 'DNS: withdrawn without a certificate being asked for',
    answers: {
      ...withDns([], [PENDING, DONE]),
      AcquireEnvironment: [{ payload: { needsCertificate: false, needsDns: true } }],
      ...succeeding,
    },
    path: [...begin, ...apply, ...publish, 'WaitForDns', ...publish, ...success],
  },
  {
    situation: 'DNS: something stands in the way of the certificate',
    answers: { ...withDns([PENDING, undelegated], []), ...failing },
    path: [...acquired, ...certify, 'WaitForCertificate', ...certify, ...failure],
  },
  {
    situation: 'DNS: something stands in the way of the record',
    answers: { ...withDns([READY], [hijacked]), ...failing },
    path: [...acquired, ...certify, ...planning, ...apply, ...publish, ...failure],
  },
  {
    situation: 'DNS: canceled while the certificate is waited for',
    answers: { ...withDns([PENDING, { outcome: 'canceled' }], []), RecordCancellation: ended('canceled') },
    path: [...acquired, ...certify, 'WaitForCertificate', ...certify, ...ending('RecordCancellation', 'Canceled')],
  },
  {
    situation: 'a policy forbids the plan',
    answers: { ...planned('blocked'), RecordBlocked: ended('blocked') },
    path: [...begin, ...ending('RecordBlocked', 'Blocked')],
  },
  {
    situation: 'canceled while planning',
    answers: { ...planned('canceled'), RecordCancellation: ended('canceled') },
    path: [...begin, ...ending('RecordCancellation', 'Canceled')],
  },
  {
    situation: 'staff approves',
    answers: { ...staffGate('approved'), ...succeeding },
    path: [...begin, ...staff, ...check, ...apply, ...success],
  },
  {
    situation: 'staff and client approve',
    answers: {
      ...planned('gates', 'staff', 'client'),
      RequestStaffApproval: [asked],
      SettleStaffGate: [settled('approved')],
      RequestClientApproval: [asked],
      SettleClientGate: [settled('approved')],
      ...succeeding,
    },
    path: [...begin, ...staff, ...client, ...check, ...apply, ...success],
  },
  {
    situation: 'only the client is asked, and approves',
    answers: {
      ...planned('gates', 'client'),
      RequestClientApproval: [asked],
      SettleClientGate: [settled('approved')],
      ...succeeding,
    },
    path: [...begin, ...client, ...check, ...apply, ...success],
  },
  {
    situation: 'staff rejects',
    answers: { ...staffGate('rejected'), RecordRejection: ended('rejected') },
    path: [...begin, ...staff, ...ending('RecordRejection', 'Rejected')],
  },
  {
    situation: 'the client rejects',
    answers: {
      ...planned('gates', 'client'),
      RequestClientApproval: [asked],
      SettleClientGate: [settled('rejected')],
      RecordRejection: ended('rejected'),
    },
    path: [...begin, ...client, ...ending('RecordRejection', 'Rejected')],
  },
  {
    situation: 'nobody decides in time',
    answers: { ...staffGate('expired'), AwaitStaffApproval: [timeout], RecordExpiry: ended('expired') },
    path: [...begin, ...staff, ...ending('RecordExpiry', 'Expired')],
  },
  {
    situation: 'the decision comes with the last second, after the task timed out',
    answers: { ...staffGate('approved'), AwaitStaffApproval: [timeout], ...succeeding },
    path: [...begin, ...staff, ...check, ...apply, ...success],
  },
  {
    situation: 'canceled while waiting',
    answers: { ...staffGate('canceled'), RecordCancellation: ended('canceled') },
    path: [...begin, ...staff, ...ending('RecordCancellation', 'Canceled')],
  },
  {
    situation: 'a newer release supersedes it while it waits',
    answers: { ...staffGate('superseded'), RecordSupersession: ended('superseded') },
    path: [...begin, ...staff, ...ending('RecordSupersession', 'Superseded')],
  },
  {
    situation: 'somebody sends the token back without a decision',
    answers: { ...staffGate('open', 'rejected'), RecordRejection: ended('rejected') },
    path: [...begin, ...staff, ...staff.slice(2), ...ending('RecordRejection', 'Rejected')],
  },
  {
    situation: 'no staff approver can be reached',
    answers: {
      ...planned('gates', 'staff'),
      RequestStaffApproval: [settled('blocked')],
      RecordBlocked: ended('blocked'),
    },
    path: [...begin, ...staff.slice(0, 2), ...ending('RecordBlocked', 'Blocked')],
  },
  {
    situation: 'no client approver can be reached',
    answers: {
      ...planned('gates', 'client'),
      RequestClientApproval: [settled('blocked')],
      RecordBlocked: ended('blocked'),
    },
    path: [...begin, ...client.slice(0, 2), ...ending('RecordBlocked', 'Blocked')],
  },
  {
    situation: 'canceled between approval and apply',
    answers: {
      ...planned('apply'),
      ConsumePlan: [{ payload: { outcome: 'canceled' } }],
      RecordCancellation: ended('canceled'),
    },
    path: [...begin, 'ConsumePlan', 'IsPlanConsumed?', ...ending('RecordCancellation', 'Canceled')],
  },
  {
    situation: 'the last check before the apply finds a reason against it',
    answers: {
      ...planned('apply'),
      ConsumePlan: [{ payload: { outcome: 'blocked' } }],
      RecordBlocked: ended('blocked'),
    },
    path: [...begin, 'ConsumePlan', 'IsPlanConsumed?', ...ending('RecordBlocked', 'Blocked')],
  },
  {
    situation: 'the approved plan is stale, and the new one means the same',
    answers: {
      ...staffGate('approved'),
      CheckPlan: [{ payload: AGAIN }],
      AnalyzePlan: [{ payload: { next: 'gates', gates: ['staff'] } }, { payload: { next: 'apply', gates: [] } }],
      ...succeeding,
    },
    path: [...begin, ...staff, ...check, ...planning, ...apply, ...success],
  },
  {
    situation: 'the approved plan is stale, and the new one is approved again',
    answers: {
      ...staffGate('approved', 'approved'),
      CheckPlan: [{ payload: AGAIN }, { payload: { outcome: 'current' } }],
      ...succeeding,
    },
    path: [...begin, ...staff, ...check, ...planning, ...staff, ...check, ...apply, ...success],
  },
  {
    situation: 'Terraform refuses the plan as stale, and the new one means the same',
    answers: {
      ...planned('apply'),
      Apply: [{ error: 'States.TaskFailed' }, { payload: {} }],
      InspectFailedApply: [{ payload: AGAIN }],
      ...succeeding,
    },
    path: [
      ...begin,
      ...apply.slice(0, 3),
      ...['InspectFailedApply', 'WhatBecameOfApply?'],
      ...planning,
      ...apply,
      ...success,
    ],
  },
  {
    situation: 'the apply fails',
    answers: { ...planned('apply'), Apply: [{ error: 'States.TaskFailed' }], ...failing },
    path: [...begin, ...apply.slice(0, 3), 'InspectFailedApply', 'WhatBecameOfApply?', ...failure],
  },
  {
    situation: 'starting the plan is not answered, and the same token leads to the build',
    answers: { ...planned('apply'), Plan: [unanswered], ...succeeding },
    path: [...acquired, 'PreparePlan', 'Plan', 'ResumePlan', ...planning.slice(2), ...apply, ...success],
  },
  {
    situation: 'starting the plan is not answered for long, and another attempt is made',
    answers: { ...planned('apply'), Plan: [unanswered, { payload: {} }], ResumePlan: [unanswered], ...succeeding },
    path: [...acquired, 'PreparePlan', 'Plan', 'ResumePlan', 'WaitForPlan', ...planning, ...apply, ...success],
  },
  {
    situation: 'starting to inspect is not answered for long, and the plan is made anew',
    answers: {
      ...inspected('apply'),
      AnalyzePlan: [askingToInspect, askingToInspect, { payload: { next: 'apply', gates: [] } }],
      Inspect: [unanswered, { payload: {} }],
      ResumeInspect: [unanswered],
      ...succeeding,
    },
    path: [
      ...[...begin, 'Inspect', 'ResumeInspect', 'WaitForPlan', ...planning, ...inspecting],
      ...[...apply, ...success],
    ],
  },
  {
    situation: 'a plan that was found again has failed',
    answers: { ...planned('apply'), Plan: [unanswered], ResumePlan: [{ error: 'States.TaskFailed' }], ...failing },
    path: [...acquired, 'PreparePlan', 'Plan', 'ResumePlan', ...failure],
  },
  {
    situation: 'an inspection that was found again has succeeded',
    answers: { ...inspected('apply'), Inspect: [unanswered], ...succeeding },
    path: [...begin, 'Inspect', 'ResumeInspect', ...inspecting.slice(1), ...apply, ...success],
  },
  {
    situation: 'an inspection that was found again has failed',
    answers: { ...inspected('apply'), Inspect: [unanswered], ResumeInspect: [crash], ...failing },
    path: [...begin, 'Inspect', 'ResumeInspect', ...failure],
  },
  {
    situation: 'starting the apply is not answered, and the same token leads to the build',
    answers: { ...planned('apply'), Apply: [unanswered], ...succeeding },
    path: [...begin, ...apply.slice(0, 3), 'ResumeApply', ...apply.slice(3), ...success],
  },
  {
    situation: 'no apply has begun, and the plan is applied by another build',
    answers: {
      ...planned('apply'),
      Apply: [unanswered, { payload: {} }],
      ResumeApply: [unanswered],
      InspectFailedApply: [{ payload: { outcome: 'not-begun' } }],
      ...succeeding,
    },
    path: [
      ...[...begin, ...apply.slice(0, 3), 'ResumeApply', ...inspectingApply, 'WaitForApply'],
      ...[...check, ...apply, ...success],
    ],
  },
  {
    situation: 'an apply that nobody knew of is waited for, and has succeeded',
    answers: {
      ...planned('apply'),
      Apply: [unanswered],
      ResumeApply: [unanswered],
      InspectFailedApply: [
        { payload: { outcome: 'running', waitSeconds: 60 } },
        { payload: { outcome: 'running', waitSeconds: 60 } },
        { payload: { outcome: 'succeeded' } },
      ],
      ...succeeding,
    },
    path: [
      ...[...begin, ...apply.slice(0, 3), 'ResumeApply', ...inspectingApply, 'WaitForApplyEnd'],
      ...[...inspectingApply, 'WaitForApplyEnd', ...inspectingApply, ...apply.slice(3), ...success],
    ],
  },
  {
    situation: 'nobody can find out what became of the apply',
    answers: { ...planned('apply'), Apply: [{ error: 'States.TaskFailed' }], InspectFailedApply: [crash] },
    path: [...begin, ...apply.slice(0, 3), 'InspectFailedApply', 'Stuck'],
  },
  {
    situation: 'somebody has released the environment by hand while the plan was applied',
    answers: {
      ...planned('apply'),
      Apply: [{ error: 'States.TaskFailed' }],
      InspectFailedApply: [{ error: 'NotHolderError' }],
      ...failing,
    },
    path: [...begin, ...apply.slice(0, 3), 'InspectFailedApply', ...failure],
  },
  {
    situation: 'another deployment holds the environment',
    answers: { AcquireEnvironment: [{ error: 'NotHolderError', cause: 'held by another' }] },
    path: to('AcquireEnvironment', 'NotHolder'),
  },
  {
    situation: 'announcing a success fails',
    answers: { ...planned('apply'), ...succeeding, AnnounceSuccess: [crash] },
    path: [...begin, ...apply, ...success],
  },
  {
    situation: 'announcing an ending fails',
    answers: { ...acquire, Plan: [crash], ...failing, AnnounceEnding: [crash] },
    path: [...acquired, 'PreparePlan', 'Plan', ...failure],
  },
  {
    situation: 'keeping the tree fails',
    answers: { ...planned('apply'), ...succeeding, KeepTree: [crash] },
    path: [...begin, ...apply, ...success],
  },
  {
    situation: 'recording keeps failing',
    answers: { ...planned('apply'), RecordSuccess: [crash] },
    path: [...begin, ...apply, 'RecordSuccess', 'Stuck'],
  },
  {
    situation: 'releasing keeps failing',
    answers: { ...planned('apply'), ...succeeding, ReleaseEnvironment: [crash] },
    path: [...begin, ...apply, 'RecordSuccess', 'AnnounceSuccess', 'KeepTree', 'ReleaseEnvironment', 'Stuck'],
  },
  {
    situation: 'the reconciler ended the deployment first, with another ending',
    answers: { ...acquire, Plan: [crash], RecordFailure: ended('canceled') },
    path: [...acquired, 'PreparePlan', 'Plan', ...failure.slice(0, -1), 'Canceled'],
  },
  {
    situation: 'an error without a cause',
    answers: { ...acquire, Plan: [{ error: 'States.TaskFailed' }], ...failing },
    path: [...acquired, 'PreparePlan', 'Plan', ...failure],
  },
  {
    situation: 'an answer that no rule knows',
    answers: { ...acquire, AnalyzePlan: [{ payload: { next: 'gates', gates: [] } }], ...failing },
    path: [...begin, ...failure],
  },
];

describe('a deployment', () => {
  test.each(CASES)('$situation', async ({ answers, path }) => {
    expect((await walk(definition, ID, answers)).path).toEqual(path);
  });

  const everything = {
    ...withDns([READY], [DONE]),
    ...gated,
    RequestStaffApproval: [asked],
    SettleStaffGate: [settled('approved')],
    RequestClientApproval: [asked],
    SettleClientGate: [settled('approved')],
    ...failing,
  };
  const breakable = to(
    ...to('AcquireEnvironment', 'PreparePlan', 'Plan', 'AnalyzePlan', 'Inspect'),
    ...to('RequestStaffApproval', 'AwaitStaffApproval', 'SettleStaffGate'),
    ...to('RequestClientApproval', 'AwaitClientApproval', 'SettleClientGate', 'CheckPlan', 'ConsumePlan', 'Apply'),
    ...to('RecordOutputs', 'EnsureCertificate', 'PublishDns'),
  );

  test.each(breakable)('fails and releases the environment when %s breaks', async (state) => {
    const { path, calls } = await walk(definition, ID, { ...everything, [state]: [crash] });
    const inspected = ['ConsumePlan', 'Apply'].includes(state) ? ['InspectFailedApply', 'WhatBecameOfApply?'] : [];
    expect(path.slice(path.indexOf(state))).toEqual([state, ...inspected, ...failure]);
    expect(calls.RecordFailure).toMatchObject({
      Payload: { deploymentId: ID, ending: 'failed', failure: { state, error: 'TypeError', cause: 'a crash' } },
    });
  });

  test('has failed of what the apply failed of', async () => {
    const broken = { Apply: [{ error: 'States.TaskFailed', cause: 'the build' }] };
    const { calls } = await walk(definition, ID, { ...everything, ...broken });
    expect(calls.InspectFailedApply).toMatchObject({ Payload: { error: 'States.TaskFailed' } });
    expect(calls.RecordFailure).toMatchObject({
      Payload: { failure: { state: 'Apply', error: 'States.TaskFailed', cause: 'the build' } },
    });
  });

  test.each(['Plan', 'Inspect', 'Apply'])('names %s when a build that was found again has failed', async (state) => {
    const { calls } = await walk(definition, ID, {
      ...everything,
      ...inspected('apply'),
      [state]: [unanswered],
      [`Resume${state}`]: [{ error: 'States.TaskFailed', cause: 'the build' }],
    });
    expect(calls.RecordFailure).toMatchObject({
      Payload: { failure: { state, error: 'States.TaskFailed', cause: 'the build' } },
    });
  });

  test.each(['Plan', 'Inspect'])('tells PreparePlan which attempt could not be started in %s', async (state) => {
    const { log } = await walk(definition, ID, {
      ...inspected('apply'),
      PreparePlan: [{ payload: { plan: { ...PLAN, IdempotencyToken: 'first' }, inspect: INSPECT } }],
      [state]: [unanswered, { payload: {} }],
      [`Resume${state}`]: [{ error: 'CodeBuild.AccountLimitExceededException' }],
      ...succeeding,
    });
    const told = log.flatMap(({ state: at, call }) => (at === 'PreparePlan' ? [call] : []));
    expect(told).toMatchObject([{ Payload: { unstarted: '' } }, { Payload: { unstarted: 'first' } }]);
  });

  test('asks again with the token and everything else of the start that was not answered', async () => {
    const { log } = await walk(definition, ID, { ...planned('apply'), Apply: [unanswered], ...succeeding });
    const starts = log.flatMap(({ state, call }) => (/Apply$/.test(state) ? [call] : []));
    expect(starts).toEqual([APPLY, APPLY]);
  });

  test.each([
    ['CodeBuild.AccountLimitExceededException', 'Plan', 120],
    ['CodeBuild.AccountLimitExceededException', 'Inspect', 120],
  ])('waits through %s in %s', async (error, state, times) => {
    const refusals = Array.from({ length: times }, () => ({ error }));
    const { path } = await walk(definition, ID, {
      ...inspected('apply'),
      [state]: [...refusals, { payload: {} }],
      ...succeeding,
    });
    expect(path).toEqual([...begin, ...inspecting, ...apply, ...success]);
  });

  test('starts no build once more after its token may have expired', async () => {
    const limit = { error: 'CodeBuild.AccountLimitExceededException' };
    const { path, log } = await walk(definition, ID, {
      ...planned('apply'),
      Apply: [limit, limit, unanswered],
      ResumeApply: [unanswered, ...Array.from({ length: 100 }, () => limit)],
      ...failing,
    });
    expect(log.filter(({ state }) => state === 'ResumeApply')).toHaveLength(10);
    expect(path.slice(path.indexOf('Apply'))).toEqual(['Apply', 'ResumeApply', ...inspectingApply, ...failure]);
  });

  test('has failed without a cause where there is none', async () => {
    const { Assign: { failure } = {} } = taskNamed('Plan').Catch.at(-1) ?? {};
    const states = { context: { State: { Name: 'Plan' } }, errorOutput: { Error: 'States.Timeout' } };
    expect(await evaluateTemplate(failure ?? null, 'Assign', { variables: {}, states }, CHANCE)).toEqual({
      state: 'Plan',
      error: 'States.Timeout',
      cause: '',
    });
  });

  test('plans again with what the next round needs', async () => {
    const { calls } = await walk(definition, ID, {
      ...staffGate('approved'),
      PreparePlan: [
        { payload: { plan: PLAN, inspect: INSPECT } },
        {
          payload: { plan: { ...PLAN, SourceVersion: 'd'.repeat(40) }, inspect: { ...INSPECT, IdempotencyToken: '2' } },
        },
      ],
      CheckPlan: [{ payload: AGAIN }],
      AnalyzePlan: [
        { payload: { next: 'gates', gates: ['staff'] } },
        { payload: { next: 'inspect', gates: [] } },
        { payload: { next: 'apply', gates: [] } },
      ],
      ...succeeding,
    });
    expect(calls.Plan).toMatchObject({ SourceVersion: 'd'.repeat(40) });
    expect(calls.Inspect).toMatchObject({ IdempotencyToken: '2' });
  });

  test('is known by its id in every call', async () => {
    const { calls } = await walk(definition, ID, { ...everything, RecordSuccess: ended('succeeded') });
    for (const { Payload } of Object.values(calls) as { Payload?: object }[])
      if (Payload) expect(Payload).toMatchObject({ deploymentId: ID });
  });

  test('starts each build as it was composed, in the project it names', async () => {
    const { calls } = await walk(definition, ID, { ...inspected('apply'), ...succeeding });
    expect([calls.Plan, calls.Inspect, calls.Apply]).toEqual([PLAN, INSPECT, APPLY]);
  });

  test('prepares the plan once the certificate is there, so that the plan is told of it', async () => {
    const { path } = await walk(definition, ID, { ...withDns([PENDING, READY], [DONE]), ...succeeding });
    expect(path.indexOf('PreparePlan')).toBeGreaterThan(path.lastIndexOf('EnsureCertificate'));
  });

  test.each([
    ['EnsureCertificate', withDns([undelegated], []), undelegated],
    ['PublishDns', withDns([READY], [hijacked]), hijacked],
  ])('fails with the reason and the words of %s', async (state, answers, { reason, message }) => {
    const { calls } = await walk(definition, ID, { ...answers, ...failing });
    expect(calls.RecordFailure).toMatchObject({ Payload: { failure: { state, error: reason, cause: message } } });
  });

  test.each(['another', 'stagegate-apply', 'stagegate-plan-github-000000000000'])(
    'cannot be sent to project %s, which is none of the projects that plan',
    async (ProjectName) => {
      const plan = { ...PLAN, ProjectName };
      const answers = { PreparePlan: [{ payload: { plan, inspect: INSPECT } }] };
      const all = { ...planned('apply'), ...answers, ...failing };
      const { path, calls, unevaluated } = await walkAnyway(definition, ID, all);
      expect(unevaluated).toEqual([expect.stringMatching(new RegExp(`: no project of this state: ${ProjectName}$`))]);
      expect([path, calls.Plan]).toEqual([[...acquired, 'PreparePlan', 'Plan', ...failure], undefined]);
      expect(calls.RecordFailure).toMatchObject({
        Payload: { failure: { state: 'Plan', error: 'States.QueryEvaluationError', cause: unevaluated[0] } },
      });
    },
  );

  test.each(['another', 'stagegate-plan', 'stagegate-apply'])(
    'has its plan inspected by the one project that does, and not by %s',
    async (ProjectName) => {
      const PreparePlan = [{ payload: { plan: PLAN, inspect: { ...INSPECT, ProjectName } } }];
      const all = { ...inspected('apply'), PreparePlan, ...failing };
      const { path, calls, unevaluated } = await walkAnyway(definition, ID, all);
      expect(unevaluated).toEqual([expect.stringMatching(new RegExp(`: no project of this state: ${ProjectName}$`))]);
      expect([path, calls.Inspect]).toEqual([[...begin, 'Inspect', ...failure], undefined]);
    },
  );

  test('is analysed knowing whether this very plan was inspected', async () => {
    const asking = { payload: { next: 'inspect', gates: [] } };
    const { log } = await walk(definition, ID, {
      ...staffGate('approved'),
      CheckPlan: [{ payload: AGAIN }, { payload: { outcome: 'current' } }],
      AnalyzePlan: [asking, { payload: { next: 'gates', gates: ['staff'] } }, asking, { payload: { next: 'apply' } }],
      ...succeeding,
    });
    const analyses = log.flatMap(({ state, call }) => (state === 'AnalyzePlan' ? [call] : []));
    expect(analyses).toMatchObject(
      [false, true, false, true].map((isInspected) => ({ Payload: { deploymentId: ID, inspected: isInspected } })),
    );
  });

  test('waits at a gate with its token, as long as the gate is open', async () => {
    const { calls, log } = await walk(definition, ID, { ...everything, RecordSuccess: ended('succeeded') });
    const tokens = Object.fromEntries(log.map(({ state, token }) => [state, token]));
    expect(tokens).toMatchObject({ AwaitStaffApproval: expect.any(String), AwaitClientApproval: expect.any(String) });
    const [staffToken, clientToken] = [tokens.AwaitStaffApproval, tokens.AwaitClientApproval];
    expect(calls.AwaitStaffApproval).toMatchObject({ Payload: { gate: 'staff', token: staffToken } });
    expect(calls.AwaitClientApproval).toMatchObject({ Payload: { gate: 'client', token: clientToken } });
    expect(taskNamed('AwaitStaffApproval').TimeoutSeconds).toBe('{% $gate.timeoutSeconds %}');
  });
});

describe('the definition', () => {
  test('is valid Amazon States Language', () => {
    const deployed = text
      .replaceAll('<AWS::Partition>', 'aws')
      .replaceAll(/<Functions\w+\.Arn>/g, 'arn:aws:lambda:eu-west-1:111111111111:function:a');
    expect(validate(JSON.parse(deployed))).toMatchObject({ isValid: true, errors: [] });
  });

  test('would not be valid with a transition to nowhere', () => {
    const broken = { ...JSON.parse(text), StartAt: 'Nowhere' };
    expect(validate(broken).isValid).toBe(false);
  });

  test('speaks JSONata only', () => {
    expect(definition.QueryLanguage).toBe('JSONata');
    expect(text).not.toMatch(/\.\$"\s*:/);
    expect(text).not.toContain('$$.');
  });

  test('has states that can all be reached, which the parser requires', () => {
    const lonely = { ...JSON.parse(text), StartAt: 'NotHolder' };
    expect(() => parseDefinition(JSON.stringify(lonely))).toThrow('is not reachable');
  });

  test('has every transition walked by some case', async () => {
    const walked = new Set<string>();
    const walkAll = [...CASES.map(({ answers }) => answers), ...BREAKS, ...UNEXPECTED];
    const walks = [
      ...walkAll.map((answers) => walk(definition, ID, answers)),
      ...EXPIRED.map((answers) => walkAnyway(definition, ID, answers)),
    ];
    for (const { path } of await Promise.all(walks)) {
      for (const [index, name] of path.slice(1).entries()) walked.add(`${path[index]} -> ${name}`);
    }
    const all = states.flatMap(([name]) => nextsOf(name).map((next) => `${name} -> ${next}`));
    expect(all.filter((transition) => !walked.has(transition))).toEqual([]);
  });

  test('says of each state what it is for', () => {
    for (const [name, state] of states) {
      const words = state.Comment ?? (state.Type === 'Fail' ? state.Cause : undefined) ?? '';
      expect([name, words.length > 10]).toEqual([name, true]);
    }
  });

  test('names states in PascalCase, choices as questions', () => {
    for (const [name, { Type }] of states)
      expect(name).toMatch(Type === 'Choice' ? /^([A-Z][a-z]+)+\?$/ : /^([A-Z][a-z]+)+$/);
  });

  test('ends with the ending as the error', () => {
    const ends = states.flatMap(([name, state]) => (state.Type === 'Fail' ? [[name, state.Error]] : []));
    expect(Object.fromEntries(ends)).toEqual({
      Failed: 'failed',
      Blocked: 'blocked',
      Rejected: 'rejected',
      Expired: 'expired',
      Canceled: 'canceled',
      Superseded: 'superseded',
      NotHolder: 'not-holder',
      Stuck: 'stuck',
    });
  });

  test('lets nothing stop a build but its own clock', () => {
    for (const name of ['Plan', 'Inspect', 'Apply']) expect(taskNamed(name).TimeoutSeconds).toBeUndefined();
    expect(states.filter(([, { Type }]) => !['Task', 'Choice', 'Wait', 'Succeed', 'Fail'].includes(Type))).toEqual([]);
  });

  test.each([
    ['Plan', 4],
    ['Inspect', 4],
    ['Apply', 3.5],
  ])('retries %s only while CodeBuild refuses to queue it, for at least %d hours', (name, hours) => {
    const retriers = taskNamed(name).Retry;
    expect(retriers.map(({ ErrorEquals }) => ErrorEquals)).toEqual([[...REFUSED_FOR_NOW]]);
    expect(patienceOf(retriers[0])).toBeGreaterThan(hours * 3600);
  });

  test('lets plans step back before an apply does', () => {
    const pauseOf = (name: string) => retryDelay(retrierOf(name), 100, () => 0.5);
    for (const name of ['Plan', 'Inspect']) expect(pauseOf(name)).toBeGreaterThanOrEqual(5 * pauseOf('Apply'));
  });

  test.each(['ResumePlan', 'ResumeInspect', 'ResumeApply'])(
    'counts all errors together in %s, within the five minutes in which a token leads to the same build',
    (name) => {
      const [retrier, ...others] = taskNamed(name).Retry;
      expect([retrier?.ErrorEquals, others]).toEqual([[...UNANSWERED, ...REFUSED_FOR_NOW], []]);
      expect(retrier?.JitterStrategy).toBe('NONE');
      expect(patienceOf(retrier)).toBeGreaterThanOrEqual(3 * 60);
      expect(patienceOf(retrier)).toBeLessThan(4 * 60);
    },
  );

  test.each(['ResumePlan', 'ResumeInspect', 'ResumeApply'])(
    'asks in %s only while the token is valid',
    async (name) => {
      const { Arguments = null } = taskNamed(name);
      const ask = (unansweredAt: number) => {
        const variables = { unansweredAt, plan: PLAN, inspect: INSPECT, consumption: { apply: APPLY } };
        return evaluateTemplate(Arguments, 'Arguments', { variables, states: {} }, { ...CHANCE, now: () => 1_000_000 });
      };
      expect(await ask(1_000_000 - 209_000)).toHaveProperty('ProjectName');
      await expect(ask(1_000_000 - 211_000)).rejects.toMatchObject({ error: 'States.QueryEvaluationError' });
    },
  );

  test.each([
    ['the first try, which may have been answered', 0, 400_000],
    ['a retry', 3, 1_000_000],
  ])('takes the token as used since %s', async (_, RetryCount, since) => {
    const assigned = taskNamed('Apply').Catch.find(({ Next }) => Next === 'ResumeApply')?.Assign ?? null;
    const state = { Name: 'Apply', RetryCount, EnteredTime: new Date(400_000).toISOString() };
    const states = { context: { State: state }, errorOutput: { Error: 'CodeBuild.CodeBuildException' } };
    const chance = { ...CHANCE, now: () => 1_000_000 };
    expect(await evaluateTemplate(assigned, 'Assign', { variables: {}, states }, chance)).toMatchObject({
      unansweredAt: since,
    });
  });

  const calls = states.flatMap(([name, state]) =>
    state.Type === 'Task' && state.Resource.includes(':lambda:') ? [name] : [],
  );
  test.each(calls)('retries %s after everything but what is final, for 15 minutes', (name) => {
    const retriers = taskNamed(name).Retry;
    const waits = taskNamed(name).Resource.endsWith('.waitForTaskToken');
    expect(retriers.map(({ ErrorEquals }) => ErrorEquals)).toEqual([
      ...(waits ? [['States.Timeout']] : []),
      [...FINAL_ERRORS],
      ['States.ALL'],
    ]);
    for (const never of retriers.slice(0, -1)) expect(never.MaxAttempts).toBe(0);
    const last = retriers.at(-1);
    // Jitter counts from nothing.
    expect(patienceOf(last, () => 0)).toBeGreaterThanOrEqual(15 * 60);
    expect(last?.MaxDelaySeconds).toBeLessThanOrEqual(60);
  });

  test('ends at Stuck only when nothing can be recorded, released, or found out about an apply', () => {
    const stuck = states.flatMap(([name]) => (nextsOf(name).includes('Stuck') ? [name] : []));
    const records = Object.values(ENDINGS).map(({ recordedBy }) => recordedBy);
    expect(stuck.sort()).toEqual([...new Set([...records, 'InspectFailedApply', 'ReleaseEnvironment'])].sort());
  });

  test('never turns a recorded success into a failure', () => {
    const after = new Set<string>();
    const visit = (name: string): void => {
      if (after.has(name)) return;
      after.add(name);
      for (const next of nextsOf(name)) visit(next);
    };
    visit('RecordSuccess');
    expect([...after].filter((name) => name.startsWith('Record'))).toEqual(['RecordSuccess']);
  });

  test('hands on ids only', () => {
    for (const [, state] of states)
      if (state.Type === 'Task')
        expect(state.Output).toMatch(/^\{% \{"deploymentId": \$(states\.input\.)?deploymentId\} %\}$/);
  });
});

/** Answers in which one task fails, for every task that may fail. */
const BREAKS = to(
  ...to(
    'AcquireEnvironment',
    'PreparePlan',
    'Plan',
    'AnalyzePlan',
    'Inspect',
    'RequestStaffApproval',
    'AwaitStaffApproval',
    'SettleStaffGate',
  ),
  ...to('RequestClientApproval', 'AwaitClientApproval', 'SettleClientGate', 'CheckPlan', 'ConsumePlan', 'Apply'),
  ...to('RecordOutputs', 'RecordFailure', 'EnsureCertificate', 'PublishDns'),
).map((state) => ({
  ...withDns([READY], [DONE]),
  ...gated,
  RequestStaffApproval: [asked],
  SettleStaffGate: [settled('approved')],
  RequestClientApproval: [asked],
  SettleClientGate: [settled('approved')],
  ...failing,
  ...(state === 'RecordFailure' && { Plan: [crash] }),
  [state]: [crash],
}));

const clientGate = (...outcomes: string[]) => ({
  ...planned('gates', 'client'),
  RequestClientApproval: [asked],
  SettleClientGate: outcomes.map(settled),
});
const endings = {
  RecordBlocked: ended('blocked'),
  RecordRejection: ended('rejected'),
  RecordExpiry: ended('expired'),
  RecordCancellation: ended('canceled'),
  RecordSupersession: ended('superseded'),
  ...failing,
};
/** Answers in which the token of an unanswered start is no longer valid. */
const EXPIRED = ['Plan', 'Inspect', 'Apply'].map((state) => ({
  ...inspected('apply'),
  [state]: [unanswered],
  [`Resume${state}`]: [{ error: 'States.QueryEvaluationError' }],
  InspectFailedApply: [{ payload: { outcome: 'failed' } }],
  ...(state !== 'Apply' && { [state]: [unanswered, { payload: {} }] }),
  ...succeeding,
  ...endings,
}));
/** Answers with all outcomes of the client's gate, with unknown outcomes, and with failures to record each ending. */
const UNEXPECTED: readonly Record<string, readonly Answer[]>[] = [
  ...['expired', 'canceled', 'superseded', 'nonsense'].map((outcome) => ({ ...clientGate(outcome), ...endings })),
  { ...clientGate('open', 'rejected'), ...endings },
  { ...clientGate('expired'), AwaitClientApproval: [timeout], ...endings },
  { ...staffGate('nonsense'), ...endings },
  { ...planned('gates', 'staff'), RequestStaffApproval: [settled('nonsense')], ...endings },
  { ...planned('gates', 'client'), RequestClientApproval: [settled('nonsense')], ...endings },
  { ...planned('apply'), ConsumePlan: [{ payload: { outcome: 'nonsense' } }], ...endings },
  { ...staffGate('approved'), CheckPlan: [{ payload: { outcome: 'nonsense' } }], ...endings },
  { ...planned('apply'), Apply: [crash], InspectFailedApply: [crash], ...endings },
  { ...withDns([{ outcome: 'nonsense' }], []), ...endings },
  { ...withDns([READY], [{ outcome: 'nonsense' }]), ...endings },
  { ...planned('blocked'), RecordBlocked: [crash] },
  { ...planned('canceled'), RecordCancellation: [crash] },
  { ...staffGate('rejected'), RecordRejection: [crash] },
  { ...staffGate('expired'), RecordExpiry: [crash] },
  { ...staffGate('superseded'), RecordSupersession: [crash] },
];

function nextsOf(name: string): string[] {
  const state = definition.States[name];
  if (!state) throw new Error(`there is no state ${name}`);
  return nextStates(state);
}

function taskNamed(name: string): TaskState {
  const state = definition.States[name];
  if (state?.Type !== 'Task') throw new Error(`${name} is no task`);
  return state;
}

function retrierOf(name: string): Retrier {
  const [retrier] = taskNamed(name).Retry;
  if (!retrier) throw new Error(`${name} is not retried`);
  return retrier;
}

/** Returns the seconds from the first failure to the last attempt: with jitter the average, if `random` is not given. */
function patienceOf(retrier: Retrier | undefined, random: () => number = () => 0.5): number {
  if (!retrier) return 0;
  const delays = Array.from({ length: retrier.MaxAttempts }, (_, retries) => retryDelay(retrier, retries, random));
  return delays.reduce((sum, milliseconds) => sum + milliseconds, 0) / 1000;
}
