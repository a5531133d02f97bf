import { Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { Binding } from './binding.ts';
import type { Encryption } from './encryption.ts';

/**
 * The topic that approvers subscribe to. Subscriptions filter by an attribute that names the recipient of a message.
 */
export class Notifications extends Construct {
  readonly topicArn: string;
  private readonly encryption: Encryption;

  constructor(scope: Construct, id: string, encryption: Encryption) {
    super(scope, id);
    const topic = new Topic(this, 'Approvals', {
      displayName: 'Stagegate',
      masterKey: encryption.dataKey,
      enforceSSL: true,
    });
    this.topicArn = topic.topicArn;
    this.encryption = encryption;
  }

  /** Lets a function mail approvers, after checking which of them are subscribed. */
  publishing(): Binding {
    return {
      value: this.topicArn,
      permissions: [
        { actions: ['sns:ListSubscriptionsByTopic', 'sns:Publish'], resources: [this.topicArn] },
        this.encryption.allow('wrap'),
      ],
    };
  }

  /** Lets a function list the subscriptions, and subscribe approvers again who lost theirs. */
  renewing(): Binding {
    const actions = ['sns:ListSubscriptionsByTopic', 'sns:Subscribe'];
    return { value: this.topicArn, permissions: [{ actions, resources: [this.topicArn] }] };
  }

  /** Lets a function manage the subscriptions, and mail approvers. */
  subscribingAndPublishing(): Binding {
    const ofTopic = ['sns:ConfirmSubscription', 'sns:ListSubscriptionsByTopic', 'sns:Subscribe'];
    const ofSubscription = ['sns:GetSubscriptionAttributes', 'sns:Unsubscribe'];
    return {
      value: this.topicArn,
      permissions: [
        { actions: ofTopic, resources: [this.topicArn] },
        {
          actions: ofSubscription,
          resources: ['*'],
          wildcardReason: 'SNS has no resource type for subscriptions, these actions cannot be limited to a topic',
        },
        ...this.publishing().permissions,
      ],
    };
  }
}
