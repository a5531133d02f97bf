import { SendTaskSuccessCommand, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { beforeAll, describe, expect, test } from '@jest/globals';
import * as z from 'zod';
import { FAILING_APPLY } from './git-repository.ts';
import { sharedCloud } from './shared-cloud.ts';
import {
  CLIENT,
  type EngineName,
  type PipelineEnvironment,
  STAFF,
  TestApplication,
  type TestCloud,
} from './test-cloud.ts';

/**
 * Every path through the synthesized state machine: the actions, and the states of the execution. Builds answer at once
 * where the engine's work does not decide the path.
 */
describe('paths of the workflow', () => {
  let cloud: TestCloud;
  let machineArn: string;

  beforeAll(async () => {
    cloud = await sharedCloud();
    machineArn = `arn:aws:states:${cloud.local.region}:${cloud.local.accountId}:stateMachine:stagegate-deployment`;
  });

  const ACQUIRED = ['AcquireEnvironment', 'NeedsCertificate?'];
  const PLANNED = [...ACQUIRED, 'PreparePlan', 'Plan', 'AnalyzePlan', 'WhatNext?'];
  /** States when something depends on the plan: a gate, or a success that the next environment requires. */
  const INSPECTED = [...PLANNED, 'Inspect', 'AnalyzePlan', 'WhatNext?'];
  const STAFF_ASKED = [
    'RequestStaffApproval',
    'IsStaffReachable?',
    'AwaitStaffApproval',
    'SettleStaffGate',
    'IsStaffGateApproved?',
  ];
  const CLIENT_ASKED = STAFF_ASKED.map((state) => state.replace('Staff', 'Client'));
  const CHECKED = ['CheckPlan', 'IsPlanCurrent?'];
  const APPLIED = ['ConsumePlan', 'IsPlanConsumed?', 'Apply', 'RecordOutputs', 'NeedsDns?'];
  const SUCCESS = ['RecordSuccess', 'AnnounceSuccess', 'KeepTree', 'ReleaseEnvironment', 'HowDidItEnd?', 'Succeeded'];
  const ending = (record: string, end: string) => [
    record,
    'AnnounceEnding',
    'KeepTree',
    'ReleaseEnvironment',
    'HowDidItEnd?',
    end,
  ];

  const RollbackSchema = z.object({ id: z.string() });
  const statesOf = (deploymentId: string): Promise<string[]> => cloud.statesOf(deploymentId);

  /** A path to test. Each row prepares its own application and returns the deployment whose path is checked. */
  interface Row {
    readonly situation: string;
    readonly policy?: Readonly<Record<string, unknown>>;
    /** Environments in which the application has something to deploy; all by default. */
    readonly deploying?: readonly PipelineEnvironment[];
    /** Set where Terraform's work decides the path. */
    readonly engine?: EngineName;
    readonly act: (app: TestApplication) => Promise<string>;
    readonly states: readonly string[];
  }

  /** Without promotion to staging, which these rows do not need. */
  const ON_REQUEST = { development: { autoPromote: false } };
  /**
   * A gate in the first environment, for rows that do not need the way to a later one: a gate is the same in every
   * environment.
   */
  const GATED = { development: { staff: 1, autoPromote: false } };

  const rows: Row[] = [
    {
      situation: 'a development environment with changes',
      engine: 'terraform',
      deploying: ['dev1'],
      policy: ON_REQUEST,
      act: async (app) => {
        await app.release('one');
        return (await app.reaches('dev1', 1, 'succeeded')).id;
      },
      states: [...PLANNED, ...APPLIED, ...SUCCESS],
    },
    {
      situation: 'nothing to change',
      engine: 'terraform',
      deploying: ['dev1'],
      policy: ON_REQUEST,
      act: async (app) => {
        await app.release('one');
        await app.reaches('dev1', 1, 'succeeded');
        await app.release('one', { [`apps/${app.name}/notes.md`]: 'only words' });
        return (await app.reaches('dev1', 2, 'succeeded')).id;
      },
      states: [...INSPECTED, 'NeedsDns?', ...SUCCESS],
    },
    {
      situation: 'staging, approved by staff',
      deploying: ['stage1'],
      act: async (app) => {
        await app.release('one');
        await app.approve(STAFF, 'stage1', 1);
        return (await app.reaches('stage1', 1, 'succeeded')).id;
      },
      states: [...INSPECTED, ...STAFF_ASKED, ...CHECKED, ...APPLIED, ...SUCCESS],
    },
    {
      situation: 'staging, rejected by staff',
      deploying: ['stage1'],
      act: async (app) => {
        await app.release('one');
        await cloud.decide(await app.link(STAFF, 'stage1', 1), { decision: 'reject', comment: 'no' });
        return (await app.reaches('stage1', 1, 'rejected')).id;
      },
      states: [...INSPECTED, ...STAFF_ASKED, ...ending('RecordRejection', 'Rejected')],
    },
    {
      situation: 'production, approved by staff and client',
      deploying: ['prod1'],
      act: async (app) => {
        await app.release('one');
        await app.provenRelease(1);
        await app.promote('prod1', 1);
        await app.approve(STAFF, 'prod1', 1);
        await app.approve(CLIENT, 'prod1', 1);
        return (await app.reaches('prod1', 1, 'succeeded')).id;
      },
      states: [...INSPECTED, ...STAFF_ASKED, ...CLIENT_ASKED, ...CHECKED, ...APPLIED, ...SUCCESS],
    },
    {
      situation: 'production, rejected by the client',
      deploying: ['prod1'],
      act: async (app) => {
        await app.release('one');
        await app.provenRelease(1);
        await app.promote('prod1', 1);
        await app.approve(STAFF, 'prod1', 1);
        await cloud.decide(await app.link(CLIENT, 'prod1', 1), {
          decision: 'reject',
          comment: 'no',
          environment: 'prod1',
        });
        return (await app.reaches('prod1', 1, 'rejected')).id;
      },
      states: [...INSPECTED, ...STAFF_ASKED, ...CLIENT_ASKED, ...ending('RecordRejection', 'Rejected')],
    },
    {
      situation: 'a gate only the client has',
      policy: { development: { client: 1, autoPromote: false } },
      act: async (app) => {
        await app.release('one');
        await app.approve(CLIENT, 'dev1', 1);
        return (await app.reaches('dev1', 1, 'succeeded')).id;
      },
      states: [...INSPECTED, ...CLIENT_ASKED, ...CHECKED, ...APPLIED, ...SUCCESS],
    },
    {
      situation: 'canceled while it awaits approval',
      deploying: ['dev1'],
      policy: GATED,
      act: async (app) => {
        await app.release('one');
        const { id } = await app.waits('dev1', 1, 'staff');
        await cloud.expect(202, 'POST', `${app.path}/environments/dev1/deployments/${id}/cancel`);
        return (await app.reaches('dev1', 1, 'canceled')).id;
      },
      states: [...INSPECTED, ...STAFF_ASKED, ...ending('RecordCancellation', 'Canceled')],
    },
    {
      situation: 'canceled while its plan is made',
      deploying: ['dev1'],
      act: async (app) => {
        const { promise: until, resolve: goOn } = Promise.withResolvers<void>();
        const upload = { service: 's3', operation: 'PutObject', caller: 'stagegate-plan-build' };
        cloud.local.door.faults.add({ ...upload, about: `runs/${app.name}-dev1-1-`, times: 50, until });
        await app.release('one');
        const { id } = await app.reaches('dev1', 1, 'planning');
        await cloud.expect(202, 'POST', `${app.path}/environments/dev1/deployments/${id}/cancel`);
        goOn();
        return (await app.reaches('dev1', 1, 'canceled')).id;
      },
      states: [...PLANNED, ...ending('RecordCancellation', 'Canceled')],
    },
    {
      situation: 'superseded by a newer release while it awaits approval',
      deploying: ['dev1'],
      policy: GATED,
      act: async (app) => {
        await app.release('one');
        await app.waits('dev1', 1, 'staff');
        await app.release('two');
        return (await app.reaches('dev1', 1, 'superseded')).id;
      },
      states: [...INSPECTED, ...STAFF_ASKED, ...ending('RecordSupersession', 'Superseded')],
    },
    {
      situation: 'a gate nobody decides in time, resumed after it',
      deploying: ['dev1'],
      policy: { development: { ...GATED.development, gateExpirySeconds: 1 } },
      act: async (app) => {
        await app.release('one');
        const { id } = await app.waits('dev1', 1, 'staff');
        const token = await cloud.taskToken(id, 'staff');
        await new Promise((resolve) => setTimeout(resolve, 1100));
        await cloud.operator.sfn.send(
          new SendTaskSuccessCommand({ taskToken: token, output: '{"decision":"approve"}' }),
        );
        return (await app.reaches('dev1', 1, 'expired')).id;
      },
      states: [...INSPECTED, ...STAFF_ASKED, ...ending('RecordExpiry', 'Expired')],
    },
    {
      situation: 'a task resumed by somebody without a decision',
      deploying: ['dev1'],
      policy: GATED,
      act: async (app) => {
        await app.release('one');
        const { id } = await app.waits('dev1', 1, 'staff');
        const token = await cloud.taskToken(id, 'staff');
        await cloud.operator.sfn.send(
          new SendTaskSuccessCommand({ taskToken: token, output: '{"decision":"approve"}' }),
        );
        await cloud.poll('a new token', async () =>
          (await cloud.taskToken(id, 'staff')) === token ? undefined : true,
        );
        expect((await app.until('dev1', 1, () => true)).status).toBe('awaiting_approval');
        await app.approve(STAFF, 'dev1', 1);
        return (await app.reaches('dev1', 1, 'succeeded')).id;
      },
      states: [
        ...INSPECTED,
        ...STAFF_ASKED,
        ...['AwaitStaffApproval', 'SettleStaffGate', 'IsStaffGateApproved?'],
        ...CHECKED,
        ...APPLIED,
        ...SUCCESS,
      ],
    },
    {
      situation: 'Terraform that cannot be planned',
      engine: 'terraform',
      deploying: ['dev1'],
      act: async (app) => {
        await app.release('one', {
          [`apps/${app.name}/dev1/broken.tf`]: 'resource "terraform_data" "broken" {\n  input = var.nowhere\n}\n',
        });
        const deployment = await app.reaches('dev1', 1, 'failed');
        expect(deployment.error?.message).toContain('broken.tf');
        return deployment.id;
      },
      states: [...ACQUIRED, 'PreparePlan', 'Plan', ...ending('RecordFailure', 'Failed')],
    },
    {
      situation: 'Terraform that fails half way through the apply',
      engine: 'terraform',
      deploying: ['dev1'],
      act: async (app) => {
        await app.release('one', { [`apps/${app.name}/dev1/main.tf`]: FAILING_APPLY });
        return (await app.reaches('dev1', 1, 'failed')).id;
      },
      states: [
        ...PLANNED,
        ...['ConsumePlan', 'IsPlanConsumed?', 'Apply', 'InspectFailedApply', 'WhatBecameOfApply?'],
        ...ending('RecordFailure', 'Failed'),
      ],
    },
    {
      situation: 'a state that somebody changed while the plan awaited approval, with a plan that means the same',
      engine: 'terraform',
      deploying: ['dev1'],
      policy: GATED,
      act: async (app) => {
        await app.release('one');
        await app.waits('dev1', 1, 'staff');
        await cloud.changeState('111111111111', `apps/${app.name}/dev1`);
        await app.approve(STAFF, 'dev1', 1);
        const deployment = await app.reaches('dev1', 1, 'succeeded');
        expect(deployment).toMatchObject({ planRound: 2, gates: [{ status: 'approved', approvals: [{ by: STAFF }] }] });
        return deployment.id;
      },
      states: [...INSPECTED, ...STAFF_ASKED, ...CHECKED, ...INSPECTED.slice(ACQUIRED.length), ...APPLIED, ...SUCCESS],
    },
    {
      situation: 'a state that somebody changes while the apply begins: Terraform refuses, and it is planned again',
      engine: 'terraform',
      deploying: ['dev1'],
      policy: ON_REQUEST,
      act: async (app) => {
        const { promise: until, resolve: goOn } = Promise.withResolvers<void>();
        const bundle = { service: 's3', operation: 'GetObject', caller: 'stagegate-apply-build' };
        cloud.local.door.faults.add({ ...bundle, times: 50, until });
        await app.release('one');
        await app.reaches('dev1', 1, 'applying');
        await cloud.changeState('111111111111', `apps/${app.name}/dev1`);
        goOn();
        const deployment = await app.reaches('dev1', 1, 'succeeded');
        expect(deployment.planRound).toBe(2);
        return deployment.id;
      },
      states: [
        ...PLANNED,
        ...['ConsumePlan', 'IsPlanConsumed?', 'Apply', 'InspectFailedApply', 'WhatBecameOfApply?'],
        ...PLANNED.slice(2),
        ...APPLIED,
        ...SUCCESS,
      ],
    },
    {
      situation: 'a gate whose approvers cannot be reached',
      deploying: ['dev1'],
      policy: GATED,
      act: async (app) => {
        await cloud.expect(204, 'DELETE', `${app.path}/approvers/${STAFF}`);
        await app.release('one');
        const deployment = await app.reaches('dev1', 1, 'blocked');
        expect(deployment.error?.reason).toBe('approvers-unreachable');
        return deployment.id;
      },
      states: [...INSPECTED, 'RequestStaffApproval', 'IsStaffReachable?', ...ending('RecordBlocked', 'Blocked')],
    },
    {
      situation: 'a state that belongs to another environment',
      engine: 'terraform',
      act: async (app) => {
        // Both environments are in one account, where IAM alone would not separate them.
        const stage1 = { stage: 'staging', accountId: '111111111111', region: 'eu-west-1' };
        await cloud.expect(200, 'PUT', `${app.path}/environments/stage1`, stage1);
        const backend = `terraform {\n  backend "s3" {\n    bucket = "shared-${app.name}"\n    key    = "same.tfstate"\n  }\n}\n`;
        await app.release('one', {
          [`apps/${app.name}/dev1/backend.tf`]: backend,
          [`apps/${app.name}/stage1/backend.tf`]: backend,
        });
        const deployment = await app.reaches('stage1', 1, 'blocked');
        expect(deployment.error).toMatchObject({
          reason: 'state-address-taken',
          message: expect.stringContaining(`${app.name}/dev1`),
        });
        return deployment.id;
      },
      states: [...INSPECTED, ...ending('RecordBlocked', 'Blocked')],
    },
    {
      situation: 'a proof that is withdrawn while production awaits approval',
      deploying: ['prod1'],
      act: async (app) => {
        await app.release('one');
        await app.provenRelease(1);
        await app.release('two');
        await app.provenRelease(2);
        await app.promote('prod1', 2);
        await app.waits('prod1', 2, 'staff');
        const path = `${app.path}/environments/stage1/deployments`;
        const { id: rollback } = RollbackSchema.parse(
          await cloud.expect(202, 'POST', path, { release: 1, operation: 'rollback' }),
        );
        expect((await statesOf(rollback)).at(-1)).toBe('Succeeded');
        await app.approve(STAFF, 'prod1', 2);
        await app.approve(CLIENT, 'prod1', 2);
        const deployment = await app.reaches('prod1', 2, 'blocked');
        expect(deployment.error?.reason).toBe('not-succeeded-before');
        return deployment.id;
      },
      states: [
        ...INSPECTED,
        ...STAFF_ASKED,
        ...CLIENT_ASKED,
        ...CHECKED,
        ...['ConsumePlan', 'IsPlanConsumed?'],
        ...ending('RecordBlocked', 'Blocked'),
      ],
    },
  ];

  describe('the deployment workflow', () => {
    test.each(rows.map((row, index) => [row.situation, row, `path-${index + 1}`] as const))(
      '%s',
      async (_, row, name) => {
        const app = new TestApplication(cloud, name, row.deploying, row.engine);
        await app.register(row.policy ? { policy: row.policy } : {});
        const id = await row.act(app);
        expect(await statesOf(id)).toEqual(row.states);
        const environment = id.slice(name.length + 1).split('-')[0] ?? '';
        expect((await app.environment(environment)).current?.id).not.toBe(id);
      },
    );

    test('an execution of a deployment that does not hold its environment touches nothing', async () => {
      const app = new TestApplication(cloud, 'not-holder', ['dev1']);
      await app.register({ policy: ON_REQUEST });
      await app.release('one');
      const { id } = await app.reaches('dev1', 1, 'succeeded');
      const before = await app.free('dev1');
      const name = `${id}-again`;
      await cloud.operator.sfn.send(
        new StartExecutionCommand({ stateMachineArn: machineArn, name, input: JSON.stringify({ deploymentId: id }) }),
      );
      expect(await statesOf(name)).toEqual(['AcquireEnvironment', 'NotHolder']);
      expect(await app.environment('dev1')).toEqual(before);
    });
  });
});
