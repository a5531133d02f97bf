import { Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { nameIn } from '../lambdas/domain/contract/installation.ts';

interface StateStatementsProps {
  readonly installation: string;
  readonly partition: string;
  readonly account: string;
  /** ARN of the bucket with the states of all environments. */
  readonly bucketArn: string;
  /** Key of this environment's own state. */
  readonly stateKey: string;
  /** ARN of a key of another account that encrypts the state; no value: none. */
  readonly kmsKeyArn: string;
}

/** What the roles of one environment may do with its own Terraform state. */
export class StateStatements {
  /** ARN of the state, an object in the bucket. */
  readonly stateArn: string;
  /** ARN of Terraform's lock, an object beside the state. */
  readonly lockArn: string;
  private readonly props: StateStatementsProps;

  constructor(props: StateStatementsProps) {
    this.props = props;
    this.stateArn = `${props.bucketArn}/${props.stateKey}`;
    this.lockArn = `${this.stateArn}.tflock`;
  }

  /** Lets a role read the state without Terraform. */
  looking(): PolicyStatement[] {
    return [this.read(), this.list(), this.useKey(['kms:Decrypt'])];
  }

  /** Lets a role run `terraform plan`, which locks the state, too. */
  planning(): PolicyStatement[] {
    return [this.read(), ...this.terraform()];
  }

  /** Lets a role run `terraform apply`. */
  applying(): PolicyStatement[] {
    return [this.write(), ...this.terraform()];
  }

  /** Allows what Terraform needs in addition to the state, and denies what no other policy may allow. */
  private terraform(): PolicyStatement[] {
    return [this.list(), this.lock(), this.useKey(['kms:Decrypt', 'kms:GenerateDataKey']), ...this.guards()];
  }

  /**
   * Lets a role list the bucket. Terraform's init lists workspaces below `env:/`, and without this permission S3
   * answers 403 instead of 404 for a state that does not exist yet. The names of other environments' states are no
   * secret; their contents cannot be read.
   */
  private list(): PolicyStatement {
    return new PolicyStatement({ sid: 'ListStates', actions: ['s3:ListBucket'], resources: [this.props.bucketArn] });
  }

  private read(): PolicyStatement {
    return new PolicyStatement({ sid: 'ReadState', actions: ['s3:GetObject'], resources: [this.stateArn] });
  }

  private write(): PolicyStatement {
    return new PolicyStatement({
      sid: 'WriteState',
      actions: ['s3:DeleteObject', 's3:GetObject', 's3:PutObject'],
      resources: [this.stateArn],
    });
  }

  /** Lets a role lock the state with an object beside it. Terraform also locks it for a plan. */
  private lock(): PolicyStatement {
    return new PolicyStatement({
      sid: 'LockState',
      actions: ['s3:DeleteObject', 's3:GetObject', 's3:PutObject'],
      resources: [this.lockArn],
    });
  }

  /**
   * Lets a role use the key of the state without knowing the ARN of a key of its own account: S3 puts the ARN of the bucket or the object
   * into the encryption context.
   */
  private useKey(actions: string[]): PolicyStatement {
    const { partition, account, bucketArn, kmsKeyArn } = this.props;
    return new PolicyStatement({
      sid: 'UseStateKey',
      actions,
      resources: [`arn:${partition}:kms:*:${account}:key/*`, kmsKeyArn],
      conditions: {
        StringLike: {
          'kms:EncryptionContext:aws:s3:arn': [bucketArn, `${bucketArn}/*`],
          // The end of the value differs between partitions. KMS writes it, so checking its beginning is enough.
          'kms:ViaService': 's3.*',
        },
      },
    });
  }

  /** Denies what would weaken the separation of environments, whatever policies the apply role has. */
  private guards(): PolicyStatement[] {
    const { installation, partition, account, bucketArn } = this.props;
    return [
      new PolicyStatement({
        sid: 'KeepRoles',
        effect: Effect.DENY,
        actions: ['iam:*'],
        resources: ['role', 'policy'].map(
          (kind) => `arn:${partition}:iam::${account}:${kind}/${nameIn(installation, '*')}`,
        ),
      }),
      new PolicyStatement({
        sid: 'KeepStateBucket',
        effect: Effect.DENY,
        actions: [
          's3:BypassGovernanceRetention',
          's3:DeleteBucket*',
          's3:DeleteObjectVersion*',
          's3:PutBucket*',
          's3:PutEncryptionConfiguration',
          's3:PutLifecycleConfiguration',
          's3:PutReplicationConfiguration',
        ],
        resources: [bucketArn, `${bucketArn}/*`],
      }),
    ];
  }
}
