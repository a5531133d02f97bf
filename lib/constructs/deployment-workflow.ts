import { ArnFormat, Duration, Stack } from 'aws-cdk-lib';
import {
  Choice,
  Condition,
  DefinitionBody,
  Fail,
  type IChainable,
  JitterType,
  LogLevel,
  QueryLanguage,
  StateMachine,
  Succeed,
  type TaskStateBase,
  Timeout,
  Wait,
  WaitTime,
} from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { ERROR_NAMES } from '../../lambdas/domain/errors.ts';
import type { FunctionName } from '../../lambdas/functions.ts';
import type { Encryption } from './encryption.ts';
import type { Functions } from './functions.ts';
import type { Binding } from './house-function.ts';
import { InvokeFunction } from './invoke-function.ts';
import { acknowledge, type Permission } from './permissions.ts';
import { StartBuild } from './start-build.ts';
import type { TerraformRunner } from './terraform-runner.ts';

const NAME = 'stagegate-deployment';

/**
 * The workflow's ARN for those who start and resume it. It is composed of the fixed name and never taken from the
 * construct: the machine refers to its functions, and functions that referred to the machine would close a cycle.
 */
export class DeploymentWorkflowReference {
  readonly arn: string;
  private readonly executionArns: string;

  constructor(scope: Construct) {
    const format = (resource: string, resourceName: string) =>
      Stack.of(scope).formatArn({
        service: 'states',
        resource,
        resourceName,
        arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      });
    this.arn = format('stateMachine', NAME);
    this.executionArns = format('execution', `${NAME}:*`);
  }

  /** What finding executions and seeing what happened in them needs, as people do in the console. */
  watching(): Permission[] {
    return [{ actions: ['states:ListExecutions'], resources: [this.arn] }, this.inspecting()];
  }

  /** What looking into executions needs whose names are known. */
  private inspecting(): Permission {
    return {
      actions: ['states:DescribeExecution', 'states:GetExecutionHistory'],
      resources: [this.executionArns],
      wildcardReason: 'an execution is named after its deployment, which exists only at run time',
    };
  }

  /** Lets a function start executions, resume those that wait for an approval, or look into them. */
  allow(...purposes: readonly ('start' | 'resume' | 'inspect')[]): Binding {
    const permissions = {
      start: [{ actions: ['states:StartExecution'], resources: [this.arn] }],
      resume: [{ actions: ['states:SendTaskSuccess'], resources: [this.arn] }],
      inspect: [this.inspecting()],
    };
    return { value: this.arn, permissions: purposes.flatMap((purpose) => permissions[purpose]) };
  }
}

export interface DeploymentWorkflowProps {
  readonly functions: Functions;
  readonly runner: TerraformRunner;
  readonly encryption: Encryption;
}

/**
 * What happens to one deployment, from plan to release of the environment. The execution is named after the
 * deployment and its state data holds ids only; everything else is read from the table.
 *
 *  1. AcquireEnvironment confirms that this deployment holds its environment. One that does not ends at NotHolder,
 *     having touched nothing.
 *     Where the environment has DNS, EnsureCertificate goes one step towards an issued certificate each time it is
 *     called; the waiting in between is a Wait state's and no build's. The plan is told of the certificate.
 *  2. PreparePlan composes the plan build and its ticket, for which it gets credentials, and a build that inspects its plan. Plan runs `terraform plan` in CodeBuild; AnalyzePlan reads what it left and says what comes next (WhatNext?).
 *     Code of the repository ran in that build. Where something hangs on what the plan says, Inspect has a build read the plan in
 *     which nothing of the repository runs, and AnalyzePlan is asked again: it is told whether that was done, so it is done once.
 *  3. Each gate that is left, staff before client, is asked for (Request…), waited for with a task token (Await…) and
 *     settled (Settle…). Settling ignores what came back with the token and reads the recorded decision, so who can
 *     call SendTaskSuccess still cannot approve. A token that came back without a decision leads back to waiting.
 *  4. Approvals may have waited for days: CheckPlan looks whether the plan is still one of the state as it is. A stale
 *     one is planned again; approvals carry over if the new plan means the same (AnalyzePlan says which gates are left).
 *     ConsumePlan uses the approved plan up, once, after checking everything again. Apply applies exactly that plan.
 *     Nothing may stop it: it has no timeout of its own (CodeBuild's counts) and no parallel sibling. A plan that
 *     Terraform itself refuses as stale (InspectFailedApply) is planned again too, a bounded number of times.
 *  5. RecordOutputs and RecordSuccess write down what is. In between PublishDns, step by step like EnsureCertificate,
 *     points the hostname at what the outputs say, or withdraws records and certificate of what was destroyed. After RecordSuccess nothing turns into a failure any more.
 *  6. Every other way out records its own ending: a person's no, a clock, a request, a newer release, a policy, a
 *     machine. Errors of tasks lead to RecordFailure with where and why.
 *  7. The ending is announced, the environment released to the next in the queue, and the execution ends with the
 *     ending's name (HowDidItEnd?). Recording and releasing retry for 15 minutes; what still fails ends at Stuck, and
 *     the reconciler repairs it.
 */
export class DeploymentWorkflow extends Construct {
  readonly machine: StateMachine;
  private readonly functions: Functions;

  constructor(scope: Construct, id: string, props: DeploymentWorkflowProps) {
    super(scope, id);
    this.functions = props.functions;

    // The ends
    const succeeded = Succeed.jsonata(this, 'Succeeded', { comment: 'The environment runs the release' });
    const failed = this.end('Failed', 'failed', 'something broke; the deployment says what and where');
    const blocked = this.end('Blocked', 'blocked', 'a policy forbids it');
    const rejected = this.end('Rejected', 'rejected', 'an approver said no');
    const expired = this.end('Expired', 'expired', 'a gate was not decided in time');
    const canceled = this.end('Canceled', 'canceled', 'somebody asked to stop');
    const superseded = this.end('Superseded', 'superseded', 'a newer release took its place');
    const notHolder = this.end('NotHolder', 'not-holder', 'the environment is held by another deployment');
    const stuck = this.end('Stuck', 'stuck', 'recording or releasing kept failing; the reconciler will repair it');

    const howDidItEnd = this.choice('HowDidItEnd?', 'The ending that stands in the record')
      .when(is('$ending', 'succeeded'), succeeded)
      .when(is('$ending', 'blocked'), blocked)
      .when(is('$ending', 'rejected'), rejected)
      .when(is('$ending', 'expired'), expired)
      .when(is('$ending', 'canceled'), canceled)
      .when(is('$ending', 'superseded'), superseded)
      .otherwise(failed);

    // From an ending to the end
    const releaseEnvironment = this.persist(
      this.task('ReleaseEnvironment', 'release-environment', 'Makes the next queued deployment the holder, starts it'),
      stuck,
    );
    releaseEnvironment.next(howDidItEnd);
    const announceSuccess = this.announce('AnnounceSuccess', releaseEnvironment);
    const announceEnding = this.announce('AnnounceEnding', releaseEnvironment);

    const record = (state: string, ending: string, comment: string, next: IChainable, more: object = {}) => {
      const task = this.task(state, 'record-ending', comment, {
        payload: { ending, ...more },
        // A deployment that has ended already, by the reconciler's hand, keeps that ending.
        assign: { ending: '{% $states.result.Payload.ending %}' },
      });
      this.persist(task, stuck).next(next);
      return task;
    };
    const recordSuccess = record('RecordSuccess', 'succeeded', 'Applied, or nothing to apply', announceSuccess);
    const recordFailure = record('RecordFailure', 'failed', 'A machine failed', announceEnding, {
      failure: '{% $failure %}',
    });
    const recordBlocked = record('RecordBlocked', 'blocked', 'A policy said no', announceEnding);
    const recordRejection = record('RecordRejection', 'rejected', 'A person said no', announceEnding);
    const recordExpiry = record('RecordExpiry', 'expired', 'The clock said no', announceEnding);
    const recordCancellation = record('RecordCancellation', 'canceled', 'A request said no', announceEnding);
    const recordSupersession = record('RecordSupersession', 'superseded', 'A newer release said no', announceEnding);

    // Apply
    const needsDns = this.publication(recordSuccess, recordFailure);
    const recordOutputs = this.task('RecordOutputs', 'record-outputs', 'Reads the outputs the apply build left');
    this.retryServices(recordOutputs).addCatch(recordFailure, FAILURE).next(needsDns);

    const apply = new StartBuild(this, 'Apply', {
      comment:
        "Applies the approved plan; retried only while CodeBuild refuses to queue it, and ended by CodeBuild's clock",
      projects: props.runner.projects('apply'),
      request: '$consumption.apply',
      outputs: OUTPUT,
    });
    const inspectFailedApply = this.task(
      'InspectFailedApply',
      'inspect-failed-apply',
      'Was the plan refused as stale, before anything was done?',
      { assign: { inspection: '{% $states.result.Payload %}' } },
    );
    this.retryQueueing(apply).addCatch(inspectFailedApply, FAILURE).next(recordOutputs);

    const consumePlan = this.task('ConsumePlan', 'consume-plan', 'Checks everything once more, uses the plan up', {
      assign: { consumption: '{% $states.result.Payload %}' },
    });
    const isPlanConsumed = this.choice('IsPlanConsumed?', 'May this plan be applied?', '$consumption')
      .when(is('$consumption.outcome', 'consumed'), apply)
      .when(is('$consumption.outcome', 'canceled'), recordCancellation)
      .when(is('$consumption.outcome', 'blocked'), recordBlocked)
      .otherwise(recordFailure);
    this.retryServices(consumePlan).addCatch(recordFailure, FAILURE).next(isPlanConsumed);

    const checkPlan = this.task('CheckPlan', 'check-plan', 'Is it a plan of the state as it is now, and not too old?', {
      assign: { check: '{% $states.result.Payload %}' },
    });

    // Gates, in reverse: the client's comes second
    const refusals = {
      recordRejection,
      recordExpiry,
      recordCancellation,
      recordSupersession,
      recordBlocked,
      recordFailure,
    };
    const requestClientApproval = this.gate('Client', refusals, (isApproved) =>
      isApproved.when(is('$gate.outcome', 'approved'), checkPlan),
    );
    const requestStaffApproval = this.gate('Staff', refusals, (isApproved) =>
      isApproved
        .when(is('$gate.outcome', 'approved', 'client'), requestClientApproval)
        .when(is('$gate.outcome', 'approved'), checkPlan),
    );

    // Plan
    const inspect = new StartBuild(this, 'Inspect', {
      comment: 'Reads the plan for people, where nothing of the repository runs',
      projects: [props.runner.inspect],
      request: '$inspect',
      assign: { inspected: true },
      outputs: OUTPUT,
    });
    const whatNext = this.choice('WhatNext?', 'What the plan asks for', '$analysis')
      .when(is('$analysis.next', 'inspect'), inspect)
      .when(is('$analysis.next', 'blocked'), recordBlocked)
      .when(is('$analysis.next', 'no-changes'), needsDns)
      .when(is('$analysis.next', 'canceled'), recordCancellation)
      .when(is('$analysis.next', 'gates', 'staff'), requestStaffApproval)
      .when(is('$analysis.next', 'gates', 'client'), requestClientApproval)
      .when(is('$analysis.next', 'apply'), consumePlan)
      .otherwise(recordFailure);

    const analyzePlan = this.task(
      'AnalyzePlan',
      'analyze-plan',
      'Summary, cost, blast radius, and which gates are left',
      {
        payload: { inspected: '{% $inspected %}' },
        assign: { analysis: '{% $states.result.Payload %}' },
      },
    );
    this.retryServices(analyzePlan).addCatch(recordFailure, FAILURE).next(whatNext);
    this.retryQueueing(inspect).addCatch(recordFailure, FAILURE).next(analyzePlan);

    const plan = new StartBuild(this, 'Plan', {
      comment: 'Plans the release against the environment',
      projects: props.runner.projects('plan'),
      request: '$plan',
      outputs: OUTPUT,
    });
    this.retryQueueing(plan).addCatch(recordFailure, FAILURE).next(analyzePlan);
    const preparePlan = this.task(
      'PreparePlan',
      'prepare-plan',
      'What the plan build needs, with its ticket, and a build that inspects its plan',
      {
        assign: {
          plan: '{% $states.result.Payload.plan %}',
          inspect: '{% $states.result.Payload.inspect %}',
          inspected: false,
        },
      },
    );
    this.retryServices(preparePlan).addCatch(recordFailure, FAILURE).next(plan);

    // Plan again
    const isPlanCurrent = this.choice('IsPlanCurrent?', 'May the approved plan be applied?', '$check')
      .when(is('$check.outcome', 'current'), consumePlan)
      .when(is('$check.outcome', 'stale'), preparePlan)
      .otherwise(recordFailure);
    this.retryServices(checkPlan).addCatch(recordFailure, FAILURE).next(isPlanCurrent);
    const wasPlanStale = this.choice('WasPlanStale?', 'Was nothing applied because the state had changed?')
      .when(is('$inspection.outcome', 'stale'), preparePlan)
      .otherwise(recordFailure);
    // What Apply failed of stays the failure, whatever becomes of the inspection.
    this.retryServices(inspectFailedApply)
      .addCatch(recordFailure, { errors: ['States.ALL'], outputs: '{% {} %}' })
      .next(wasPlanStale);

    const acquireEnvironment = new InvokeFunction(this, 'AcquireEnvironment', {
      comment: 'Confirms that this deployment holds its environment',
      function: this.functions.get('acquire-environment').function,
      payload: { deploymentId: '{% $states.input.deploymentId %}' },
      assign: {
        deploymentId: '{% $states.input.deploymentId %}',
        needsCertificate: '{% $states.result.Payload.needsCertificate %}',
        needsDns: '{% $states.result.Payload.needsDns %}',
      },
      outputs: '{% {"deploymentId": $states.input.deploymentId} %}',
    });
    this.retryServices(acquireEnvironment)
      .addCatch(notHolder, { errors: [ERROR_NAMES.notHolder] })
      .addCatch(recordFailure, {
        ...FAILURE,
        // A task that failed has assigned nothing, and what follows needs the id.
        assign: { ...FAILURE.assign, deploymentId: '{% $states.input.deploymentId %}' },
      })
      .next(this.certification(preparePlan, recordCancellation, recordFailure));

    this.machine = new StateMachine(this, 'Machine', {
      stateMachineName: NAME,
      comment: 'One deployment: plan, gates, apply, record, release',
      definitionBody: DefinitionBody.fromChainable(acquireEnvironment),
      queryLanguage: QueryLanguage.JSONATA,
      tracingEnabled: true,
      logs: {
        destination: props.encryption.logGroup(this, 'Logs', `/aws/vendedlogs/states/${NAME}`),
        level: LogLevel.ALL,
        // Data would put task tokens and tickets into the logs.
        includeExecutionData: false,
      },
    });
    acknowledge(
      this.machine,
      'AwsSolutions-IAM5[Resource::*]',
      'log delivery and X-Ray, the only statements on *, have no resource-level permissions',
    );
  }

  /** Requests one gate, waits and settles it; `approvedNext` says what an approval leads to. */
  private gate(
    who: 'Staff' | 'Client',
    refusals: Refusals,
    approvedNext: (isApproved: Choice) => Choice,
  ): TaskStateBase {
    const gate = who === 'Staff' ? 'staff' : 'client';
    const assign = { gate: '{% $states.result.Payload %}' };
    const { recordFailure } = refusals;

    const request = this.task(
      `Request${who}Approval`,
      'request-approval',
      `Opens the ${gate} gate, mails its approvers`,
      {
        payload: { gate },
        assign,
      },
    );
    const wait = this.task(
      `Await${who}Approval`,
      'await-approval',
      'Waits for a decision, at most as long as the gate is open',
      {
        payload: { gate, token: '{% $states.context.Task.Token %}' },
        waitForTaskToken: true,
        taskTimeout: Timeout.jsonata('{% $gate.timeoutSeconds %}'),
      },
    );
    const settle = this.task(
      `Settle${who}Gate`,
      'settle-gate',
      'Reads the recorded decision, or records that time is up',
      {
        payload: { gate },
        assign,
      },
    );
    this.retryServices(request)
      .addCatch(recordFailure, FAILURE)
      .next(
        this.choice(`Is${who}Reachable?`, 'Is there anybody who can be asked?', '$gate')
          .when(is('$gate.outcome', 'asked'), wait)
          .when(is('$gate.outcome', 'blocked'), refusals.recordBlocked)
          .otherwise(recordFailure),
      );
    this.retryServices(wait)
      .addCatch(settle, { errors: ['States.Timeout'], outputs: OUTPUT })
      .addCatch(recordFailure, FAILURE)
      .next(settle);
    this.retryServices(settle)
      .addCatch(recordFailure, FAILURE)
      .next(
        approvedNext(this.choice(`Is${who}GateApproved?`, 'How was the gate decided?', '$gate'))
          .when(is('$gate.outcome', 'rejected'), refusals.recordRejection)
          .when(is('$gate.outcome', 'expired'), refusals.recordExpiry)
          .when(is('$gate.outcome', 'canceled'), refusals.recordCancellation)
          .when(is('$gate.outcome', 'superseded'), refusals.recordSupersession)
          .when(is('$gate.outcome', 'open'), wait)
          .otherwise(recordFailure),
      );
    return request;
  }

  /** Where the environment has DNS, sees to its certificate before `plan`. */
  private certification(plan: IChainable, recordCancellation: IChainable, recordFailure: IChainable): Choice {
    const ensure = this.task('EnsureCertificate', 'ensure-certificate', 'One step towards an issued certificate', {
      assign: { dns: '{% $states.result.Payload %}' },
    });
    const isReady = this.choice('IsCertificateReady?', 'Is it issued, or still on its way?', '$dns')
      .when(is('$dns.outcome', 'ready'), plan)
      .when(is('$dns.outcome', 'pending'), this.lookAgain('WaitForCertificate', ensure))
      .when(is('$dns.outcome', 'canceled'), recordCancellation)
      .when(is('$dns.outcome', 'failed'), recordFailure, dnsFailure('EnsureCertificate'))
      .otherwise(recordFailure);
    this.retryServices(ensure).addCatch(recordFailure, FAILURE).next(isReady);
    return this.choice('NeedsCertificate?', 'Does the environment have DNS, and is it to stay?')
      .when(Condition.jsonata('{% $needsCertificate %}'), ensure)
      .otherwise(plan);
  }

  /** Where the environment has DNS, or had it, publishes or withdraws it before `recordSuccess`. */
  private publication(recordSuccess: IChainable, recordFailure: IChainable): Choice {
    const publish = this.task('PublishDns', 'publish-dns', 'One step towards the records the environment is to have', {
      assign: { dns: '{% $states.result.Payload %}' },
    });
    const isPublished = this.choice('IsDnsPublished?', 'Does everybody see the records as they are to be?', '$dns')
      .when(is('$dns.outcome', 'done'), recordSuccess)
      .when(is('$dns.outcome', 'pending'), this.lookAgain('WaitForDns', publish))
      .when(is('$dns.outcome', 'failed'), recordFailure, dnsFailure('PublishDns'))
      .otherwise(recordFailure);
    this.retryServices(publish).addCatch(recordFailure, FAILURE).next(isPublished);
    return this.choice('NeedsDns?', 'Does the environment have DNS, or had it?')
      .when(Condition.jsonata('{% $needsDns %}'), publish)
      .otherwise(recordSuccess);
  }

  /** Waits as long as the task said, and calls it again; it says itself when that has taken too long. */
  private lookAgain(state: string, task: TaskStateBase): Wait {
    const time = WaitTime.seconds('{% $dns.waitSeconds %}');
    const wait = Wait.jsonata(this, state, { time, comment: 'Nothing to do for a while', outputs: OUTPUT });
    wait.next(task);
    return wait;
  }

  /** A function of this deployment as a task; its payload always carries the deployment's id. */
  private task(state: string, name: FunctionName, comment: string, own: TaskOptions = {}): InvokeFunction {
    const { payload = {}, ...props } = own;
    return new InvokeFunction(this, state, {
      comment,
      function: this.functions.get(name).function,
      payload: { deploymentId: '{% $deploymentId %}', ...payload },
      outputs: OUTPUT,
      ...props,
    });
  }

  private announce(state: string, next: IChainable): TaskStateBase {
    const task = this.task(state, 'announce', 'Tells the bus; an announcement that fails changes nothing');
    this.retryServices(task)
      .addCatch(next, { errors: ['States.ALL'], outputs: OUTPUT })
      .next(next);
    return task;
  }

  /**
   * A choice on an answer of a function. `answer` is the variable it is in: when no rule matches, the execution goes
   * on with a failure that shows it. Without `answer` the choice needs no failure.
   */
  private choice(state: string, comment: string, answer?: string): Choice {
    return Choice.jsonata(this, state, {
      comment,
      ...(answer && {
        assign: {
          failure: {
            state: '{% $states.context.State.Name %}',
            error: 'UnexpectedAnswer',
            cause: `{% "no rule for " & $string(${answer}) %}`,
          },
        },
      }),
    });
  }

  private end(state: string, error: string, cause: string): Fail {
    return Fail.jsonata(this, state, { error, cause });
  }

  /** Retries what Lambda or a busy table may refuse for a moment. */
  private retryServices(task: TaskStateBase): TaskStateBase {
    return task.addRetry({
      errors: [
        'Lambda.ClientExecutionTimeoutException',
        'Lambda.ServiceException',
        'Lambda.AWSLambdaException',
        'Lambda.SdkClientException',
        'Lambda.TooManyRequestsException',
        ERROR_NAMES.conflict,
      ],
      interval: Duration.seconds(2),
      backoffRate: 2,
      maxDelay: Duration.seconds(30),
      maxAttempts: 6,
      jitterStrategy: JitterType.FULL,
    });
  }

  /**
   * Retries everything for at least 15 minutes: 2 + 4 + 8 + 16 + 32 seconds, then a minute each. Without jitter, which
   * would halve that; one deployment is no herd.
   */
  private persist(task: TaskStateBase, stuck: IChainable): TaskStateBase {
    return task
      .addRetry({
        errors: ['States.ALL'],
        interval: Duration.seconds(2),
        backoffRate: 2,
        maxDelay: Duration.seconds(60),
        maxAttempts: 19,
      })
      .addCatch(stuck, { errors: ['States.ALL'] });
  }

  /** New accounts may run one build at a time and queue hardly any: waits for about an hour for a place. */
  private retryQueueing(task: TaskStateBase): TaskStateBase {
    return task.addRetry({
      errors: ['CodeBuild.AccountLimitExceededException'],
      interval: Duration.seconds(30),
      backoffRate: 2,
      maxDelay: Duration.minutes(5),
      maxAttempts: 24,
      jitterStrategy: JitterType.FULL,
    });
  }
}

interface TaskOptions {
  readonly payload?: Readonly<Record<string, unknown>>;
  readonly assign?: Record<string, unknown>;
  readonly waitForTaskToken?: boolean;
  readonly taskTimeout?: Timeout;
}

interface Refusals {
  readonly recordRejection: IChainable;
  readonly recordExpiry: IChainable;
  readonly recordCancellation: IChainable;
  readonly recordSupersession: IChainable;
  readonly recordBlocked: IChainable;
  readonly recordFailure: IChainable;
}

/** What each state hands on, and what the console shows of it. */
const OUTPUT = '{% {"deploymentId": $deploymentId} %}';

/** Where and why a task failed; RecordFailure passes it on. An error without a cause gets an empty one. */
const FAILURE = {
  errors: ['States.ALL'],
  outputs: '{% {} %}',
  assign: {
    failure: {
      state: '{% $states.context.State.Name %}',
      error: '{% $states.errorOutput.Error %}',
      cause: '{% $exists($states.errorOutput.Cause) ? $states.errorOutput.Cause : "" %}',
    },
  },
};

/** What stands in the way of DNS or a certificate, in the words of the function that met it. */
const dnsFailure = (state: string) => ({
  assign: { failure: { state, error: '{% $dns.reason %}', cause: '{% $dns.message %}' } },
});

/** The variable holds this answer, and, when a gate is named, that gate is one of those the plan must pass. */
const is = (variable: string, answer: string, gate?: 'staff' | 'client'): Condition =>
  Condition.jsonata(`{% ${variable} = "${answer}"${gate ? ` and "${gate}" in $analysis.gates` : ''} %}`);
