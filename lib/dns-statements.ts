import { PolicyStatement } from 'aws-cdk-lib/aws-iam';

interface DnsStatementsProps {
  readonly zoneArn: string;
  readonly changesArn: string;
  readonly certificatesArn: string;
  readonly hostname: string;
  /** The common name of the certificate. Mostly it is the hostname itself. */
  readonly commonName: string;
  /** The tag by which the role recognizes its own certificates, and its value `<application>/<environment>`. */
  readonly tag: string;
  readonly environment: string;
}

/**
 * Returns what the DNS role of an environment may do: change only its own names in the zone and its own certificates.
 */
export function dnsStatements(props: DnsStatementsProps): PolicyStatement[] {
  const { zoneArn, changesArn, certificatesArn, hostname, commonName, tag, environment } = props;
  const names = [hostname, commonName];
  const allow = (
    sid: string,
    resource: string,
    actions: string[],
    conditions: Record<string, Record<string, string | string[]>> = {},
  ) => new PolicyStatement({ sid, actions, resources: [resource], conditions });
  return [
    allow('FindZone', '*', ['route53:ListHostedZonesByName']),
    allow('ReadZone', zoneArn, ['route53:GetHostedZone', 'route53:ListResourceRecordSets']),
    allow('WriteOwnRecords', zoneArn, ['route53:ChangeResourceRecordSets'], {
      // The hostname, and the records that prove the names to ACM.
      'ForAllValues:StringLike': {
        'route53:ChangeResourceRecordSetsNormalizedRecordNames': [hostname, ...names.map((name) => `_*.${name}`)],
      },
      'ForAllValues:StringEquals': {
        'route53:ChangeResourceRecordSetsActions': ['CREATE', 'DELETE'],
        'route53:ChangeResourceRecordSetsRecordTypes': ['A', 'CNAME'],
      },
    }),
    allow('FollowChanges', changesArn, ['route53:GetChange']),
    allow('RequestOwnCertificate', '*', ['acm:RequestCertificate'], {
      'ForAllValues:StringEquals': { 'acm:DomainNames': names },
      StringEquals: { 'acm:ValidationMethod': 'DNS', [`aws:RequestTag/${tag}`]: environment },
    }),
    // ACM has no condition for tags in the request of a certificate, so an untagged certificate may be tagged as well.
    allow('TagOwnCertificate', certificatesArn, ['acm:AddTagsToCertificate'], {
      StringEquals: { [`aws:RequestTag/${tag}`]: environment },
      StringEqualsIfExists: { [`aws:ResourceTag/${tag}`]: environment },
      'ForAllValues:StringEquals': { 'aws:TagKeys': [tag] },
    }),
    allow('UseOwnCertificate', certificatesArn, ['acm:DeleteCertificate', 'acm:DescribeCertificate'], {
      StringEquals: { [`aws:ResourceTag/${tag}`]: environment },
    }),
  ];
}

/** Wildcards of these statements, as cdk-nag names them, and the reasons why they cannot be narrower. */
export const DNS_WILDCARDS: readonly (readonly [resource: string, reason: string])[] = [
  ['*', 'finding a zone by name and requesting a certificate have no resource; names and tag are limited by condition'],
  [
    'arn:<AWS::Partition>:route53:::hostedzone/{"Fn::If":["IsHostedZoneIdEmpty","*",{"Ref":"HostedZoneId"}]}',
    'without a zone id any zone of the account may hold the hostname; names of records are limited by condition',
  ],
  [
    'arn:<AWS::Partition>:route53:::change/*',
    'a change gets its id when it is made; it tells nothing but its progress',
  ],
  [
    'arn:<AWS::Partition>:acm:<AWS::Region>:<AWS::AccountId>:certificate/*',
    'a certificate gets its ARN when it is requested; limited by condition to those with the tag of the environment',
  ],
];
