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
import { IS_TOKEN_VALID, OUTPUT, unexpectedAnswer } from './expressions.ts';
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
  readonly plan: BuildStates;
  readonly inspect: BuildStates;
  readonly apply: BuildStates;
  readonly staff: GateStates;
  readonly client: GateStates;
  readonly waitForCertificate: Wait;
  readonly waitForDns: Wait;
  readonly waitForApplies: Wait;
  readonly waitForPlan: Wait;
  readonly waitForApply: Wait;
  readonly waitForApplyEnd: Wait;
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
    this.waitForCertificate = this.createWait('WaitForCertificate', '$dns.waitSeconds');
    this.waitForDns = this.createWait('WaitForDns', '$dns.waitSeconds');
    this.waitForApplies = this.createWait('WaitForApplies', '$consumption.waitSeconds');
    this.waitForPlan = this.createWait('WaitForPlan', '60 + $floor($random() * 120)');
    this.waitForApply = this.createWait('WaitForApply', '15 + $floor($random() * 30)');
    this.waitForApplyEnd = this.createWait('WaitForApplyEnd', '$inspection.waitSeconds');
    this.plan = this.createBuild('Plan', {
      comment: 'Plans the release against the environment',
      projects: runner.projects('plan'),
      request: '$plan',
      retries: 'planInQueue',
    });
    this.inspect = this.createBuild('Inspect', {
      comment: 'Reads the plan for people in a build that runs no code of the repository',
      projects: [runner.inspect],
      request: '$inspect',
      retries: 'planInQueue',
      assign: { inspected: true },
    });
    this.apply = this.createBuild('Apply', {
      comment: "Applies the approved plan; retried only while CodeBuild refuses it, and ended by CodeBuild's clock",
      projects: runner.projects('apply'),
      request: '$consumption.apply',
      retries: 'applyInQueue',
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

  private createBuild(name: string, { retries, ...props }: BuildRow): BuildStates {
    const common = { ...props, outputs: OUTPUT };
    const again = new StartBuild(this.scope, `Resume${name}`, {
      ...common,
      comment: `Starts the build again with the same token: ${name} may have started it without an answer`,
      mayStart: IS_TOKEN_VALID,
    });
    return {
      name,
      start: retried(new StartBuild(this.scope, name, common), RETRIES[retries]),
      resume: retried(again, RETRIES.sameBuild),
    };
  }

  private createChoice(name: string, { comment, answer }: ChoiceRow): Choice {
    return Choice.jsonata(this.scope, name, { comment, ...(answer && { assign: unexpectedAnswer(answer) }) });
  }

  /** Makes a pause for a number of seconds. */
  private createWait(name: string, seconds: string): Wait {
    const time = WaitTime.seconds(`{% ${seconds} %}`);
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

type BuildRow = Omit<StartBuildProps, 'outputs' | 'mayStart'> & { readonly retries: keyof typeof RETRIES };

/** The states that start one build and wait for its end. */
export interface BuildStates {
  /** Name of the first state, as failures of both are told. */
  readonly name: string;
  readonly start: TaskStateBase;
  /** Follows a start that was not answered. */
  readonly resume: TaskStateBase;
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
