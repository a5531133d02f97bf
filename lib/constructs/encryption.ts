import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key, KeySpec, KeyUsage } from 'aws-cdk-lib/aws-kms';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { nameIn } from '../../lambdas/domain/contract/installation.ts';
import type { Config } from '../config.ts';
import type { Binding } from './binding.ts';
import type { Permission } from './permissions.ts';

/** The three keys. One encrypts everything at rest, one derives approval links, and one derives webhook secrets. */
export class Encryption extends Construct {
  readonly dataKey: Key;
  private readonly linkKey: Key;
  private readonly webhookKey: Key;
  private readonly logRetentionDays: Config['logRetentionDays'];

  constructor(scope: Construct, id: string, config: Config) {
    super(scope, id);
    const { installation } = config;
    const removalPolicy = config.removalPolicy === 'retain' ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;
    this.dataKey = new Key(this, 'DataKey', {
      alias: nameIn(installation, 'data'),
      description: 'Stagegate: records, plan bundles, notifications and logs',
      enableKeyRotation: true,
      removalPolicy,
    });
    this.linkKey = new Key(this, 'LinkKey', {
      alias: nameIn(installation, 'links'),
      description: 'Stagegate: derives the secrets of approval links; deleting it voids every open link',
      keySpec: KeySpec.HMAC_256,
      keyUsage: KeyUsage.GENERATE_VERIFY_MAC,
      removalPolicy,
    });
    this.webhookKey = new Key(this, 'WebhookKey', {
      alias: nameIn(installation, 'webhooks'),
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
        // Unlike other services, CloudWatch Logs has a different principal name in each region and partition.
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
   * Lets a role use data that a service encrypts with the data key, in addition to the permissions of the service:
   * `unwrap` the keys that the service wrapped, or also `wrap` a new key for each object or message that is written.
   * The data key itself encrypts only such keys.
   */
  allow(use: 'unwrap' | 'wrap'): Permission {
    const unwrapping = ['kms:Decrypt', 'kms:DescribeKey'];
    const actions = use === 'unwrap' ? unwrapping : [...unwrapping, 'kms:GenerateDataKey'];
    return { actions, resources: [this.dataKey.keyArn] };
  }

  /** Lets a function derive link secrets, to make links and to check them. */
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

  /** Makes an encrypted log group that keeps entries for the configured days and is deleted with the stack. */
  logGroup(scope: Construct, id: string, logGroupName: string): LogGroup {
    return new LogGroup(scope, id, {
      logGroupName,
      encryptionKey: this.dataKey,
      retention: this.logRetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
  }
}
