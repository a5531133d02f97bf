import {
  Aws,
  CfnCondition,
  CfnOutput,
  CfnParameter,
  Fn,
  LegacyStackSynthesizer,
  Stack,
  type StackProps,
  Token,
} from 'aws-cdk-lib';
import { CfnManagedPolicy, CfnRole, PolicyDocument, type PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import {
  environmentTag,
  nameIn,
  type RolePurpose,
  roleNameOf,
  stateBucketName,
  stateKeyTag,
} from '../lambdas/domain/contract/installation.ts';
import { acknowledge } from './constructs/permissions.ts';
import { DNS_WILDCARDS, dnsStatements } from './dns-statements.ts';
import { LockTable } from './lock-table.ts';
import { planReadsStatements } from './plan-reads-statements.ts';
import { StateStatements } from './state-statements.ts';
import { textParameter, textParameterOr } from './text-parameters.ts';
import { ROLE_ARN, trustByName } from './trust-by-name.ts';

type Purpose = Exclude<RolePurpose, 'dns'>;

export interface TargetAccountStackProps extends StackProps {
  readonly installation: string;
}

/**
 * The roles of one environment, in the environment's account: one plans, one applies, and one reads the state. The
 * template is plain (CloudFormation parameters, no assets, no bootstrap), so that a StackSet can roll it out. Each role
 * trusts only the roles of single functions in the control account, and only with the environment's external id. It
 * knows them by name, so it also trusts one that was deleted and made again. No role can reach another environment's
 * state or change these guards.
 */
export class TargetAccountStack extends Stack {
  /** The ARNs that each role trusts: one, or a list whose contents only CloudFormation knows. */
  private readonly trusted: Readonly<Record<Purpose, string | readonly string[]>>;
  /** The broker's role. All trusted roles are in its account. */
  private readonly broker: string;
  private readonly installation: string;
  private readonly externalId: string;
  private readonly application: string;
  private readonly environmentName: string;
  private readonly stateKey: string;
  private readonly state: StateStatements;

  constructor(scope: Construct, id: string, { installation, ...props }: TargetAccountStackProps) {
    super(scope, id, {
      description: 'Stagegate: the roles with which one environment is planned and applied',
      synthesizer: new LegacyStackSynthesizer(),
      ...props,
    });
    // cfn-lint does not know all actions of AWS yet; test/domain/contract/plan-reads.test.ts compares those used here
    // with AWS's own list.
    this.templateOptions.metadata = { 'cfn-lint': { config: { ignore_checks: ['W3037'] } } };
    this.installation = installation;
    this.application = textParameter(this, 'Application', {
      description: 'The application, as registered with Stagegate',
      allowedPattern: '^[a-z][a-z0-9-]{0,31}$',
    });
    this.environmentName = textParameter(this, 'Environment', {
      description: 'The environment, as registered with Stagegate',
      allowedPattern: '^[a-z][a-z0-9-]{0,15}$',
    });
    this.externalId = textParameter(this, 'ExternalId', {
      description: "The environment's external id, which no build is given",
      allowedPattern: '^[0-9a-f]{32}$',
      noEcho: true,
    });
    this.broker = textParameter(this, 'CredentialsRoleArn', {
      description: 'Output CredentialsRoleArn of the stack Stagegate',
      allowedPattern: ROLE_ARN,
    });
    const stateReaders = new CfnParameter(this, 'StateReaderRoleArns', {
      type: 'CommaDelimitedList',
      description: 'Output StateReaderRoleArns of the stack Stagegate',
      allowedPattern: ROLE_ARN,
    });
    this.trusted = { plan: this.broker, apply: this.broker, state: stateReaders.valueAsList };
    const bucketName = textParameterOr(this, 'StateBucket', {
      description: `Bucket of the Terraform state; empty: ${stateBucketName(installation, '<account>', '<region>')}`,
      otherwise: stateBucketName(installation, this.account, this.region),
    });
    this.stateKey = textParameterOr(this, 'StateKey', {
      description: 'Key of the Terraform state; empty: apps/<application>/<environment>/terraform.tfstate',
      otherwise: `apps/${this.application}/${this.environmentName}/terraform.tfstate`,
    });
    this.state = new StateStatements({
      installation,
      partition: this.partition,
      account: this.account,
      bucketArn: `arn:${this.partition}:s3:::${bucketName}`,
      stateKey: this.stateKey,
      kmsKeyArn: this.keyOfOtherAccount(),
    });
    const applyPolicyArns = new CfnParameter(this, 'ApplyPolicyArns', {
      type: 'CommaDelimitedList',
      description:
        'Policies of the apply role: the resources that this environment may have; empty: AdministratorAccess',
      // A default ARN would have to name the partition, and the default of a parameter cannot refer to it.
      default: '',
    });
    const hasNoApplyPolicies = new CfnCondition(this, 'IsApplyPolicyArnsEmpty', {
      expression: Fn.conditionEquals(Fn.join('', applyPolicyArns.valueAsList), ''),
    });
    const applyPolicies = Fn.conditionIf(
      hasNoApplyPolicies.logicalId,
      [this.managedPolicy('AdministratorAccess')],
      applyPolicyArns.valueAsList,
    );

    const lockTable = new LockTable(this);
    const plan = this.planRole(lockTable);
    const apply = this.role('apply', Token.asList(applyPolicies), this.state.applying());
    acknowledge(
      apply,
      'AwsSolutions-IAM4',
      'which policies an environment is built with is for its owner to say, by a parameter that the rule cannot read',
    );
    acknowledge(
      apply,
      'CloudFormation-Validate::F3031',
      'an empty list of policies never gets there: a condition puts AdministratorAccess in its place',
    );

    lockTable.grantLocking({
      policyName: nameIn(installation, `${this.application}-${this.environmentName}-lock`),
      stateAddress: `${bucketName}/${this.stateKey}`,
      roles: [plan, apply],
    });

    const { dns, hasDns } = this.dnsRole();
    const state = this.role('state', [], this.state.looking());

    const outputs = {
      PlanRoleArn: plan.attrArn,
      ApplyRoleArn: apply.attrArn,
      StateRoleArn: state.attrArn,
      StateBucketName: bucketName,
      StateObjectKey: this.stateKey,
    };
    for (const [name, value] of Object.entries(outputs)) new CfnOutput(this, name, { value });
    new CfnOutput(this, 'DnsRoleArn', { value: dns.attrArn, condition: hasDns });
  }

  /**
   * Makes the role of plans. A plan runs code that nobody has reviewed. It may therefore read the configuration of
   * everything in the account, but no data except its own state and what the stack's parameters list. A separate policy
   * denies what few configurations need, because IAM limits the size of all inline policies together.
   */
  private planRole(lockTable: LockTable): CfnRole {
    const always = {
      PlanReadsS3: [this.state.stateArn, this.state.lockArn],
      // Parameters of AWS itself, such as the newest images. Only their names can begin like this.
      PlanReadsParameters: [`arn:${this.partition}:ssm:*:*:parameter/aws/service/*`],
    };
    const { PlanReadsOther, ...denied } = planReadsStatements(this, always, { PlanReadsTables: lockTable });
    const others = new CfnManagedPolicy(this, 'PlanReads', {
      managedPolicyName: this.roleName('plan'),
      description: 'Stagegate: what plans of one environment may not read',
      policyDocument: { Version: '2012-10-17', Statement: [PlanReadsOther] },
    });
    const plan = this.role('plan', [this.managedPolicy('ReadOnlyAccess'), others.ref], this.state.planning(), [
      {
        policyName: 'PlanReads',
        policyDocument: { Version: '2012-10-17', Statement: Object.values(denied) },
      },
    ]);
    acknowledge(
      plan,
      'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/ReadOnlyAccess]',
      'a plan reads whatever the configuration manages, which is unknown here; data is denied to it again',
    );
    return plan;
  }

  /**
   * Makes the role that publishes the environment's hostname and requests its certificate. It exists where a hostname
   * is given. It may write the records of that name and those that prove it, and use only certificates with its tag.
   */
  private dnsRole(): { dns: CfnRole; hasDns: CfnCondition } {
    const hostname = textParameter(this, 'Hostname', {
      description: 'Hostname of the environment, as Stagegate shows it; empty: no DNS',
      allowedPattern: '^$|^[a-z0-9.-]+$',
      default: '',
    });
    const commonName = textParameterOr(this, 'CertificateCommonName', {
      description: "Short common name of the certificate, where the hostname is too long; empty: the hostname's own",
      otherwise: hostname,
    });
    const zoneId = textParameterOr(this, 'HostedZoneId', {
      description: 'Hosted zone of the hostname in this account; empty: whichever contains it',
      otherwise: '*',
    });
    const trusted = new CfnParameter(this, 'DnsRoleArns', {
      type: 'CommaDelimitedList',
      description: 'Output DnsRoleArns of the stack Stagegate; needed with a hostname',
      allowedPattern: `^$|${ROLE_ARN}`,
      default: '',
    });
    const hasDns = new CfnCondition(this, 'HasDns', {
      expression: Fn.conditionNot(Fn.conditionEquals(hostname, '')),
    });
    const statements = dnsStatements({
      zoneArn: `arn:${this.partition}:route53:::hostedzone/${zoneId}`,
      changesArn: `arn:${this.partition}:route53:::change/*`,
      certificatesArn: `arn:${this.partition}:acm:${this.region}:${this.account}:certificate/*`,
      hostname,
      commonName,
      tag: environmentTag(this.installation),
      environment: `${this.application}/${this.environmentName}`,
    });
    const dns = new CfnRole(this, 'DnsRole', {
      roleName: this.roleName('dns'),
      description: 'Stagegate: publishes the hostname of one environment and requests its certificate',
      assumeRolePolicyDocument: this.trust(trusted.valueAsList),
      policies: [{ policyName: 'Environment', policyDocument: new PolicyDocument({ statements }) }],
    });
    dns.cfnOptions.condition = hasDns;
    for (const [resource, reason] of DNS_WILDCARDS)
      acknowledge(dns, `AwsSolutions-IAM5[Resource::${resource}]`, reason);
    return { dns, hasDns };
  }

  /** Returns the key that the backend's `kms_key_id` names, where it is none of this account. */
  private keyOfOtherAccount(): string {
    return textParameterOr(this, 'StateKmsKeyArn', {
      description: 'ARN of the KMS key of the state (kms_key_id), if it belongs to another account; empty: none',
      allowedPattern: '^$|^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$',
      otherwise: Aws.NO_VALUE,
    });
  }

  private trust(roleArns: string | readonly string[]): object {
    return trustByName({ roleArns, inAccountOf: this.broker, externalId: this.externalId });
  }

  private role(
    purpose: Purpose,
    managedPolicyArns: string[],
    own: PolicyStatement[],
    more: CfnRole.PolicyProperty[] = [],
  ): CfnRole {
    const role = new CfnRole(this, LOGICAL_IDS[purpose], {
      roleName: this.roleName(purpose),
      description: DESCRIPTIONS[purpose],
      assumeRolePolicyDocument: this.trust(this.trusted[purpose]),
      managedPolicyArns,
      policies: [
        {
          policyName: 'Environment',
          policyDocument: new PolicyDocument({ statements: own }),
        },
        ...more,
      ],
      tags: [{ key: stateKeyTag(this.installation), value: this.stateKey }],
    });
    acknowledge(
      role,
      `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:kms:*:<AWS::AccountId>:key/*]`,
      "the state bucket's key is not known here; limited by condition to encryption of this one bucket through S3",
    );
    return role;
  }

  private roleName(purpose: RolePurpose): string {
    const { application, environmentName: environment } = this;
    return roleNameOf(this.installation, { application, environment }, purpose);
  }

  private managedPolicy(name: string): string {
    return `arn:${this.partition}:iam::aws:policy/${name}`;
  }
}

/** Logical ids of the roles. The local cloud finds the roles by them, too. */
const LOGICAL_IDS = { plan: 'PlanRole', apply: 'ApplyRole', state: 'StateRole' } as const;

const DESCRIPTIONS = {
  plan: 'Stagegate: terraform plan of one environment',
  apply: 'Stagegate: terraform apply of one environment',
  state: 'Stagegate: looks whether the state of one environment has changed',
} as const;
