import { Duration } from 'aws-cdk-lib';
import { type EventPattern, type IEventBus, Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Construct } from 'constructs';
import { EVENT_SOURCE, type EventName } from '../../lambdas/domain/events.ts';
import type { FunctionName } from '../../lambdas/functions.ts';
import type { Config } from '../config.ts';
import type { DeploymentWorkflowReference } from '../workflow/deployment-workflow-reference.ts';
import type { EventBus } from './event-bus.ts';
import type { Functions } from './functions.ts';
import type { HouseFunction } from './house-function.ts';

export interface EventRoutingProps {
  readonly config: Config;
  readonly events: EventBus;
  readonly functions: Functions;
  readonly workflow: DeploymentWorkflowReference;
}

/** Which event invokes which function. An event that cannot be delivered within a day goes to the dead letters. */
export class EventRouting extends Construct {
  constructor(scope: Construct, id: string, { config, events, functions, workflow }: EventRoutingProps) {
    super(scope, id);
    const { bus } = events;

    this.rule('RegisterPush', functions.get('register-push'), {
      description: 'Creates releases from a push to a config repository',
      bus,
      // The source is not checked, because other tools may send pushes under their own source name.
      pattern: { detailType: ['ConfigPushed' satisfies EventName] },
    });
    this.rule('EndEnvironmentsOfBranch', functions.get('branch-gone'), {
      description: 'Ends the ephemeral environments of a deleted branch or a closed pull request',
      bus,
      pattern: {
        source: [EVENT_SOURCE],
        detailType: ['BranchDeleted', 'PullRequestClosed'] satisfies EventName[],
      },
    });
    this.rule('PromoteAfterSuccess', functions.get('promote'), {
      description: 'Promotes a release that succeeded to the next environment if its policy says so',
      bus,
      pattern: { source: [EVENT_SOURCE], detailType: ['DeploymentSucceeded' satisfies EventName] },
    });
    this.rule('ReconcileEndedExecution', functions.get('reconcile'), {
      description: 'Releases environments that an execution without success may still hold',
      // Step Functions sends its events to the default bus only.
      pattern: {
        source: ['aws.states'],
        detailType: ['Step Functions Execution Status Change'],
        detail: { status: ['ABORTED', 'FAILED', 'TIMED_OUT'], stateMachineArn: [workflow.arn] },
      },
    });
    this.rule('CheckCertificates', functions.get('check-certificates'), {
      description: 'Checks all certificates, because events of ACM stay in the accounts of the certificates',
      schedule: Schedule.rate(Duration.hours(config.certificateCheckHours)),
    });
    this.rule('CheckRecordsEveryDay', functions.get('check-records'), {
      description: 'Looks at all records that decisions depend on, because other jobs read only what is unfinished',
      schedule: Schedule.rate(Duration.days(1)),
    });
    const looking = functions.find('look-at-heads');
    if (looking)
      this.rule('LookAtHeads', looking, {
        description: 'Asks public config repositories for their heads, because pushes can be lost',
        schedule: Schedule.rate(Duration.hours(1)),
      });
    this.rule('ReconcileEveryMinute', functions.get('reconcile'), {
      description: 'Reconciles regularly, because events can be lost',
      schedule: Schedule.rate(Duration.minutes(1)),
    });
    this.rule('SweepEveryMinute', functions.get('sweep'), {
      description: 'Ends ephemeral environments in time, even if their schedules are lost',
      schedule: Schedule.rate(Duration.minutes(1)),
    });
    this.rule('RemindEveryFiveMinutes', functions.get('send-reminders'), {
      description: 'Reminds approvers who have not decided at an open gate',
      schedule: Schedule.rate(Duration.minutes(5)),
    });
    this.rule('SweepSubscriptions', functions.get('sweep-subscriptions'), {
      description: 'Finds approvers without an e-mail subscription before a gate needs them',
      schedule: Schedule.rate(Duration.minutes(15)),
    });
  }

  private rule(id: string, consumer: HouseFunction<FunctionName>, trigger: Trigger): void {
    const { bus, pattern, schedule, description } = trigger;
    new Rule(this, id, {
      description,
      eventBus: bus,
      eventPattern: pattern,
      schedule,
      targets: [
        new LambdaFunction(consumer.function, {
          deadLetterQueue: consumer.deadLetters,
          retryAttempts: 185,
          maxEventAge: Duration.hours(24),
        }),
      ],
    });
  }
}

interface Trigger {
  readonly description: string;
  readonly bus?: IEventBus;
  readonly pattern?: EventPattern;
  readonly schedule?: Schedule;
}
