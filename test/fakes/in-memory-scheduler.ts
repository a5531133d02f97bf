import type { Scheduler } from '../../lambdas/domain/ports.ts';

interface WakeUp {
  readonly at: string;
  readonly application: string;
  readonly environment: string;
}

/** Wake-ups by name; the test decides whether and when they come. */
export class InMemoryScheduler implements Scheduler {
  readonly wakeUps = new Map<string, WakeUp>();

  async wakeAt(name: string, at: string, environment: { application: string; environment: string }): Promise<void> {
    this.wakeUps.set(name, { at, ...environment });
  }

  async cancel(name: string): Promise<void> {
    this.wakeUps.delete(name);
  }
}
