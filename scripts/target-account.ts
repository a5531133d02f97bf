import { parseArgs } from 'node:util';
import { DynamoStore } from '../lambdas/adapters/dynamo-store.ts';
import type { Application } from '../lambdas/domain/application.ts';
import { type Environment, stateBucketOf } from '../lambdas/domain/environment.ts';
import { certificateNamesOf, hostnameOf } from '../lambdas/domain/hostname.ts';
import { directoryOf } from '../lambdas/domain/names.ts';

/**
 * `npm run target-account -- --table NAME --control-account ID --application APP --environment ENV`: prints the commands
 * that prepare one environment's account: the state bucket and the roles. Reads the environment's external id with
 * the caller's own AWS credentials; no API answer shows it, so treat the output as a secret.
 */
const { values } = parseArgs({
  options: {
    table: { type: 'string' },
    'control-account': { type: 'string' },
    application: { type: 'string' },
    environment: { type: 'string' },
  },
});

function required(name: keyof typeof values): string {
  const value = values[name];
  if (value) return value;
  console.error(
    `target-account: --${name} is missing (stack outputs of Stagegate: TableName; the control account's id)`,
  );
  process.exit(2);
}

function commands(owner: Application, environment: Environment, controlAccount: string): string {
  const { application, name, region, externalId, accountId } = environment;
  const roleNamed = (suffix: string) => `arn:aws:iam::${controlAccount}:role/stagegate-${suffix}`;
  const parameters = {
    Application: application,
    Environment: name,
    ExternalId: externalId,
    PlanBuildRoleArn: roleNamed('plan-build'),
    ApplyBuildRoleArn: roleNamed('apply-build'),
    CheckPlanRoleArn: roleNamed('check-plan'),
    StateBucket: stateBucketOf(environment),
    StateKey: `${directoryOf(application, name)}/terraform.tfstate`,
    ...(environment.dns && dnsParameters(owner, environment, DNS_FUNCTIONS.map(roleNamed))),
  };
  const overrides = Object.entries(parameters).map(([key, value]) => `    ${key}=${value}`);
  return [
    `# With credentials of account ${accountId}. Once per account and region, unless the environment has its own bucket:`,
    `aws cloudformation deploy --region ${region} --stack-name stagegate-state \\`,
    '  --template-file cdk.out/StagegateStateBucket.template.json',
    '',
    `# The roles of ${application}/${name}:`,
    `aws cloudformation deploy --region ${region} --stack-name stagegate-${application}-${name} \\`,
    '  --template-file cdk.out/StagegateTargetAccount.template.json --capabilities CAPABILITY_NAMED_IAM \\',
    `  --parameter-overrides \\\n${overrides.join(' \\\n')}`,
  ].join('\n');
}

/** The functions that look after DNS and certificates. */
const DNS_FUNCTIONS = ['ensure-certificate', 'publish-dns', 'check-certificates'];

function dnsParameters(application: Application, environment: Environment, roleArns: readonly string[]) {
  const hostname = hostnameOf(application, environment);
  const [commonName] = certificateNamesOf(hostname);
  const zone = environment.dns?.zone;
  return {
    Hostname: hostname,
    DnsRoleArns: roleArns.join(','),
    ...(commonName !== hostname && { CertificateCommonName: commonName }),
    // A zone of another account has a role of its own there.
    ...(zone?.id && !zone.roleArn && { HostedZoneId: zone.id }),
  };
}

const [table, controlAccount, application, name] = [
  required('table'),
  required('control-account'),
  required('application'),
  required('environment'),
];
const store = new DynamoStore(table);
const [owner, environment] = [
  await store.get('application', { name: application }),
  await store.get('environment', { application, name }),
];
if (owner && environment) console.log(commands(owner, environment, controlAccount));
else {
  console.error(`target-account: environment "${application}/${name}" does not exist in table ${table}`);
  process.exitCode = 1;
}
