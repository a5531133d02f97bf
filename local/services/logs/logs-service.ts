import * as z from 'zod';
import { BooleanProperty, NumberProperty, parseProperties, TagsProperty } from '../../assembly/properties.ts';
import type { LocalContext } from '../local-context.ts';
import type { LocalService } from '../local-service.ts';

/** One line of a log group. */
interface LogLine {
  readonly at: Date;
  readonly stream: string;
  readonly message: string;
}

/** The log groups. Functions, builds and the HTTP API write to them; `/local/logs` and tests read them. */
export interface LogsService extends LocalService {
  /** Writes a line. As on AWS, a log group that no template creates is created by the first line. */
  write(logGroup: string, stream: string, message: string): void;
  /** Returns the lines, oldest first. Each group keeps only its newest lines. */
  read(logGroup: string): readonly LogLine[];
  groups(): readonly string[];
  /** Calls `listener` for every new line; this is how metrics in the embedded metric format are found. */
  onLine(listener: (logGroup: string, line: LogLine) => void): void;
}

const LINES_PER_GROUP = 5_000;

const LogGroupProperties = z.strictObject({
  LogGroupName: z.string().optional(),
  LogGroupClass: z.literal('STANDARD').optional(),
  RetentionInDays: NumberProperty.optional(),
  KmsKeyId: z.string().optional(),
  DeletionProtectionEnabled: BooleanProperty.optional(),
  Tags: TagsProperty,
});

/** Makes the log groups, which are kept only in memory. */
export function createLogsService({ accountId, region }: Pick<LocalContext, 'accountId' | 'region'>): LogsService {
  const groups = new Map<string, LogLine[]>();
  const listeners: ((logGroup: string, line: LogLine) => void)[] = [];
  return {
    provisioners: {
      'AWS::Logs::LogGroup'(resource) {
        const { LogGroupName = resource.generatedName } = parseProperties(resource, LogGroupProperties);
        groups.set(LogGroupName, groups.get(LogGroupName) ?? []);
        const arn = `arn:aws:logs:${region}:${accountId}:log-group:${LogGroupName}:*`;
        // Its lines stay readable: nobody is served by a local cloud that forgets what a removed function has logged.
        return { ref: LogGroupName, attributes: { Arn: arn }, remove: () => undefined };
      },
    },
    write(logGroup, stream, message) {
      const line = { at: new Date(), stream, message };
      const lines = groups.get(logGroup) ?? [];
      lines.push(line);
      if (lines.length > LINES_PER_GROUP) lines.splice(0, lines.length - LINES_PER_GROUP);
      groups.set(logGroup, lines);
      for (const listener of listeners) listener(logGroup, line);
    },
    read: (logGroup) => groups.get(logGroup) ?? [],
    groups: () => [...groups.keys()].sort(),
    onLine: (listener) => void listeners.push(listener),
  };
}
