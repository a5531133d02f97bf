import * as z from 'zod';
import { BooleanProperty, NumberProperty, parseProperties, TagsProperty } from '../../assembly/properties.ts';
import type { LocalContext } from '../local-context.ts';
import type { LocalService } from '../local-service.ts';
import { type LineFilter, readFilterPattern } from './filter-pattern.ts';

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
  /** Calls `listener` for every line that a metric filter counts. */
  onMetric(listener: (at: Date, metric: FilteredMetric) => void): void;
}

/** A value that a metric filter makes of a line. */
interface FilteredMetric {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly value: number;
}

interface MetricFilter {
  readonly logGroup: string;
  readonly matches: LineFilter;
  readonly metric: FilteredMetric;
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

const MetricFilterProperties = z.strictObject({
  FilterName: z.string().optional(),
  FilterPattern: z.string(),
  LogGroupName: z.string(),
  // Values from fields, dimensions and default values are not known here.
  MetricTransformations: z.tuple([
    z.strictObject({ MetricNamespace: z.string(), MetricName: z.string(), MetricValue: NumberProperty }),
  ]),
});

/** Makes the log groups, which are kept only in memory. */
export function createLogsService({ accountId, region }: Pick<LocalContext, 'accountId' | 'region'>): LogsService {
  const groups = new Map<string, LogLine[]>();
  const listeners: ((logGroup: string, line: LogLine) => void)[] = [];
  const metricListeners: ((at: Date, metric: FilteredMetric) => void)[] = [];
  const filters = new Map<string, MetricFilter>();
  return {
    provisioners: {
      'AWS::Logs::LogGroup'(resource) {
        const { LogGroupName = resource.generatedName } = parseProperties(resource, LogGroupProperties);
        groups.set(LogGroupName, groups.get(LogGroupName) ?? []);
        const arn = `arn:aws:logs:${region}:${accountId}:log-group:${LogGroupName}:*`;
        // Its lines stay readable: nobody is served by a local cloud that forgets what a removed function has logged.
        return { ref: LogGroupName, attributes: { Arn: arn }, remove: () => undefined };
      },
      'AWS::Logs::MetricFilter'(resource) {
        const properties = parseProperties(resource, MetricFilterProperties);
        const { FilterName = resource.generatedName, LogGroupName: logGroup, FilterPattern } = properties;
        if (!groups.has(logGroup)) throw new Error(`log group ${logGroup} does not exist`);
        const { MetricNamespace, MetricName, MetricValue } = properties.MetricTransformations[0];
        filters.set(FilterName, {
          logGroup,
          matches: readFilterPattern(FilterPattern),
          metric: { namespace: MetricNamespace, name: MetricName, dimensions: {}, value: MetricValue },
        });
        return { ref: FilterName, attributes: {}, remove: () => void filters.delete(FilterName) };
      },
    },
    write(logGroup, stream, message) {
      const line = { at: new Date(), stream, message };
      const lines = groups.get(logGroup) ?? [];
      lines.push(line);
      if (lines.length > LINES_PER_GROUP) lines.splice(0, lines.length - LINES_PER_GROUP);
      groups.set(logGroup, lines);
      for (const listener of listeners) listener(logGroup, line);
      for (const filter of filters.values()) {
        if (filter.logGroup !== logGroup || !filter.matches(message)) continue;
        for (const listener of metricListeners) listener(line.at, filter.metric);
      }
    },
    read: (logGroup) => groups.get(logGroup) ?? [],
    groups: () => [...groups.keys()].sort(),
    onLine: (listener) => void listeners.push(listener),
    onMetric: (listener) => void metricListeners.push(listener),
  };
}
