import { createHash, randomUUID } from 'node:crypto';
import type { Collection } from '../../persistence/database.ts';

interface MessageAttribute {
  readonly DataType: string;
  readonly StringValue?: string;
}

/** A message of a queue. Times are epoch milliseconds. */
export interface QueueMessage {
  readonly id: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, MessageAttribute>>;
  readonly sentAt: number;
  readonly visibleAt: number;
  readonly receiveCount: number;
  /** Handle of the last time that the message was received. */
  readonly receiptHandle: string | null;
}

export interface QueueProps {
  readonly name: string;
  readonly arn: string;
  readonly retentionSeconds: number;
  readonly visibilitySeconds: number;
  readonly maximumBytes: number;
  readonly keyArn: string | undefined;
  readonly messages: Collection<QueueMessage>;
  readonly now: () => number;
}

/** A standard queue. It keeps its messages until they are deleted or too old. */
export class Queue {
  readonly props: QueueProps;

  constructor(props: QueueProps) {
    this.props = props;
  }

  send(body: string, attributes: QueueMessage['attributes']): QueueMessage {
    const now = this.props.now();
    const id = randomUUID();
    const message = { id, body, attributes, sentAt: now, visibleAt: now, receiveCount: 0, receiptHandle: null };
    this.props.messages.put(keyOf(message), message);
    return message;
  }

  /** Returns the messages, oldest first. Messages older than the retention period are deleted. */
  messages(): QueueMessage[] {
    const oldest = this.props.now() - this.props.retentionSeconds * 1000;
    return this.props.messages.entries().flatMap(([key, message]) => {
      if (message.sentAt >= oldest) return [message];
      this.props.messages.delete(key);
      return [];
    });
  }

  /** Returns messages and hides them from other receivers for a while. */
  receive(count: number, visibilitySeconds = this.props.visibilitySeconds): QueueMessage[] {
    const now = this.props.now();
    const visible = this.messages().filter(({ visibleAt }) => visibleAt <= now);
    return visible.slice(0, count).map((message) => {
      const received = {
        ...message,
        visibleAt: now + visibilitySeconds * 1000,
        receiveCount: message.receiveCount + 1,
        receiptHandle: randomUUID(),
      };
      this.props.messages.put(keyOf(received), received);
      return received;
    });
  }

  /** Deletes a message. Returns false when the handle is not that of any message's last receipt. */
  delete(receiptHandle: string): boolean {
    const message = this.messages().find((candidate) => candidate.receiptHandle === receiptHandle);
    if (message) this.props.messages.delete(keyOf(message));
    return message !== undefined;
  }
}

/** Returns a key that sorts by age. */
const keyOf = ({ sentAt, id }: QueueMessage): string => `${String(sentAt).padStart(15, '0')}-${id}`;

export const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
