import * as z from 'zod';
import type { CallLog, CallRecord } from '../door/call-log.ts';
import { writtenKeys } from '../door/record-writes.ts';
import type { Caller } from '../door/wire.ts';
import type { ProgramStarter } from '../programs/program-starter.ts';
import type { LocalContext } from '../services/local-context.ts';
import { type Branch, type Push, type WatchedBranch, watchRepository } from './git-watcher.ts';

interface ConfigPushesProps {
  readonly context: LocalContext;
  readonly calls: Pick<CallLog, 'watch'>;
  readonly programs: ProgramStarter;
  readonly directory: string;
  /** The table of records at present: an update of the stack may name another one. */
  readonly tableName: () => string;
  readonly busName: string;
}

/** The table's form of a record: one JSON text. */
const Data = z.object({ data: z.object({ S: z.string() }) });
const QueryOutput = z.object({ Items: z.array(Data) });
const GetItemOutput = z.object({ Item: Data.optional() });
const ApplicationRecord = z.object({
  name: z.string(),
  configRepository: z.object({ url: z.string(), branch: z.string() }),
});
const RegisterRecord = z.object({ live: z.array(z.object({ application: z.string(), environment: z.string() })) });
const EnvironmentRecord = z.object({ branch: z.string().optional() });
const PutEventsOutput = z.object({ FailedEntryCount: z.number() });

/** Milliseconds for which known branches are used: an index may show a write later than the write itself. */
const KNOWN_MS = 2000;
/** Most bytes of a push's paths: an event entry may have 1 MB, and the rest of a push needs little of it. */
const MOST_PATH_BYTES = 900_000;

/**
 * Plays the git host. A commit on a branch that an application deploys from, or that an ephemeral environment was made
 * from, is put on the bus as ConfigPushed, and the deletion of such a branch as BranchDeleted. Each event is put there
 * once for every repository address that applications use for the directory.
 */
export function startConfigPushes({ context, calls, programs, directory, tableName, busName }: ConfigPushesProps): {
  stop(): Promise<void>;
} {
  const { door, database, accountId, log } = context;
  const caller: Caller = { kind: 'operator', arn: `arn:aws:iam::${accountId}:user/operator`, accountId };
  const get = async (pk: string, sk: string): Promise<unknown> => {
    const Key = { pk: { S: pk }, sk: { S: sk } };
    const output = await door.call(caller, 'dynamodb', 'GetItem', {
      TableName: tableName(),
      Key,
      ConsistentRead: true,
    });
    const { Item: item } = GetItemOutput.parse(output);
    return item && JSON.parse(item.data.S);
  };
  const applications = async () => {
    const output = await door.call(caller, 'dynamodb', 'Query', {
      TableName: tableName(),
      IndexName: 'gsi1',
      KeyConditionExpression: 'gsi1pk = :applications',
      ExpressionAttributeValues: { ':applications': { S: 'APPLICATIONS' } },
    });
    return QueryOutput.parse(output).Items.map(({ data }) => ApplicationRecord.parse(JSON.parse(data.S)));
  };
  const findBranches = async (): Promise<WatchedBranch[]> => {
    const [all, register] = await Promise.all([applications(), get('EPHEMERAL', 'REGISTER')]);
    const found = new Map<string, WatchedBranch>();
    const add = (repository: string, branch: string, isFollowed: boolean) => {
      const key = `${repository}#${branch}`;
      found.set(key, { repository, branch, isFollowed: isFollowed || (found.get(key)?.isFollowed ?? false) });
    };
    for (const { configRepository } of all) add(configRepository.url, configRepository.branch, false);
    const { live } = RegisterRecord.parse(register ?? { live: [] });
    for (const { application, environment } of live) {
      const record = await get(`APP#${application}`, `ENVIRONMENT#${environment}`);
      const { branch } = EnvironmentRecord.parse(record ?? {});
      const url = all.find(({ name }) => name === application)?.configRepository.url;
      if (branch !== undefined && url !== undefined) add(url, branch, true);
    }
    return [...found.values()];
  };
  /**
   * The branches found last. They are needed a few times a second, and are read again when something they depend on was
   * written.
   */
  let known: { readonly branches: Promise<WatchedBranch[]>; readonly until: number } | undefined;
  const endWatch = calls.watch((call) => {
    if (isAboutBranches(call)) known = undefined;
  });
  const branches = (): Promise<WatchedBranch[]> => {
    if (known && performance.now() < known.until) return known.branches;
    const found = { branches: findBranches(), until: performance.now() + KNOWN_MS };
    known = found;
    found.branches.catch(() => {
      if (known === found) known = undefined;
    });
    return found.branches;
  };
  const publish = async (DetailType: string, detail: object): Promise<void> => {
    const output = await door.call(caller, 'events', 'PutEvents', {
      Entries: [{ EventBusName: busName, Source: 'stagegate', DetailType, Detail: JSON.stringify(detail) }],
    });
    if (PutEventsOutput.parse(output).FailedEntryCount > 0) throw new Error(`the bus ${busName} refused a push`);
  };
  const onPush = async ({ changedPaths, ...push }: Push): Promise<void> => {
    const fits = Buffer.byteLength(JSON.stringify(changedPaths ?? [])) <= MOST_PATH_BYTES;
    await publish('ConfigPushed', { ...push, ...(fits && changedPaths && { changedPaths }) });
    log({ source: 'git', message: 'push', fields: { branch: push.branch, commit: push.after } });
  };
  const onDeleted = async (deleted: Branch & { readonly eventId: string }): Promise<void> => {
    await publish('BranchDeleted', deleted);
    log({ source: 'git', message: 'branch deleted', fields: { branch: deleted.branch } });
  };
  const watcher = watchRepository({ programs, directory, database, branches, onPush, onDeleted, log });
  return {
    async stop() {
      endWatch();
      await watcher.stop();
    },
  };
}

/**
 * Returns whether the call wrote to an application or its environments, which have their own partitions, or to the
 * register of ephemeral environments.
 */
const isAboutBranches = (call: CallRecord): boolean =>
  writtenKeys(call)?.some((key) => key.startsWith('APP#') || key === 'EPHEMERAL') ?? false;
