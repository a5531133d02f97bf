import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type AttributeValue,
  BatchWriteItemCommand,
  CreateTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  paginateScan,
  TagResourceCommand,
  UpdateContinuousBackupsCommand,
  UpdateTableCommand,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import * as z from 'zod';
import { RUN_OBJECTS, RUNS_PREFIX } from '../../lambdas/domain/contract/run-objects.ts';
import { RECORDS_TABLE, STACK_TAGS } from '../../lib/records-table.ts';
import { APPLICATION, ENVIRONMENTS, NAMES, STAFF } from '../../local/demo/cast.ts';
import { Client, type DeploymentView } from '../../local/demo/client.ts';
import { type ConfigRepository, REPOSITORY_URL } from '../../local/demo/config-repository.ts';
import type { Progress } from '../../local/demo/progress.ts';
import { Waiting } from '../../local/demo/waiting.ts';
import { OPERATOR_CREDENTIALS } from '../../local/door/door.ts';
import type { LocalCloud } from '../../local/local-cloud.ts';

/** Name of the table that the backup is restored to. */
export const RESTORED_TABLE = 'stagegate-records-restored';

export interface RehearsalProps {
  readonly cloud: LocalCloud;
  readonly repository: ConfigRepository;
  readonly progress: Progress;
  readonly engine: 'terraform' | 'opentofu';
  /** Assemblies whose stack uses the restored table, while applies are banned and afterwards. */
  readonly banned: string;
  readonly allowed: string;
}

/** What the rehearsal has shown. */
export interface RehearsalResult {
  readonly moment: string;
  /** The plan that was applied after the moment, and how its deployment ends in the restored table. */
  readonly appliedSince: { readonly id: string; readonly status: string; readonly applied: string };
  /** Exit codes of `restore:check`: as restored, with --repair, and once more. */
  readonly checks: readonly number[];
  readonly findings: readonly string[];
  /** Number of applies that have ever begun: before the restore, under the ban, and at the end. */
  readonly applies: { readonly before: number; readonly banned: number; readonly after: number };
  readonly last: { readonly dev1: string; readonly stage1: string };
}

const ReportSchema = z.object({
  findings: z.array(z.object({ kind: z.string(), deploymentId: z.string().optional() })),
});
type Item = Record<string, AttributeValue>;

/** Loses the table and sets it back to an earlier moment, with a plan applied since, and goes on from there. */
export class Rehearsal {
  readonly #props: RehearsalProps;
  readonly #client: Client;
  readonly #until: Waiting;
  readonly #dynamodb: DynamoDBClient;
  readonly #s3: S3Client;

  constructor(props: RehearsalProps) {
    const { cloud, progress } = props;
    this.#props = props;
    this.#client = new Client(cloud.url);
    this.#until = new Waiting({ client: this.#client, progress, nextWrite: cloud.nextWrite });
    const { endpoint, region } = cloud;
    this.#dynamodb = new DynamoDBClient({ endpoint, region, credentials: OPERATOR_CREDENTIALS });
    this.#s3 = new S3Client({ endpoint, region, credentials: OPERATOR_CREDENTIALS, forcePathStyle: true });
  }

  async run(): Promise<RehearsalResult> {
    const { progress, cloud, banned, allowed } = this.#props;
    await this.#register();
    const { moment, items } = await this.#untilTheMoment();
    const appliedSince = await this.#goOn();
    const before = await this.#countApplies();

    progress.heading(`The table is lost, and restored to ${moment}, when the plan of stage1 was not approved yet`);
    await this.#restore(items);
    const checked = await this.#check(moment);
    await this.#setSettings();
    const repaired = await this.#check(moment, '--repair');

    progress.heading('The stack uses the restored table, and applies are banned');
    await cloud.update(banned);
    await this.#reconcile();
    const ended = await this.#until.end('stage1', 1, 'failed');
    progress.line(`${ended.id} is not applied again: ${ended.error?.message}`);
    const checkedAgain = await this.#check(moment, '--repair');
    const waiting = await this.#underTheBan();
    const underBan = await this.#countApplies();

    progress.heading('The ban is lifted, and the release that waited goes on');
    await cloud.update(allowed);
    const last = await this.#afterTheBan(waiting);
    return {
      moment,
      appliedSince: { ...appliedSince, status: ended.status, applied: await this.#appliedOf(ended.id) },
      checks: [checked.exitCode, repaired.exitCode, checkedAgain.exitCode],
      findings: repaired.findings,
      applies: { before, banned: underBan, after: await this.#countApplies() },
      last,
    };
  }

  async #register(): Promise<void> {
    const { engine, progress } = this.#props;
    progress.heading('An application goes to stage1 and waits there for its approval');
    const configRepository = { url: REPOSITORY_URL, branch: 'main', provider: 'github-enterprise' };
    await this.#client.request('PUT', `/applications/${APPLICATION}`, { client: 'acme', engine, configRepository });
    for (const name of NAMES)
      await this.#client.request('PUT', `/applications/${APPLICATION}/environments/${name}`, ENVIRONMENTS[name]);
    await this.#client.request('PUT', `/applications/${APPLICATION}/approvers/${STAFF}`, { gates: ['staff'] });
    const mail = await this.#until.mail((each) => each.to === STAFF && /confirm/i.test(each.subject), 'a confirmation');
    await this.#client.open(mail.links[0] ?? '');
  }

  /** Deploys a release up to the gate of stage1, and copies the table there, as a backup does. */
  async #untilTheMoment(): Promise<{ moment: string; items: Item[] }> {
    await this.#props.repository.commit('Say hello', 'apps/my-app/README.md', '# my-app\n\nHello.\n');
    await this.#until.end('dev1', 1, 'succeeded');
    await this.#until.gate('stage1', 1, 'staff');
    // The workflow stores the token with which an approval resumes it, and is quiet then.
    const token = await this.#until.mail((each) => each.subject.includes('stage1'), 'the mail for stage1');
    this.#props.progress.line(`the mail "${token.subject}" is sent; this is the moment`);
    const items: Item[] = [];
    const scan = { TableName: this.#props.cloud.tableName, ConsistentRead: true };
    for await (const { Items = [] } of paginateScan({ client: this.#dynamodb }, scan)) items.push(...Items);
    return { moment: new Date().toISOString(), items };
  }

  /**
   * What happens between the moment and the loss: the plan of stage1 is applied, and another release in dev1, which has
   * nothing to change in stage1.
   */
  async #goOn(): Promise<{ id: string }> {
    const { progress, repository } = this.#props;
    progress.heading('After the moment, the plan is approved and applied, and release 2 goes to dev1 and stage1');
    await this.#approve('stage1', 1);
    const { id } = await this.#until.end('stage1', 1, 'succeeded');
    await repository.commit('Another thing', 'apps/my-app/dev1/second.tf', resource('second'));
    await this.#until.end('dev1', 2, 'succeeded');
    // `restore:check --repair` leaves an execution whose build is in progress for its next run.
    await this.#until.end('stage1', 2, 'succeeded');
    return { id };
  }

  async #restore(items: readonly Item[]): Promise<void> {
    const { cloud, progress } = this.#props;
    const { Table } = await this.#dynamodb.send(new DescribeTableCommand({ TableName: cloud.tableName }));
    const indexes = (Table?.GlobalSecondaryIndexes ?? []).map(({ IndexName, KeySchema, Projection }) => ({
      ...{ IndexName, KeySchema, Projection },
    }));
    await this.#dynamodb.send(
      new CreateTableCommand({
        TableName: RESTORED_TABLE,
        KeySchema: Table?.KeySchema,
        AttributeDefinitions: Table?.AttributeDefinitions,
        GlobalSecondaryIndexes: indexes,
        BillingMode: 'PAY_PER_REQUEST',
        SSESpecification: { Enabled: true, SSEType: 'KMS', KMSMasterKeyId: 'alias/stagegate-data' },
      }),
    );
    for (let at = 0; at < items.length; at += 25) {
      const requests = items.slice(at, at + 25).map((Item) => ({ PutRequest: { Item } }));
      await this.#dynamodb.send(new BatchWriteItemCommand({ RequestItems: { [RESTORED_TABLE]: requests } }));
    }
    progress.line(`${RESTORED_TABLE} has ${items.length} records, and none of the settings`);
  }

  /** Gives the table the settings that a restore leaves out, as the commands do that `restore:check` prints. */
  async #setSettings(): Promise<void> {
    const TableName = RESTORED_TABLE;
    const { Table } = await this.#dynamodb.send(new DescribeTableCommand({ TableName }));
    await this.#dynamodb.send(new UpdateTableCommand({ TableName, DeletionProtectionEnabled: true }));
    const TimeToLiveSpecification = { Enabled: true, AttributeName: RECORDS_TABLE.timeToLive };
    await this.#dynamodb.send(new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification }));
    const PointInTimeRecoverySpecification = { PointInTimeRecoveryEnabled: true };
    await this.#dynamodb.send(new UpdateContinuousBackupsCommand({ TableName, PointInTimeRecoverySpecification }));
    const Tags = Object.entries(STACK_TAGS).map(([Key, Value]) => ({ Key, Value }));
    await this.#dynamodb.send(new TagResourceCommand({ ResourceArn: Table?.TableArn, Tags }));
    this.#props.progress.line('time to live, backups, protection and tags are set again');
  }

  /** Runs `npm run restore:check` with the operator's credentials. */
  async #check(moment: string, ...more: string[]): Promise<{ exitCode: number; findings: string[] }> {
    const { cloud, progress } = this.#props;
    const { bucket, machine } = this.#names();
    const args = ['--table', RESTORED_TABLE, '--moment', moment, '--bucket', bucket, '--machine', machine, ...more];
    const { exitCode, output } = await run([join(import.meta.dirname, 'check.ts'), ...args, '--json'], {
      AWS_ENDPOINT_URL: cloud.endpoint,
      AWS_REGION: cloud.region,
      AWS_ACCESS_KEY_ID: OPERATOR_CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: OPERATOR_CREDENTIALS.secretAccessKey,
    });
    const findings = ReportSchema.parse(JSON.parse(output)).findings.map(
      ({ kind, deploymentId }) => `${kind} ${deploymentId ?? ''}`,
    );
    progress.line(`restore:check ${more.join(' ')}: exit code ${exitCode}; ${findings.join(', ') || 'nothing found'}`);
    return { exitCode, findings };
  }

  #names(): { bucket: string; machine: string } {
    const { outputs } = this.#props.cloud.stack;
    return { bucket: String(outputs.ArtifactBucketName), machine: String(outputs.StateMachineArn) };
  }

  /** Runs the reconciler now, as its schedule does every minute. */
  async #reconcile(): Promise<void> {
    const { accountId, door } = this.#props.cloud;
    const operator = { kind: 'operator', arn: `arn:aws:iam::${accountId}:user/operator`, accountId } as const;
    const event = { id: 'rehearsal', 'detail-type': 'Scheduled Event', source: 'rehearsal', detail: {} };
    const Payload = JSON.stringify({ ...event, time: new Date().toISOString() });
    const input = { FunctionName: 'stagegate-reconcile', InvocationType: 'RequestResponse', Payload };
    await door.call(operator, 'lambda', 'Invoke', input);
  }

  /** Makes the release whose push the table has lost, and one that waits for the end of the ban. */
  async #underTheBan(): Promise<DeploymentView> {
    const { progress, repository } = this.#props;
    const environment = `/applications/${APPLICATION}/environments/dev1`;
    await this.#client.request('PATCH', environment, { hold: false, reason: 'release 2 comes again' });
    await writeFile(join(repository.directory, 'apps/my-app/stage1/third.tf'), resource('third'));
    const commit = await repository.commit('A third thing', 'apps/my-app/dev1/third.tf', resource('third'));
    progress.line(`a push of ${commit.slice(0, 10)} becomes a release, whose plan waits`);
    return this.#until.banned('dev1', commit);
  }

  async #afterTheBan(waiting: DeploymentView): Promise<RehearsalResult['last']> {
    const dev1 = await this.#until.end('dev1', waiting.release, 'succeeded');
    await this.#until.gate('stage1', dev1.release, 'staff');
    await this.#approve('stage1', dev1.release);
    const stage1 = await this.#until.end('stage1', dev1.release, 'succeeded');
    return { dev1: dev1.status, stage1: stage1.status };
  }

  async #approve(environment: string, release: number): Promise<void> {
    const isAsked = (each: { to: string; subject: string }) =>
      each.to === STAFF && each.subject.includes(environment) && each.subject.includes(`release ${release}`);
    const { links } = await this.#until.mail(isAsked, `the mail for release ${release} in ${environment}`);
    const link = links[0] ?? '';
    await this.#client.submit(link, await this.#client.open(link), { decision: 'approve', comment: 'go on' });
  }

  async #appliedOf(id: string): Promise<string> {
    const path = `/applications/${APPLICATION}/environments/stage1/deployments/${id}`;
    return z.object({ applied: z.string() }).parse(await this.#client.request('GET', path)).applied;
  }

  /** Returns how many applies have ever begun: each apply build writes an object that nobody can write twice. */
  async #countApplies(): Promise<number> {
    const list = new ListObjectsV2Command({ Bucket: this.#names().bucket, Prefix: RUNS_PREFIX });
    const { Contents = [] } = await this.#s3.send(list);
    return Contents.filter(({ Key }) => Key?.endsWith(RUN_OBJECTS.applyStarted)).length;
  }
}

const resource = (name: string): string => `resource "terraform_data" "${name}" {\n  input = "${name}"\n}\n`;

function run(args: string[], variables: Readonly<Record<string, string>>) {
  return new Promise<{ exitCode: number; output: string }>((resolve, reject) => {
    const child = execFile(process.execPath, args, { env: { ...process.env, ...variables } }, (_, stdout, stderr) => {
      if (child.exitCode === null || child.exitCode > 1) reject(new Error(`restore:check failed: ${stderr}`));
      else resolve({ exitCode: child.exitCode, output: stdout });
    });
  });
}
