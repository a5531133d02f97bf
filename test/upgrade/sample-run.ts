import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { DescribeStateMachineCommand } from '@aws-sdk/client-sfn';
import * as z from 'zod';
import { type Kind, RECORDS } from '../../lambdas/domain/model/table/records.ts';
import { RECORD_SAMPLES } from '../contracts/record-samples.ts';
import { CLIENT, STAFF, TestApplication, TestCloud } from '../e2e/test-cloud.ts';
import { type Item, ItemSchema } from './kept-releases.ts';

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
    const items = z.array(ItemSchema).parse(Items);
    const kinds = Object.keys(RECORDS) as Kind[];
    const records = Object.fromEntries(
      kinds.map((kind) => [kind, items.find((item) => item.kind.S === kind) ?? sampleOf(kind)]),
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

function sampleOf(kind: Kind): Item {
  const place = (RECORDS[kind].key as (identity: unknown) => { pk: string; sk: string })(RECORD_SAMPLES[kind]);
  return {
    pk: { S: place.pk },
    sk: { S: place.sk },
    kind: { S: kind },
    data: { S: JSON.stringify(RECORD_SAMPLES[kind]) },
  };
}
