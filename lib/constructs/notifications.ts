import { Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { Binding } from './binding.ts';
import type { Encryption } from './encryption.ts';

/** The topic approvers subscribe to. Each message is for one recipient; subscriptions filter on that attribute. */
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

  /** Lets a function mail approvers, after looking who of them is subscribed. */
  publishing(): Binding {
    return {
      value: this.topicArn,
      permissions: [
        { actions: ['sns:ListSubscriptionsByTopic', 'sns:Publish'], resources: [this.topicArn] },
        this.encryption.allow('wrap'),
      ],
    };
  }

  /** Lets a function see who is subscribed, and subscribe again who is not. */
  renewing(): Binding {
    const actions = ['sns:ListSubscriptionsByTopic', 'sns:Subscribe'];
    return { value: this.topicArn, permissions: [{ actions, resources: [this.topicArn] }] };
  }

  /** Lets a function manage who is subscribed, and mail them. */
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
