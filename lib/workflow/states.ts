import {
  Choice,
  Fail,
  type State,
  Succeed,
  type TaskStateBase,
  Timeout,
  Wait,
  WaitTime,
} from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { ENDING_NAMES, ENDINGS, type Ending } from '../../lambdas/domain/endings.ts';
import type { Functions } from '../constructs/functions.ts';
import type { TerraformRunner } from '../constructs/terraform-runner.ts';
import { OUTPUT, unexpectedAnswer } from './expressions.ts';
import { InvokeFunction } from './invoke-function.ts';
import { RETRIES, retried } from './retries.ts';
import { StartBuild, type StartBuildProps } from './start-build.ts';
import {
  CHOICES,
  type ChoiceName,
  type ChoiceRow,
  GATE_CHOICES,
  gateTasks,
  recordTask,
  TASKS,
  type TaskName,
  type TaskRow,
  type Who,
} from './state-table.ts';

export interface StatesProps {
  readonly functions: Functions;
  readonly runner: TerraformRunner;
}

/** Every state of the workflow, not yet connected. */
export class States {
  readonly plan: TaskStateBase;
  readonly inspect: TaskStateBase;
  readonly apply: TaskStateBase;
  readonly staff: GateStates;
  readonly client: GateStates;
  readonly waitForCertificate: Wait;
  readonly waitForDns: Wait;
  readonly waitForApplies: Wait;
  readonly notHolder: Fail;
  readonly stuck: Fail;
  private readonly scope: Construct;
  private readonly functions: Functions;
  private readonly tasks: ReadonlyMap<string, TaskStateBase>;
  private readonly choices: ReadonlyMap<string, Choice>;
  private readonly endings: ReadonlyMap<Ending, { readonly record: TaskStateBase; readonly end: State }>;

  constructor(scope: Construct, props: StatesProps) {
    this.scope = scope;
    this.functions = props.functions;
    const { runner } = props;
    this.tasks = new Map(Object.entries<TaskRow>(TASKS).map(([name, row]) => [name, this.createTask(name, row)]));
    this.choices = new Map(Object.entries(CHOICES).map(([name, row]) => [name, this.createChoice(name, row)]));
    this.waitForCertificate = this.createWait('WaitForCertificate', '$dns');
    this.waitForDns = this.createWait('WaitForDns', '$dns');
    this.waitForApplies = this.createWait('WaitForApplies', '$consumption');
    this.plan = this.createBuild('Plan', {
      comment: 'Plans the release against the environment',
      projects: runner.projects('plan'),
      request: '$plan',
    });
    this.inspect = this.createBuild('Inspect', {
      comment: 'Reads the plan for people in a build that runs no code of the repository',
      projects: [runner.inspect],
      request: '$inspect',
      assign: { inspected: true },
    });
    this.apply = this.createBuild('Apply', {
      comment:
        "Applies the approved plan; retried only while CodeBuild refuses to queue it, and ended by CodeBuild's clock",
      projects: runner.projects('apply'),
      request: '$consumption.apply',
    });
    this.staff = this.createGate('Staff');
    this.client = this.createGate('Client');
    this.endings = new Map(
      ENDING_NAMES.map((ending) => [
        ending,
        { record: this.createTask(ENDINGS[ending].recordedBy, recordTask(ending)), end: this.createEnd(ending) },
      ]),
    );
    this.notHolder = this.createFail('NotHolder', 'not-holder', 'the environment is held by another deployment');
    this.stuck = this.createFail(
      'Stuck',
      'stuck',
      'recording or releasing kept failing; the reconciler will repair it',
    );
  }

  task(name: TaskName): TaskStateBase {
    return required(this.tasks.get(name));
  }

  /** Returns the state that records the ending. */
  record(ending: Ending): TaskStateBase {
    return required(this.endings.get(ending)).record;
  }

  /** Returns the state at which the execution ends. */
  end(ending: Ending): State {
    return required(this.endings.get(ending)).end;
  }

  choice(name: ChoiceName): Choice {
    return required(this.choices.get(name));
  }

  private createTask(name: string, { function: called, comment, payload, assign, outputs, waitSeconds }: TaskRow) {
    const task = new InvokeFunction(this.scope, name, {
      comment,
      function: this.functions.get(called).function,
      payload: { deploymentId: '{% $deploymentId %}', ...payload },
      ...(assign && { assign: { ...assign } }),
      outputs: outputs ?? OUTPUT,
      ...(waitSeconds && { waitForTaskToken: true, taskTimeout: Timeout.jsonata(waitSeconds) }),
    });
    return retried(task, waitSeconds ? RETRIES.functionWithToken : RETRIES.function);
  }

  private createBuild(name: string, props: Omit<StartBuildProps, 'outputs'>): TaskStateBase {
    return retried(new StartBuild(this.scope, name, { ...props, outputs: OUTPUT }), RETRIES.queueing);
  }

  private createChoice(name: string, { comment, answer }: ChoiceRow): Choice {
    return Choice.jsonata(this.scope, name, { comment, ...(answer && { assign: unexpectedAnswer(answer) }) });
  }

  /** Makes a pause for the number of seconds in a function's answer. */
  private createWait(name: string, answer: '$dns' | '$consumption'): Wait {
    const time = WaitTime.seconds(`{% ${answer}.waitSeconds %}`);
    return Wait.jsonata(this.scope, name, { time, comment: 'Waits before it looks again', outputs: OUTPUT });
  }

  private createGate(who: Who): GateStates {
    const { request, wait, settle } = gateTasks(who);
    const { isReachable, isApproved } = GATE_CHOICES;
    return {
      request: this.createTask(`Request${who}Approval`, request),
      isReachable: this.createChoice(`Is${who}Reachable?`, isReachable),
      wait: this.createTask(`Await${who}Approval`, wait),
      settle: this.createTask(`Settle${who}Gate`, settle),
      isApproved: this.createChoice(`Is${who}GateApproved?`, isApproved),
    };
  }

  private createEnd(ending: Ending): State {
    if (ending === 'succeeded')
      return Succeed.jsonata(this.scope, ENDINGS.succeeded.endState, { comment: 'The environment runs the release' });
    return this.createFail(ENDINGS[ending].endState, ending, ENDINGS[ending].cause);
  }

  private createFail(name: string, error: string, cause: string): Fail {
    return Fail.jsonata(this.scope, name, { error, cause });
  }
}

/** The states of one gate, in the order in which they run. */
export interface GateStates {
  readonly request: TaskStateBase;
  readonly isReachable: Choice;
  readonly wait: TaskStateBase;
  readonly settle: TaskStateBase;
  readonly isApproved: Choice;
}

function required<T>(state: T | undefined): T {
  if (state === undefined) throw new Error('a state of the workflow was not created');
  return state;
}
