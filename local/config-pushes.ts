import * as z from 'zod';
import type { LocalContext } from './assembly/provision.ts';
import type { Caller } from './door/wire.ts';
import { type Push, watchRepository } from './git-watcher.ts';

interface ConfigPushesProps {
  readonly context: LocalContext;
  readonly directory: string;
  readonly tableName: string;
  readonly busName: string;
}

/** Applications as the table keeps them: the record is one JSON text. */
const ApplicationItems = z.object({ Items: z.array(z.object({ data: z.object({ S: z.string() }) })) });
const ApplicationRecord = z.object({ configRepository: z.object({ url: z.string(), branch: z.string() }) });
const PutEventsOutput = z.object({ FailedEntryCount: z.number() });

/** An event entry may have 1 MB, of which the rest of a push takes little. */
const MOST_PATH_BYTES = 900_000;

/**
 * Plays the git host: every commit on a branch that an application deploys from is put on the bus as ConfigPushed, once
 * for each repository address under which applications know the directory.
 */
export function startConfigPushes({ context, directory, tableName, busName }: ConfigPushesProps): {
  stop(): Promise<void>;
} {
  const { door, database, accountId, log } = context;
  const caller: Caller = { kind: 'operator', arn: `arn:aws:iam::${accountId}:user/operator`, accountId };
  const sources = async (): Promise<{ url: string; branch: string }[]> => {
    const output = await door.call(caller, 'dynamodb', 'Query', {
      TableName: tableName,
      IndexName: 'gsi1',
      KeyConditionExpression: 'gsi1pk = :applications',
      ExpressionAttributeValues: { ':applications': { S: 'APPLICATIONS' } },
    });
    return ApplicationItems.parse(output).Items.map(
      ({ data }) => ApplicationRecord.parse(JSON.parse(data.S)).configRepository,
    );
  };
  const publish = async ({ changedPaths, ...push }: Push): Promise<void> => {
    const fits = Buffer.byteLength(JSON.stringify(changedPaths ?? [])) <= MOST_PATH_BYTES;
    const repositories = new Set(
      (await sources()).filter(({ branch }) => branch === push.branch).map(({ url }) => url),
    );
    for (const repository of repositories) {
      const Detail = JSON.stringify({ ...push, repository, ...(fits && changedPaths && { changedPaths }) });
      const output = await door.call(caller, 'events', 'PutEvents', {
        Entries: [{ EventBusName: busName, Source: 'stagegate', DetailType: 'ConfigPushed', Detail }],
      });
      if (PutEventsOutput.parse(output).FailedEntryCount > 0) throw new Error(`the bus ${busName} refused a push`);
    }
    log({ source: 'git', message: 'push', fields: { branch: push.branch, commit: push.after } });
  };
  return watchRepository({
    directory,
    database,
    branches: async () => [...new Set((await sources()).map(({ branch }) => branch))],
    onPush: publish,
    log,
  });
}
