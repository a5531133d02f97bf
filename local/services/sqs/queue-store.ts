import { AwsError } from '../../door/wire.ts';
import type { Queue } from './queue.ts';

/** The queues of one account and region by name, with their ARNs and URLs. */
export class QueueStore {
  readonly #queues = new Map<string, Queue>();
  readonly #accountId: string;
  readonly region: string;

  constructor(accountId: string, region: string) {
    this.#accountId = accountId;
    this.region = region;
  }

  arnOf(name: string): string {
    return `arn:aws:sqs:${this.region}:${this.#accountId}:${name}`;
  }

  urlOf(name: string): string {
    return `https://sqs.${this.region}.amazonaws.com/${this.#accountId}/${name}`;
  }

  put(queue: Queue): void {
    this.#queues.set(queue.props.name, queue);
  }

  remove(name: string): void {
    this.#queues.delete(name);
  }

  find(name: string): Queue | undefined {
    return this.#queues.get(name);
  }

  require(name: string): Queue {
    const queue = this.#queues.get(name);
    if (!queue) throw new AwsError('QueueDoesNotExist', 'The specified queue does not exist.');
    return queue;
  }

  list(): Queue[] {
    return [...this.#queues.values()];
  }
}

export const queueNameIn = (queueUrl: string): string => queueUrl.split('/').at(-1) ?? queueUrl;
