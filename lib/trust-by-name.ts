import { Aws, Fn } from 'aws-cdk-lib';

/** The ARN of a role without wildcards, which a condition on ARNs would expand. */
export const ROLE_ARN = '^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]+$';

/** Position of the account in the colon-separated parts of an ARN. */
const ACCOUNT_OF_ARN = 4;

export interface Trust {
  /** The trusted roles: one, or a list whose contents only CloudFormation knows. */
  readonly roleArns: string | readonly string[];
  /** Any role of the account that the trusted roles are in. */
  readonly inAccountOf: string;
  readonly externalId: string;
}

/**
 * Returns a trust policy that knows roles by their names. IAM replaces a role as principal by its unique id, so a role
 * that was deleted and made again under the same name would not be trusted any more (ADR 98). The policy is plain JSON:
 * a PolicyDocument loses the items of lists that only CloudFormation knows.
 */
export function trustByName({ roleArns, inAccountOf, externalId }: Trust): object {
  const account = Fn.select(ACCOUNT_OF_ARN, Fn.split(':', inAccountOf));
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { AWS: `arn:${Aws.PARTITION}:iam::${account}:root` },
        Action: 'sts:AssumeRole',
        Condition: {
          ArnEquals: { 'aws:PrincipalArn': roleArns },
          StringEquals: { 'sts:ExternalId': externalId },
        },
      },
    ],
  };
}
