import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import * as z from 'zod';
import { CodeBuildBuilds } from '../../lambdas/adapters/codebuild-builds.ts';
import { DynamoStore } from '../../lambdas/adapters/dynamo-store.ts';
import { StepFunctionsWorkflow } from '../../lambdas/adapters/step-functions-workflow.ts';
import { surroundingsIn } from '../../lambdas/runtime/services/surroundings.ts';
import { type CommandLine, parseOptions, UsageError } from '../command-line.ts';
import { findAftermath } from './aftermath.ts';
import { AwsEvidence } from './aws-evidence.ts';
import { recordFinding } from './record-aftermath.ts';
import { inWords, isInOrder, type Report } from './report.ts';
import { lackingSettings } from './table-settings.ts';

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

Exit code 0: nothing is left that this command can do; 1: something is; 2: it could not be done.
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
