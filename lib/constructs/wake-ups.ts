import { ArnFormat, Stack } from 'aws-cdk-lib';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnScheduleGroup } from 'aws-cdk-lib/aws-scheduler';
import { Construct } from 'constructs';
import { nameIn } from '../../lambdas/domain/contract/installation.ts';
import type { FunctionEnvironment, FunctionName } from '../../lambdas/functions.ts';
import type { Binding } from './binding.ts';
import { LeastPrivilegeRole } from './permissions.ts';

/**
 * The function that is woken, by its name. A reference to the function would close a cycle, because functions also
 * set wake-ups.
 */
const WOKEN: FunctionName = 'sweep';

type WakeUpBindings = {
  readonly [Variable in keyof Pick<
    FunctionEnvironment<'ephemeral'>,
    'SCHEDULE_GROUP' | 'SCHEDULE_ROLE_ARN' | 'WAKE_UP_FUNCTION_ARN'
  >]: Binding;
};

/**
 * One-time schedules that wake the sweeper when the time of an ephemeral environment is over. They are made at run
 * time, in a group of their own. EventBridge Scheduler invokes the sweeper with a role that may invoke nothing else.
 */
export class WakeUps extends Construct {
  private readonly group: string;
  private readonly role: LeastPrivilegeRole;
  private readonly functionArn: string;

  constructor(scope: Construct, id: string, installation: string) {
    super(scope, id);
    const stack = Stack.of(this);
    this.group = installation;
    new CfnScheduleGroup(this, 'Group', { name: installation });
    this.functionArn = stack.formatArn({
      service: 'lambda',
      resource: 'function',
      resourceName: nameIn(installation, WOKEN),
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
    this.role = new LeastPrivilegeRole(this, 'Role', {
      description: 'Stagegate: schedules invoke the sweeper',
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': stack.account } },
      }),
      permissions: [{ actions: ['lambda:InvokeFunction'], resources: [this.functionArn] }],
    });
  }

  /** Lets a function set and cancel wake-ups. */
  setting(): WakeUpBindings {
    const schedules = Stack.of(this).formatArn({
      service: 'scheduler',
      resource: 'schedule',
      resourceName: `${this.group}/*`,
    });
    return {
      SCHEDULE_GROUP: {
        value: this.group,
        permissions: [
          {
            actions: ['scheduler:CreateSchedule', 'scheduler:DeleteSchedule', 'scheduler:UpdateSchedule'],
            resources: [schedules],
            wildcardReason: 'a schedule is named after its environment, which exists only at run time',
          },
        ],
      },
      SCHEDULE_ROLE_ARN: {
        value: this.role.roleArn,
        permissions: [
          {
            actions: ['iam:PassRole'],
            resources: [this.role.roleArn],
            conditions: { StringEquals: { 'iam:PassedToService': 'scheduler.amazonaws.com' } },
          },
        ],
      },
      WAKE_UP_FUNCTION_ARN: { value: this.functionArn, permissions: [] },
    };
  }
}
