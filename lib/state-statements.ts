import { Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';

interface StateStatementsProps {
  readonly partition: string;
  readonly account: string;
  /** Of the bucket with the states of all environments. */
  readonly bucketArn: string;
  /** Key of this environment's own state. */
  readonly stateKey: string;
}

/** What the roles of one environment may do with its Terraform state, and with no other. */
export class StateStatements {
  /** The state, an object in the bucket. */
  readonly stateArn: string;
  /** Terraform's lock: an object beside the state. */
  readonly lockArn: string;
  private readonly props: StateStatementsProps;

  constructor(props: StateStatementsProps) {
    this.props = props;
    this.stateArn = `${props.bucketArn}/${props.stateKey}`;
    this.lockArn = `${this.stateArn}.tflock`;
  }

  /** Looking at the state, beside Terraform. */
  looking(): PolicyStatement[] {
    return [this.read(), this.list(), this.useKey(['kms:Decrypt'])];
  }

  /** `terraform plan`: it locks the state, too. */
  planning(): PolicyStatement[] {
    return [this.read(), ...this.terraform()];
  }

  /** `terraform apply`. */
  applying(): PolicyStatement[] {
    return [this.write(), ...this.terraform()];
  }

  /** What Terraform needs beside the state itself, and what it must not do whatever else it may. */
  private terraform(): PolicyStatement[] {
    return [this.list(), this.lock(), this.useKey(['kms:Decrypt', 'kms:GenerateDataKey']), ...this.guards()];
  }

  /**
   * Terraform's init lists workspaces below `env:/`, and a state that does not exist yet is a 403 instead of a 404 for who
   * may not list. Names of other environments' states are no secret; their contents stay closed.
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

  /** Terraform locks the state for a plan too, with an object beside it. */
  private lock(): PolicyStatement {
    return new PolicyStatement({
      sid: 'LockState',
      actions: ['s3:DeleteObject', 's3:GetObject', 's3:PutObject'],
      resources: [this.lockArn],
    });
  }

  /** S3 puts the bucket's or the object's ARN into the encryption context: enough to name the key without knowing it. */
  private useKey(actions: string[]): PolicyStatement {
    const { partition, account, bucketArn } = this.props;
    return new PolicyStatement({
      sid: 'UseStateKey',
      actions,
      resources: [`arn:${partition}:kms:*:${account}:key/*`],
      conditions: {
        StringLike: {
          'kms:EncryptionContext:aws:s3:arn': [bucketArn, `${bucketArn}/*`],
          // What it ends in differs between partitions; KMS writes it, so its beginning says enough.
          'kms:ViaService': 's3.*',
        },
      },
    });
  }

  /** What no policy of the apply role may allow: to loosen what keeps environments apart. */
  private guards(): PolicyStatement[] {
    const { partition, account, bucketArn } = this.props;
    return [
      new PolicyStatement({
        sid: 'KeepRoles',
        effect: Effect.DENY,
        actions: ['iam:*'],
        resources: ['role', 'policy'].map((kind) => `arn:${partition}:iam::${account}:${kind}/stagegate-*`),
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
