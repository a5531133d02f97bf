import * as z from 'zod';
import { DynamoStore } from '../lambdas/adapters/dynamo-store.ts';
import { DEFAULT_INSTALLATION, InstallationSchema, nameIn } from '../lambdas/domain/contract/installation.ts';
import {
  type DnsPreparation,
  type Preparation,
  preparationOf,
  prepareEphemeralName,
} from '../lambdas/domain/environment/prepare-account.ts';
import { partitionOf } from '../lambdas/domain/model/partition.ts';
import { DNS_FUNCTIONS, STATE_READERS } from '../lambdas/functions.ts';
import { surroundingsIn } from '../lambdas/runtime/services/surroundings.ts';
import { asksForHelp, type CommandLine, commandLine, parseOptions, UsageError } from './command-line.ts';

/**
 * `npm run target-account -- --table NAME --control-account ID --application APP --environment ENV [--based-on ENV]
 * [--installation NAME]`: prints the commands that prepare one environment's account: the state bucket and the roles. With `--based-on` it
 * prepares a name for future ephemeral environments. It reads the environment's external id with the caller's own AWS
 * credentials. No answer of the API shows that id, so the output must be treated as a secret.
 */
const USAGE = `usage: npm run target-account -- --table NAME --control-account ID --application APP --environment ENV [options]

  --table NAME          table of records (stack output TableName; \`npm start\` prints it)
  --control-account ID  the account of Stagegate, 12 digits
  --application APP     whose environment
  --environment ENV     the environment whose account is prepared
  --based-on ENV        prepares a name for future ephemeral environments that are made from this environment
  --installation NAME   stagegate:installation, where it is not the default

It prints commands, and runs none. They contain the external id of the environment, which is a secret.
Exit code 0: printed; 1: refused, or the table could not be read; 2: wrong arguments.
`;

const OptionsSchema = z.object({
  table: given(),
  'control-account': given().regex(/^\d{12}$/, 'is not an account id of 12 digits'),
  application: given(),
  environment: given(),
  'based-on': z.string().optional(),
  installation: InstallationSchema.default(DEFAULT_INSTALLATION),
});

function given() {
  return z.string({ error: 'is missing' }).min(1, 'is empty');
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

async function prepare({ args, print }: CommandLine): Promise<void> {
  const text = { type: 'string' } as const;
  const options = parseOptions(OptionsSchema, args, {
    table: text,
    'control-account': text,
    application: text,
    environment: text,
    'based-on': text,
    installation: text,
  });
  const { table, application, environment: name, 'based-on': basedOn, installation } = options;
  const services = { store: new DynamoStore(table), surroundings: surroundingsIn(installation) };
  const preparation =
    basedOn === undefined
      ? await preparationOf(services, application, name)
      : await prepareEphemeralName(services, application, { name, basedOn });
  print(`${commands(preparation, options['control-account'], installation)}\n`);
}

const line = commandLine();
if (asksForHelp(line.args)) line.print(USAGE);
else
  try {
    await prepare(line);
  } catch (error) {
    line.complain(`target-account: ${error instanceof Error ? error.message : String(error)}\n`);
    if (error instanceof UsageError) line.complain(USAGE);
    process.exitCode = error instanceof UsageError ? 2 : 1;
  }
