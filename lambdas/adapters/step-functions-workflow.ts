import {
  DescribeExecutionCommand,
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  InvalidToken,
  paginateGetExecutionHistory,
  SendTaskSuccessCommand,
  SFNClient,
  StartExecutionCommand,
  TaskDoesNotExist,
  TaskTimedOut,
} from '@aws-sdk/client-sfn';
import * as z from 'zod';
import type { Workflow } from '../domain/ports.ts';

const EXECUTION_STATUS = {
  RUNNING: 'running',
  PENDING_REDRIVE: 'failed',
  SUCCEEDED: 'succeeded',
  FAILED: 'failed',
  TIMED_OUT: 'timed-out',
  ABORTED: 'aborted',
} as const;

/** The output of the TaskSubmitted event of codebuild:startBuild.sync. */
const SubmittedSchema = z.object({ Build: z.object({ Id: z.string() }) });

/** Runs one execution per deployment. The id of the deployment is the name of its execution. */
export class StepFunctionsWorkflow implements Workflow {
  readonly #machineArn: string;
  readonly #client: SFNClient;

  constructor(machineArn: string, client: SFNClient = new SFNClient({})) {
    this.#machineArn = machineArn;
    this.#client = client;
  }

  async start(deploymentId: string): Promise<void> {
    try {
      const input = JSON.stringify({ deploymentId });
      await this.#client.send(
        new StartExecutionCommand({ stateMachineArn: this.#machineArn, name: deploymentId, input }),
      );
    } catch (error) {
      if (!(error instanceof ExecutionAlreadyExists)) throw error;
    }
  }

  async resume(token: string): Promise<'resumed' | 'gone'> {
    try {
      await this.#client.send(new SendTaskSuccessCommand({ taskToken: token, output: '{}' }));
      return 'resumed';
    } catch (error) {
      if (error instanceof TaskTimedOut || error instanceof TaskDoesNotExist || error instanceof InvalidToken)
        return 'gone';
      throw error;
    }
  }

  async execution(deploymentId: string): ReturnType<Workflow['execution']> {
    try {
      const { status = 'RUNNING', startDate } = await this.#client.send(
        new DescribeExecutionCommand({ executionArn: this.#executionArn(deploymentId) }),
      );
      return { status: EXECUTION_STATUS[status], ...(startDate && { startedAt: startDate.toISOString() }) };
    } catch (error) {
      if (error instanceof ExecutionDoesNotExist) return { status: 'absent' };
      throw error;
    }
  }

  async builds(deploymentId: string): Promise<string[]> {
    const ids: string[] = [];
    const pages = paginateGetExecutionHistory(
      { client: this.#client },
      { executionArn: this.#executionArn(deploymentId), includeExecutionData: true },
    );
    for await (const { events = [] } of pages)
      for (const { taskSubmittedEventDetails: submitted } of events) {
        if (submitted?.resourceType !== 'codebuild' || !submitted.output) continue;
        ids.unshift(SubmittedSchema.parse(JSON.parse(submitted.output)).Build.Id);
      }
    return ids;
  }

  #executionArn(deploymentId: string): string {
    return `${this.#machineArn.replace(':stateMachine:', ':execution:')}:${deploymentId}`;
  }
}
