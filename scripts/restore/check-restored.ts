import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import * as z from 'zod';
import { CodeBuildBuilds } from '../../lambdas/adapters/codebuild-builds.ts';
import { DynamoStore } from '../../lambdas/adapters/dynamo-store.ts';
import { StepFunctionsWorkflow } from '../../lambdas/adapters/step-functions-workflow.ts';
import { surroundingsIn } from '../../lambdas/runtime/services/surroundings.ts';
import { type CommandLine, parseOptions, UsageError } from '../command-line.ts';
import { type Aftermath, type Finding, findAftermath } from './aftermath.ts';
import { AwsEvidence } from './aws-evidence.ts';
import { type Recorded, recordFinding } from './record-aftermath.ts';
import { type Lacking, lackingSettings } from './table-settings.ts';

const USAGE = `usage: npm run restore:check -- --table NAME --moment TIME --bucket NAME --machine ARN [options]

Compares a table that was restored from a backup with its settings in the template, and with what has happened since the
moment of the backup according to S3 and Step Functions. Uses your AWS credentials. Applies must be banned.

  --table NAME    the restored table
  --moment TIME   the moment that it was set back to, such as 2026-11-30T10:00:00Z
  --bucket NAME   output ArtifactBucketName of the stack
  --machine ARN   output StateMachineArn of the stack
  --repair        also record in the table what has happened, so that nothing is applied again, and stop executions
                  that do not agree with the table
  --json          print one JSON object

Exit code 0: nothing is left to do; 1: something is; 2: it could not be done.
`;

const OptionsSchema = z.object({
  table: z.string({ error: 'is missing' }).min(1),
  moment: z.iso.datetime({ error: 'is no time in UTC like 2026-11-30T10:00:00Z' }),
  bucket: z.string({ error: 'is missing' }).min(1),
  machine: z
    .string({ error: 'is missing' })
    .regex(/^arn:[^:]+:states:[^:]+:\d{12}:stateMachine:.+$/, 'is no ARN of a state machine'),
  repair: z.boolean().default(false),
  json: z.boolean().default(false),
});

function readOptions(args: string[]): z.output<typeof OptionsSchema> {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const options = { table: text, moment: text, bucket: text, machine: text, repair: flag, json: flag };
  return parseOptions(OptionsSchema, args, options);
}

interface Report extends Pick<Aftermath, 'audits'> {
  readonly table: string;
  readonly moment: string;
  readonly settings: readonly Lacking[];
  readonly findings: readonly (Finding & { readonly done?: Recorded })[];
}

/** Checks a restored table. Returns the exit code. */
export async function checkRestored(line: CommandLine): Promise<number> {
  try {
    const { json, ...options } = readOptions(line.args);
    const report = await check(options);
    line.print(json ? `${JSON.stringify(report)}\n` : inWords(report));
    return isInOrder(report) ? 0 : 1;
  } catch (error) {
    line.complain(`restore:check: ${error instanceof Error ? error.message : String(error)}\n`);
    if (error instanceof UsageError) line.complain(`${USAGE}\n`);
    return 2;
  }
}

async function check({
  table,
  moment: given,
  bucket,
  machine,
  repair,
}: Omit<z.output<typeof OptionsSchema>, 'json'>): Promise<Report> {
  // Records have milliseconds, so that times can be compared as texts.
  const moment = new Date(given).toISOString();
  const store = new DynamoStore(table);
  const surroundings = surroundingsIn(installationOf(machine));
  const workflow = new StepFunctionsWorkflow(machine);
  const evidence = new AwsEvidence({ bucket, machineArn: machine, workflow, builds: new CodeBuildBuilds() });
  const settings = await lackingSettings(new DynamoDBClient({}), table);
  const { findings, audits } = await findAftermath(store, evidence, moment, surroundings.now());
  if (!repair) return { table, moment, settings, findings, audits };
  const { Arn: by = 'the operator' } = await new STSClient({}).send(new GetCallerIdentityCommand({}));
  const done: Report['findings'][number][] = [];
  for (const finding of findings)
    done.push({
      ...finding,
      done: await recordFinding({ store, evidence, surroundings, by, moment }, finding),
    });
  return { table, moment, settings, findings: done, audits };
}

/** Returns the installation that a state machine belongs to: its name is `<installation>-deployment`. */
const installationOf = (machineArn: string): string => machineArn.replace(/^.*:|-deployment$/g, '');

const isInOrder = ({ settings, findings, audits }: Report): boolean =>
  settings.length === 0 &&
  findings.every(({ done }) => done !== undefined && done.outcome !== 'left') &&
  audits.every(({ broken }) => broken === undefined);

function inWords({ table, moment, settings, findings, audits }: Report): string {
  const lines = [
    `table ${table}, set back to ${moment}`,
    ...(settings.length === 0 ? ['settings: as in the template'] : settings.map(lackingInWords)),
    ...(findings.length === 0 ? ['since then: nothing that the table does not know'] : findings.map(findingInWords)),
    ...audits.map(({ application, sequence, hash, broken }) =>
      broken === undefined
        ? `audit of ${application}: whole, ${sequence} entries, the last one is ${hash}`
        : `audit of ${application}: broken after entry ${sequence}: ${broken}`,
    ),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

const lackingInWords = ({ setting, found, command }: Lacking): string =>
  `lacks ${setting} (found: ${found})${command === undefined ? ': restore the table again' : `\n    ${command}`}`;

function findingInWords(finding: Report['findings'][number]): string {
  const done = finding.done === undefined ? '' : `\n    ${finding.done.outcome}: ${finding.done.text}`;
  return `${describe(finding)}${done}`;
}

function describe(finding: Finding): string {
  switch (finding.kind) {
    case 'applied':
      return `${finding.deploymentId} was applied at ${finding.at}; the table takes its plan for unused`;
    case 'applied-unknown':
      return `${finding.deploymentId} was applied at ${finding.at} in ${finding.application}/${finding.environment}; the table does not know what`;
    case 'homeless':
      return `${finding.deploymentId} was applied at ${finding.at} in an environment that the table does not know`;
    case 'moved-on':
      return `${finding.deploymentId} has an execution that went on at ${finding.execution.movedAt}`;
    case 'unknown-running':
      return `${finding.deploymentId} has an execution that is running; the table does not know the deployment`;
    case 'lift':
      return `${finding.application}/${finding.environment} has a lift of ${finding.of} for ${finding.subject} that may have been used`;
  }
}
