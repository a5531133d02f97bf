import { createHmac } from 'node:crypto';
import type { WebhookSecrets } from '../../lambdas/domain/ports.ts';

/** Derives secrets with a key in memory instead of one in KMS. */
export class FakeWebhookSecrets implements WebhookSecrets {
  generations: readonly string[];

  constructor(generations: readonly string[] = ['1']) {
    this.generations = generations;
  }

  async of(part?: string): Promise<readonly string[]> {
    return this.generations.map((generation) => this.secret(generation, part));
  }

  secret(generation = '1', part?: string): string {
    const name = ['github', generation, ...(part ? [part] : [])].join('/');
    return createHmac('sha256', 'key of the fake').update(name).digest('base64');
  }
}
