import { parseArgs } from 'node:util';
import { DynamoStore } from '../lambdas/adapters/dynamo-store.ts';
import { type Environment, stateBucketOf } from '../lambdas/domain/environment.ts';
import { directoryOf } from '../lambdas/domain/names.ts';

/**
 * `npm run target-account -- --table NAME --control-account ID --application APP --environment ENV`: prints the commands
 * that prepare one environment's account: the state bucket and the two roles. Reads the environment's external id with
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

function commands(environment: Environment, controlAccount: string): string {
  const { application, name, region, externalId, accountId } = environment;
  const buildRole = (purpose: string) => `arn:aws:iam::${controlAccount}:role/stagegate-${purpose}-build`;
  const parameters = {
    Application: application,
    Environment: name,
    ExternalId: externalId,
    PlanBuildRoleArn: buildRole('plan'),
    ApplyBuildRoleArn: buildRole('apply'),
    CheckPlanRoleArn: `arn:aws:iam::${controlAccount}:role/stagegate-check-plan`,
    StateBucket: stateBucketOf(environment),
    StateKey: `${directoryOf(application, name)}/terraform.tfstate`,
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

const [table, controlAccount, application, name] = [
  required('table'),
  required('control-account'),
  required('application'),
  required('environment'),
];
const environment = await new DynamoStore(table).get('environment', { application, name });
if (environment) console.log(commands(environment, controlAccount));
else {
  console.error(`target-account: environment "${application}/${name}" does not exist in table ${table}`);
  process.exitCode = 1;
}
