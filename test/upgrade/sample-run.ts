import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { DescribeStateMachineCommand } from '@aws-sdk/client-sfn';
import { type Kind, RECORDS } from '../../lambdas/domain/model/table/records.ts';
import { RECORD_SAMPLES } from '../contracts/record-samples.ts';
import { CLIENT, STAFF, TestApplication, TestCloud } from '../e2e/test-cloud.ts';
import type { Item } from './kept-releases.ts';

interface SampleRun {
  /** The definition of the state machine, as JSON. */
  readonly definition: string;
  readonly records: Readonly<Record<string, Item>>;
}

/**
 * Runs an assembly and returns its definition and the records that its functions stored, one of each kind. The run does
 * not make every kind; the others are the samples of the contract suites, which have the schemas of the sources.
 */
export async function sampleRun(assemblyDirectory: string): Promise<SampleRun> {
  const cloud = await TestCloud.start({ assemblyDirectory, engine: 'opentofu', files: { 'README.md': 'config' } });
  try {
    await promote(cloud);
    const { Items = [] } = await cloud.operator.dynamodb.send(
      new ScanCommand({ TableName: cloud.local.tableName, ConsistentRead: true }),
    );
    const kinds = Object.keys(RECORDS) as Kind[];
    const records = Object.fromEntries(
      kinds.map((kind) => {
        const stored = Items.find((item) => kindsOf(item as Item).includes(kind));
        return [kind, (stored as Item | undefined) ?? sampleOf(kind)];
      }),
    );
    const { definition = '' } = await cloud.operator.sfn.send(
      new DescribeStateMachineCommand({ stateMachineArn: cloud.machineArn }),
    );
    return { definition, records };
  } finally {
    await cloud.stop();
  }
}

/** Brings a release into production, and makes an ephemeral environment. */
async function promote(cloud: TestCloud): Promise<void> {
  const app = new TestApplication(cloud, 'kept');
  await app.register();
  app.push('one');
  await app.provenRelease(1);
  await app.promote('prod1', 1);
  await app.waits('prod1', 1, 'staff');
  await app.approve(STAFF, 'prod1', 1);
  await app.waits('prod1', 1, 'client');
  await app.approve(CLIENT, 'prod1', 1);
  await app.reaches('prod1', 1, 'succeeded');
  await app.free('prod1');
}

/** Returns the kinds of record that have this place in the table. */
export function kindsOf(item: Item): Kind[] {
  return (Object.keys(RECORDS) as Kind[]).filter((kind) => {
    const { schema, key } = RECORDS[kind];
    const { data } = schema.safeParse(JSON.parse(item.data.S));
    if (data === undefined) return false;
    const place = (key as (identity: unknown) => { pk: string; sk: string })(data);
    return place.pk === item.pk.S && place.sk === item.sk.S;
  });
}

function sampleOf(kind: Kind): Item {
  const place = (RECORDS[kind].key as (identity: unknown) => { pk: string; sk: string })(RECORD_SAMPLES[kind]);
  return { pk: { S: place.pk }, sk: { S: place.sk }, data: { S: JSON.stringify(RECORD_SAMPLES[kind]) } };
}
