import type { Workflow } from '../../lambdas/domain/ports.ts';

type Execution = Awaited<ReturnType<Workflow['execution']>>;

/** Step Functions as far as starting, resuming and looking goes; the test says how executions go on. */
export class FakeWorkflow implements Workflow {
  readonly executions = new Map<string, Execution>();
  /** Tokens of tasks that wait now. */
  readonly waiting = new Set<string>();
  /** Tokens that were resumed while their task waited, in order. */
  readonly resumed: string[] = [];
  readonly buildIds = new Map<string, string[]>();

  async start(deploymentId: string): Promise<void> {
    if (!this.executions.has(deploymentId)) this.executions.set(deploymentId, { status: 'running' });
  }

  async resume(token: string): Promise<'resumed' | 'gone'> {
    if (!this.waiting.delete(token)) return 'gone';
    this.resumed.push(token);
    return 'resumed';
  }

  async execution(deploymentId: string): Promise<Execution> {
    return this.executions.get(deploymentId) ?? { status: 'absent' };
  }

  async builds(deploymentId: string): Promise<string[]> {
    return this.buildIds.get(deploymentId) ?? [];
  }

  end(deploymentId: string, status: Execution['status']): void {
    this.executions.set(deploymentId, { status });
  }
}
