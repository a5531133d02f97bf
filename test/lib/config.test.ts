import { describe, expect, test } from '@jest/globals';
import { ConfigurationError, parseConfig } from '../../lib/config.ts';

const parse = (ours: Record<string, unknown>) =>
  parseConfig(Object.fromEntries(Object.entries(ours).map(([key, value]) => [`stagegate:${key}`, value])));

function mistakesIn(ours: Record<string, unknown>): string[] {
  try {
    parse(ours);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message.split('\n').slice(1);
    throw error;
  }
  return [];
}

const CONNECTION = 'arn:aws:codeconnections:eu-west-1:111111111111:connection/abc';
const SECRET = 'arn:aws:secretsmanager:eu-west-1:111111111111:secret:git-AbCdEf';
const REPOSITORY = 'arn:aws:codecommit:eu-west-1:111111111111:acme-config';
const connection = (provider: string, arn: string) => ({ kind: 'connection', provider, arn });

describe('the configuration', () => {
  test('is complete without a single key, and keeps data', () => {
    expect(parse({})).toMatchObject({
      removalPolicy: 'retain',
      logRetentionDays: 365,
      allowedConnectionArns: [],
      engineVersions: [{ name: 'terraform' }],
      providerCache: true,
    });
  });

  test('leaves the keys of others alone', () => {
    expect(parseConfig({ '@aws-cdk/core:newStyleStackSynthesis': true, other: 1 })).toEqual(parse({}));
  });

  test.each([
    ['a number as text', { logRetentionDays: '30' }, { logRetentionDays: 30 }],
    [
      'a list with commas',
      { allowedConnectionArns: `github=${CONNECTION}, gitlab=${CONNECTION}2` },
      { allowedConnectionArns: [connection('github', CONNECTION), connection('gitlab', `${CONNECTION}2`)] },
    ],
    [
      'a list as JSON text',
      { allowedConnectionArns: JSON.stringify([`github=${CONNECTION}`]) },
      { allowedConnectionArns: [connection('github', CONNECTION)] },
    ],
    [
      'a list',
      { allowedConnectionArns: [`github-enterprise=${CONNECTION}`] },
      { allowedConnectionArns: [connection('github-enterprise', CONNECTION)] },
    ],
    [
      'a secret and what it is for',
      { allowedSecretArns: [`bitbucket=${SECRET}`] },
      { allowedSecretArns: [{ kind: 'secret', provider: 'bitbucket', arn: SECRET }] },
    ],
    ['a repository of CodeCommit', { allowedCodeCommitArns: REPOSITORY }, { allowedCodeCommitArns: [REPOSITORY] }],
    ...['eu-west-1', 'us-gov-west-1', 'cn-northwest-1', 'us-isob-east-1', 'eusc-de-east-1'].map(
      (region): [string, Record<string, unknown>, Record<string, unknown>] => [
        `region ${region}`,
        { account: '111111111111', region },
        { region },
      ],
    ),
    [
      'the key of the bootstrap bucket, in any partition',
      { bootstrapKeyArn: 'arn:aws-us-gov:kms:us-gov-west-1:111111111111:key/mrk-1234abcd' },
      { bootstrapKeyArn: 'arn:aws-us-gov:kms:us-gov-west-1:111111111111:key/mrk-1234abcd' },
    ],
    [
      'a role with a wildcard',
      { allowedPlanRoleArns: 'arn:aws:iam::*:role/plan-*' },
      { allowedPlanRoleArns: ['arn:aws:iam::*:role/plan-*'] },
    ],
    [
      'engines as JSON text',
      { engineVersions: `[{"name":"tofu","version":"1.10.6","sha256":"${'0'.repeat(64)}"}]` },
      { engineVersions: [{ name: 'tofu', version: '1.10.6', sha256: '0'.repeat(64) }] },
    ],
    ['one generation of the webhook secret', { webhookGenerations: '2' }, { webhookGenerations: [2] }],
    ['no, as text', { providerCache: 'false' }, { providerCache: false }],
    ['yes', { providerCache: true }, { providerCache: true }],
    [
      'an address in front of the API',
      { publicUrl: 'https://approve.acme.example' },
      { publicUrl: 'https://approve.acme.example' },
    ],
    [
      'hosts whose repositories are asked for their heads',
      { headHosts: 'git.acme.example, github.com/acme' },
      { headHosts: ['git.acme.example', 'github.com/acme'] },
    ],
    ['reserved executions for links', { linkConcurrency: '20' }, { linkConcurrency: 20 }],
    ['no webhook at all', { webhookGenerations: '[]' }, { webhookGenerations: [] }],
  ])('accepts %s', (_, given, expected) => {
    expect(parse(given)).toMatchObject(expected);
  });

  test.each([
    ['neither yes nor no', { providerCache: 'off' }, /^ {2}stagegate:providerCache: .* \(got "off"\)$/],
    ...['http://approve.acme.example', 'https://approve.acme.example/', 'https://approve.acme.example/x', 'acme'].map(
      (publicUrl): [string, Record<string, unknown>, RegExp] => [
        `the address ${publicUrl}`,
        { publicUrl },
        /^ {2}stagegate:publicUrl: an (?:https )?address/,
      ],
    ),
    ...[
      ...['github.com', 'gitlab.com', 'https://git.example', 'git.example:8443', 'Git.example', 'git.example/'],
      ...['10.0.0.1', 'localhost', 'git.example/..', 'user@git.example', '*.example'],
    ].map((headHosts): [string, Record<string, unknown>, RegExp] => [
      `heads of ${headHosts}`,
      { headHosts },
      /^ {2}stagegate:headHosts\.0: (?:a host, or a part of one|name the owner)/,
    ]),
    [
      'an unknown key',
      { removalpolicy: 'retain' },
      /^ {2}stagegate:removalpolicy: is no key of Stagegate; known: .*removalPolicy.* \(got "retain"\)$/,
    ],
    [
      'a retention CloudWatch does not know',
      { logRetentionDays: '31' },
      /^ {2}stagegate:logRetentionDays: .*365.* \(got "31"\)$/,
    ],
    ['a number that is none', { requestRate: 'many' }, /^ {2}stagegate:requestRate: .*number.* \(got "many"\)$/],
    [
      'an account that is none',
      { account: '42', region: 'eu-west-1' },
      /^ {2}stagegate:account: an account id: 12 digits \(got "42"\)$/,
    ],
    [
      'an account without a region',
      { account: '111111111111' },
      /^ {2}stagegate:region: is needed beside account 111111111111 \(got undefined\)$/,
    ],
    [
      'a region that is none',
      { account: '111111111111', region: 'Ireland' },
      /^ {2}stagegate:region: .*the name of an AWS region, such as eu-west-1 \(got "Ireland"\)$/,
    ],
    [
      'an alias instead of the key of the bootstrap bucket',
      { bootstrapKeyArn: 'arn:aws:kms:eu-west-1:111111111111:alias/cdk' },
      /^ {2}stagegate:bootstrapKeyArn: the ARN of a KMS key \(not of an alias\) \(got "arn:aws:kms:.*:alias\/cdk"\)$/,
    ],
    [
      'all keys at once for the bootstrap bucket',
      { bootstrapKeyArn: 'arn:aws:kms:eu-west-1:111111111111:key/*' },
      /^ {2}stagegate:bootstrapKeyArn: the ARN of a KMS key /,
    ],
    ['an address that is none', { alarmEmail: 'ops' }, /^ {2}stagegate:alarmEmail: an e-mail address \(got "ops"\)$/],
    [
      'two places for alarms',
      { alarmEmail: 'ops@example.com', alarmTopicArn: 'arn:aws:sns:eu-west-1:111111111111:ops' },
      /^ {2}stagegate:alarmEmail: cannot be combined with alarmTopicArn/,
    ],
    [
      'an ARN of something else',
      { allowedConnectionArns: ['arn:aws:s3:::a'] },
      /^ {2}stagegate:allowedConnectionArns\.0: a connection and what it is for, such as github=arn:.* \(got \["arn:aws:s3:::a"\]\)$/,
    ],
    [
      'a connection that does not say what it is for',
      { allowedConnectionArns: [CONNECTION] },
      /^ {2}stagegate:allowedConnectionArns\.0: .* it may be for github, github-enterprise, gitlab, gitlab-self-managed, bitbucket \(got \["arn:.*\/abc"\]\)$/,
    ],
    [
      'a connection for what has none',
      { allowedConnectionArns: [`codecommit=${CONNECTION}`] },
      /^ {2}stagegate:allowedConnectionArns\.0: a connection and what it is for/,
    ],
    [
      'a secret for what is fetched through connections only',
      { allowedSecretArns: [`gitlab=${SECRET}`] },
      /^ {2}stagegate:allowedSecretArns\.0: .* it may be for github, github-enterprise, bitbucket \(got \["gitlab=arn:.*"\]\)$/,
    ],
    [
      'any connection',
      { allowedConnectionArns: [`github=${CONNECTION}`, 'github=arn:aws:codeconnections:*:111111111111:connection/*'] },
      /^ {2}stagegate:allowedConnectionArns\.1: name each one in full: a wildcard is not possible here \(got \[.*connection\/\*"\]\)$/,
    ],
    [
      'any secret of a name',
      { allowedSecretArns: 'github=arn:aws:secretsmanager:eu-west-1:111111111111:secret:git-??????' },
      /^ {2}stagegate:allowedSecretArns\.0: name each one in full: .* \(got "github=arn:.*git-\?{6}"\)$/,
    ],
    [
      'any repository of CodeCommit',
      { allowedCodeCommitArns: ['arn:aws:codecommit:eu-west-1:111111111111:*'] },
      /^ {2}stagegate:allowedCodeCommitArns\.0: name each one in full: .* \(got \["arn:.*:\*"\]\)$/,
    ],
    [
      'a connection that is given twice, even for different hosts',
      { allowedConnectionArns: [`github=${CONNECTION}`, `gitlab=${CONNECTION}`] },
      /^ {2}stagegate:allowedConnectionArns: an entry is listed twice \(got /,
    ],
    [
      'no engine at all',
      { engineVersions: [] },
      /^ {2}stagegate:engineVersions: at least one engine is needed \(got \[\]\)$/,
    ],
    [
      'a misspelt part',
      { engineVersions: [{ name: 'terraform', version: '1.11', sha256: 'x' }] },
      /^ {2}stagegate:engineVersions\.0\.version: a version like 1\.11\.4 /,
    ],
    [
      'three generations of the webhook secret at once',
      { webhookGenerations: '1,2,3' },
      /^ {2}stagegate:webhookGenerations: .*<=2.* \(got "1,2,3"\)$/,
    ],
    [
      'a webhook secret instead of its generation',
      { webhookGenerations: 'hunter2' },
      /^ {2}stagegate:webhookGenerations\.0: .*number.* \(got "hunter2"\)$/,
    ],
  ])('refuses %s, naming key and value', (_, given, message) => {
    expect(mistakesIn(given)[0]).toMatch(message);
  });

  test('reports all mistakes together', () => {
    const mistakes = mistakesIn({
      removalPolicy: 'keep',
      logRetentionDays: 2,
      alarmMail: 'a@example.com',
      requestRate: 0,
    });
    expect(mistakes.map((line) => line.trim().split(': ')[0]).sort()).toEqual([
      'stagegate:alarmMail',
      'stagegate:logRetentionDays',
      'stagegate:removalPolicy',
      'stagegate:requestRate',
    ]);
  });
});
