import { AwsError } from '../../door/wire.ts';
import type { Database } from '../../persistence/database.ts';
import { createOutbox, type Outbox } from './outbox.ts';
import { createSubscriptions, type Subscriptions } from './subscriptions.ts';

export interface Topic {
  readonly arn: string;
  readonly displayName: string;
  /** ARN of the key that encrypts the topic's messages at rest. */
  readonly keyArn: string | undefined;
}

/** The topics of the template, with their stored subscriptions and mails. */
export interface SnsStore {
  putTopic(topic: Topic): void;
  /** Throws NotFound when there is no such topic. */
  findTopic(arn: string): Topic;
  readonly subscriptions: Subscriptions;
  readonly outbox: Outbox;
}

export function createSnsStore(database: Database, now: () => number): SnsStore {
  const topics = new Map<string, Topic>();
  return {
    putTopic: (topic) => void topics.set(topic.arn, topic),
    findTopic(arn) {
      const topic = topics.get(arn);
      if (!topic) throw new AwsError('NotFound', 'Topic does not exist', 404);
      return topic;
    },
    subscriptions: createSubscriptions(database, now),
    outbox: createOutbox(database, now),
  };
}
