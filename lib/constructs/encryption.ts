import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key, KeySpec, KeyUsage } from 'aws-cdk-lib/aws-kms';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { Config } from '../config.ts';
import type { Binding } from './binding.ts';
import type { Permission } from './permissions.ts';

/** The three keys: one encrypts everything at rest, one derives approval links, one the secrets of webhooks. */
export class Encryption extends Construct {
  readonly dataKey: Key;
  private readonly linkKey: Key;
  private readonly webhookKey: Key;
  private readonly logRetentionDays: Config['logRetentionDays'];

  constructor(scope: Construct, id: string, config: Config) {
    super(scope, id);
    const removalPolicy = config.removalPolicy === 'retain' ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;
    this.dataKey = new Key(this, 'DataKey', {
      alias: 'stagegate-data',
      description: 'Stagegate: records, plan bundles, notifications and logs',
      enableKeyRotation: true,
      removalPolicy,
    });
    this.linkKey = new Key(this, 'LinkKey', {
      alias: 'stagegate-links',
      description: 'Stagegate: derives the secrets of approval links; deleting it voids every open link',
      keySpec: KeySpec.HMAC_256,
      keyUsage: KeyUsage.GENERATE_VERIFY_MAC,
      removalPolicy,
    });
    this.webhookKey = new Key(this, 'WebhookKey', {
      alias: 'stagegate-webhooks',
      description: 'Stagegate: derives the secrets that git hosts sign webhooks with; deleting it voids all of them',
      keySpec: KeySpec.HMAC_256,
      keyUsage: KeyUsage.GENERATE_VERIFY_MAC,
      removalPolicy,
    });
    this.logRetentionDays = config.logRetentionDays;
    const { partition, region, account, urlSuffix } = Stack.of(this);
    this.dataKey.addToResourcePolicy(
      new PolicyStatement({
        sid: 'EncryptLogs',
        // Unlike other services, CloudWatch Logs has a name of its own in each region and partition.
        principals: [new ServicePrincipal(`logs.${region}.${urlSuffix}`)],
        actions: ['kms:Decrypt', 'kms:DescribeKey', 'kms:Encrypt', 'kms:GenerateDataKey*', 'kms:ReEncrypt*'],
        resources: ['*'],
        conditions: {
          ArnLike: { 'kms:EncryptionContext:aws:logs:arn': `arn:${partition}:logs:${region}:${account}:log-group:*` },
        },
      }),
    );
  }

  /**
   * The permissions that what the data key encrypts needs beside those of the service itself: `unwrap` the key that a
   * service wrapped with it, or have a new one made for each object or message that is written. Nothing is encrypted
   * with the data key itself.
   */
  allow(use: 'unwrap' | 'wrap'): Permission {
    const unwrapping = ['kms:Decrypt', 'kms:DescribeKey'];
    const actions = use === 'unwrap' ? unwrapping : [...unwrapping, 'kms:GenerateDataKey'];
    return { actions, resources: [this.dataKey.keyArn] };
  }

  /** Lets a function derive and recompute link secrets. */
  linkSecrets(): Binding {
    return {
      value: this.linkKey.keyArn,
      permissions: [{ actions: ['kms:GenerateMac'], resources: [this.linkKey.keyArn] }],
    };
  }

  /** Lets a function derive the secrets that webhooks are signed with. */
  webhookSecrets(): Binding {
    return {
      value: this.webhookKey.keyArn,
      permissions: [{ actions: ['kms:GenerateMac'], resources: [this.webhookKey.keyArn] }],
    };
  }

  /** An encrypted log group that forgets after the configured days and goes with the stack. */
  logGroup(scope: Construct, id: string, logGroupName: string): LogGroup {
    return new LogGroup(scope, id, {
      logGroupName,
      encryptionKey: this.dataKey,
      retention: this.logRetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
  }
}
