import { parseArgs } from 'node:util';
import { DynamoStore } from '../lambdas/adapters/dynamo-store.ts';
import { DEFAULT_INSTALLATION, InstallationSchema, nameIn } from '../lambdas/domain/contract/installation.ts';
import {
  type DnsPreparation,
  type Preparation,
  preparationOf,
  prepareEphemeralName,
} from '../lambdas/domain/environment/prepare-account.ts';
import { InvalidInputError, NotFoundError, RefusedError } from '../lambdas/domain/errors.ts';
import { partitionOf } from '../lambdas/domain/model/partition.ts';
import { DNS_FUNCTIONS, STATE_READERS } from '../lambdas/functions.ts';
import { surroundingsIn } from '../lambdas/runtime/services/surroundings.ts';

/**
 * `npm run target-account -- --table NAME --control-account ID --application APP --environment ENV [--based-on ENV]
 * [--installation NAME]`: prints the commands that prepare one environment's account: the state bucket and the roles. With `--based-on` it
 * prepares a name for future ephemeral environments. It reads the environment's external id with the caller's own AWS
 * credentials. No answer of the API shows that id, so the output must be treated as a secret.
 */
const { values } = parseArgs({
  options: {
    table: { type: 'string' },
    'control-account': { type: 'string' },
    application: { type: 'string' },
    environment: { type: 'string' },
    'based-on': { type: 'string' },
    /** `stagegate:installation`, where it is not the default. */
    installation: { type: 'string', default: DEFAULT_INSTALLATION },
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

function commands(preparation: Preparation, controlAccount: string, installation: string): string {
  const { application, environment, accountId, region, externalId, stateBucket, stateKey, lockTable, dns } =
    preparation;
  const roleNamed = (suffix: string) =>
    `arn:${partitionOf(region)}:iam::${controlAccount}:role/${nameIn(installation, suffix)}`;
  const parameters = {
    Application: application,
    Environment: environment,
    ExternalId: externalId,
    CredentialsRoleArn: roleNamed('credentials'),
    StateReaderRoleArns: STATE_READERS.map(roleNamed).join(','),
    StateBucket: stateBucket,
    StateKey: stateKey,
    ...(lockTable && { LockTable: lockTable }),
    ...(dns && dnsParameters(dns, DNS_FUNCTIONS.map(roleNamed))),
  };
  const overrides = Object.entries(parameters).map(([key, value]) => `    ${key}=${value}`);
  return [
    `# With credentials of account ${accountId}. Once per account and region, unless the environment has its own bucket:`,
    `aws cloudformation deploy --region ${region} --stack-name ${nameIn(installation, 'state')} \\`,
    '  --template-file cdk.out/StagegateStateBucket.template.json',
    '',
    `# The roles of ${application}/${environment}:`,
    `aws cloudformation deploy --region ${region} --stack-name ${nameIn(installation, `${application}-${environment}`)} \\`,
    '  --template-file cdk.out/StagegateTargetAccount.template.json --capabilities CAPABILITY_NAMED_IAM \\',
    `  --parameter-overrides \\\n${overrides.join(' \\\n')}`,
    '',
    '# Its plans read configuration, and no data but the own state. What a failed plan says it needs is added to the',
    '# parameters, such as (docs/operations.md, "What plans may read"; values that were given before are kept):',
    `#   PlanReadsParameters=arn:${partitionOf(region)}:ssm:${region}:${accountId}:parameter/${application}/*`,
  ].join('\n');
}

const dnsParameters = ({ hostname, commonName, zoneId }: DnsPreparation, roleArns: readonly string[]) => ({
  Hostname: hostname,
  DnsRoleArns: roleArns.join(','),
  ...(commonName !== hostname && { CertificateCommonName: commonName }),
  ...(zoneId && { HostedZoneId: zoneId }),
});

const [table, controlAccount, application, name] = [
  required('table'),
  required('control-account'),
  required('application'),
  required('environment'),
];
const installation = InstallationSchema.safeParse(values.installation);
if (!installation.success) {
  console.error(`target-account: --installation ${values.installation}: ${installation.error.issues[0]?.message}`);
  process.exit(2);
}
const services = { store: new DynamoStore(table), surroundings: surroundingsIn(installation.data) };
const basedOn = values['based-on'];
try {
  const preparation =
    basedOn === undefined
      ? await preparationOf(services, application, name)
      : await prepareEphemeralName(services, application, { name, basedOn });
  console.log(commands(preparation, controlAccount, services.surroundings.installation));
} catch (error) {
  const isExpected = [InvalidInputError, NotFoundError, RefusedError].some((kind) => error instanceof kind);
  if (!isExpected || !(error instanceof Error)) throw error;
  console.error(`target-account: ${error.message} (table ${table})`);
  process.exitCode = 1;
}
