import { Duration, LegacyStackSynthesizer, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import { AnyPrincipal, Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { BlockPublicAccess, Bucket, BucketEncryption } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { nameIn, stateBucketName, stateKeyTag } from '../lambdas/domain/contract/installation.ts';
import { acknowledge } from './constructs/permissions.ts';

export interface StateBucketStackProps extends StackProps {
  readonly installation: string;
}

/**
 * The bucket for Terraform state, one in each account and region with environments. Several environments may share a
 * bucket. It therefore lets the roles of an environment reach only their own state object and its lock, whatever other
 * policies they have.
 */
export class StateBucketStack extends Stack {
  constructor(scope: Construct, id: string, { installation, ...props }: StateBucketStackProps) {
    super(scope, id, {
      description: 'Stagegate: the bucket for Terraform state of one account and region',
      synthesizer: new LegacyStackSynthesizer(),
      ...props,
    });
    const key = new Key(this, 'Key', {
      alias: nameIn(installation, 'state'),
      description: 'Stagegate: Terraform state',
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    const bucket = new Bucket(this, 'Bucket', {
      bucketName: stateBucketName(installation, this.account, this.region),
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      versioned: true,
      encryption: BucketEncryption.KMS,
      encryptionKey: key,
      bucketKeyEnabled: true,
      // An older version of the state is the only way back from a broken one.
      lifecycleRules: [{ noncurrentVersionExpiration: Duration.days(365), noncurrentVersionsToRetain: 100 }],
      removalPolicy: RemovalPolicy.RETAIN,
    });
    const environmentRoles = {
      ArnLike: { 'aws:PrincipalArn': `arn:${this.partition}:iam::${this.account}:role/${nameIn(installation, '*')}` },
    };
    const ownState = bucket.arnForObjects(`\${aws:PrincipalTag/${stateKeyTag(installation)}}`);
    bucket.addToResourcePolicy(
      new PolicyStatement({
        sid: 'OnlyOwnState',
        effect: Effect.DENY,
        principals: [new AnyPrincipal()],
        actions: ['s3:DeleteObject*', 's3:GetObject*', 's3:PutObject*'],
        notResources: [ownState, `${ownState}.tflock`],
        conditions: environmentRoles,
      }),
    );
    key.addToResourcePolicy(
      new PolicyStatement({
        sid: 'OnlyUse',
        effect: Effect.DENY,
        principals: [new AnyPrincipal()],
        actions: ['kms:CreateGrant', 'kms:DisableKey', 'kms:PutKeyPolicy', 'kms:ScheduleKeyDeletion'],
        resources: ['*'],
        conditions: environmentRoles,
      }),
    );
    acknowledge(
      bucket,
      'AwsSolutions-S1',
      "who reads state is a matter for the account's CloudTrail data events; access logs beside the state would be " +
        'one more bucket to protect in every account',
    );
  }
}
