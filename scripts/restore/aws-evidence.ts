import { paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3';
import {
  DescribeExecutionCommand,
  ExecutionDoesNotExist,
  GetExecutionHistoryCommand,
  paginateListExecutions,
  SFNClient,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import { startedApplyOf } from '../../lambdas/domain/build/run-prefix.ts';
import { RUNS_PREFIX } from '../../lambdas/domain/contract/run-objects.ts';
import type { Builds, Workflow } from '../../lambdas/domain/ports.ts';
import type { Evidence, ExecutionFacts, StartedApply } from './aftermath.ts';

export interface AwsEvidenceProps {
  readonly bucket: string;
  readonly machineArn: string;
  readonly s3?: S3Client;
  readonly states?: SFNClient;
  readonly workflow: Pick<Workflow, 'builds'>;
  readonly builds: Pick<Builds, 'anyInProgress'>;
}

/** Reads S3 and Step Functions with the operator's own credentials: no function may list the bucket. */
export class AwsEvidence implements Evidence {
  readonly #props: AwsEvidenceProps;
  readonly #s3: S3Client;
  readonly #states: SFNClient;

  constructor(props: AwsEvidenceProps) {
    this.#props = props;
    this.#s3 = props.s3 ?? new S3Client({});
    this.#states = props.states ?? new SFNClient({});
  }

  async appliesSince(moment: string): Promise<StartedApply[]> {
    const started: StartedApply[] = [];
    const pages = paginateListObjectsV2({ client: this.#s3 }, { Bucket: this.#props.bucket, Prefix: RUNS_PREFIX });
    for await (const { Contents = [] } of pages)
      for (const { Key = '', LastModified } of Contents) {
        const apply = startedApplyOf(Key);
        const at = LastModified?.toISOString() ?? '';
        if (apply && at >= toSecond(moment)) started.push({ ...apply, at });
      }
    return started;
  }

  async executionsSince(moment: string): Promise<string[]> {
    const names: string[] = [];
    const pages = paginateListExecutions({ client: this.#states }, { stateMachineArn: this.#props.machineArn });
    for await (const { executions = [] } of pages)
      for (const { name, startDate } of executions) {
        // The newest come first.
        if (!startDate || startDate.toISOString() < moment) return names;
        if (name) names.push(name);
      }
    return names;
  }

  async execution(deploymentId: string): Promise<ExecutionFacts> {
    const executionArn = this.#arnOf(deploymentId);
    try {
      const { status, startDate } = await this.#states.send(new DescribeExecutionCommand({ executionArn }));
      const newest = new GetExecutionHistoryCommand({ executionArn, reverseOrder: true, maxResults: 1 });
      const { events: [last] = [] } = await this.#states.send(newest);
      const builds = await this.#props.workflow.builds(deploymentId);
      return {
        status: status === 'RUNNING' ? 'running' : 'ended',
        ...(startDate && { startedAt: startDate.toISOString() }),
        ...(last?.timestamp && { movedAt: last.timestamp.toISOString() }),
        isBuilding: builds.length > 0 && (await this.#props.builds.anyInProgress(builds)),
      };
    } catch (error) {
      if (error instanceof ExecutionDoesNotExist) return { status: 'absent', isBuilding: false };
      throw error;
    }
  }

  async stop(deploymentId: string): Promise<void> {
    const cause = 'the table was set back, and this execution had gone on since';
    const executionArn = this.#arnOf(deploymentId);
    await this.#states.send(new StopExecutionCommand({ executionArn, error: 'restored', cause }));
  }

  #arnOf(deploymentId: string): string {
    return `${this.#props.machineArn.replace(':stateMachine:', ':execution:')}:${deploymentId}`;
  }
}

/** S3 tells the time of an object in whole seconds. */
const toSecond = (instant: string): string => instant.replace(/\.\d+Z$/, '.000Z');
