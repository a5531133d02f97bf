import * as z from 'zod';
import { BooleanProperty, NumberProperty, parseProperties, TagsProperty } from '../../assembly/properties.ts';
import type { LocalContext } from '../local-context.ts';
import type { LocalService } from '../local-service.ts';
import type { LogsService } from '../logs/logs-service.ts';
import { type MetricValue, readEmbeddedMetrics } from './embedded-metrics.ts';

export type AlarmState = 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';

interface AlarmView {
  readonly name: string;
  readonly description: string;
  readonly metric: string;
  readonly state: AlarmState;
}

/**
 * Alarms on the metrics that functions write to their logs, and on those that metric filters make of them. Only their states are shown; their actions are not
 * performed.
 */
export interface CloudWatchService extends LocalService {
  alarms(now?: Date): readonly AlarmView[];
}

const DimensionsProperty = z.array(z.strictObject({ Name: z.string(), Value: z.string() })).default([]);

const AlarmProperties = z.strictObject({
  AlarmName: z.string().optional(),
  AlarmDescription: z.string().default(''),
  ActionsEnabled: BooleanProperty.optional(),
  AlarmActions: z.array(z.string()).default([]),
  OKActions: z.array(z.string()).default([]),
  InsufficientDataActions: z.array(z.string()).default([]),
  ComparisonOperator: z.enum([
    'GreaterThanThreshold',
    'GreaterThanOrEqualToThreshold',
    'LessThanThreshold',
    'LessThanOrEqualToThreshold',
  ]),
  DatapointsToAlarm: NumberProperty.optional(),
  Dimensions: DimensionsProperty,
  EvaluationPeriods: NumberProperty,
  /** Metric math is accepted but not calculated: an alarm with metric math has no data in the local cloud. */
  Metrics: z.array(z.unknown()).optional(),
  MetricName: z.string().optional(),
  Namespace: z.string().optional(),
  Period: NumberProperty.default(300),
  Statistic: z.enum(['Sum', 'Average', 'Minimum', 'Maximum', 'SampleCount']).default('Sum'),
  Threshold: NumberProperty,
  TreatMissingData: z.enum(['notBreaching', 'breaching', 'ignore', 'missing']).default('missing'),
  Unit: z.string().optional(),
  Tags: TagsProperty,
});
type Alarm = z.infer<typeof AlarmProperties>;

const DashboardProperties = z.strictObject({ DashboardName: z.string().optional(), DashboardBody: z.string() });

const DATA_POINTS_PER_ALARM = 1_000;

interface CloudWatchProps {
  readonly logs: LogsService;
  /** Values that services can measure at any time, such as the length of a queue. */
  readonly gauges?: () => readonly MetricValue[];
}

/**
 * Makes the template's alarms and dashboards. The alarms get their values from log lines, from metric filters and
 * from gauges.
 */
export function createCloudWatchService(
  { accountId, region }: Pick<LocalContext, 'accountId' | 'region'>,
  { logs, gauges = () => [] }: CloudWatchProps,
): CloudWatchService {
  const alarms = new Map<string, { alarm: Alarm; points: { at: number; value: number }[] }>();
  const count = (at: Date, metric: MetricValue): void => {
    for (const { alarm, points } of alarms.values()) {
      if (!watches(alarm, metric)) continue;
      points.push({ at: at.getTime(), value: metric.value });
      if (points.length > DATA_POINTS_PER_ALARM) points.shift();
    }
  };
  logs.onMetric(count);
  logs.onLine((_logGroup, { at, message }) => {
    for (const metric of readEmbeddedMetrics(message)) count(at, metric);
  });
  return {
    provisioners: {
      'AWS::CloudWatch::Alarm'(resource) {
        const alarm = parseProperties(resource, AlarmProperties);
        const name = alarm.AlarmName ?? resource.generatedName;
        alarms.set(name, { alarm, points: [] });
        return {
          ref: name,
          attributes: { Arn: `arn:aws:cloudwatch:${region}:${accountId}:alarm:${name}` },
          remove: () => void alarms.delete(name),
        };
      },
      'AWS::CloudWatch::Dashboard'(resource) {
        const { DashboardName = resource.generatedName } = parseProperties(resource, DashboardProperties);
        return { ref: DashboardName, attributes: {}, remove: () => undefined };
      },
    },
    alarms(now = new Date()) {
      return [...alarms].map(([name, { alarm, points }]) => {
        const since = now.getTime() - alarm.Period * alarm.EvaluationPeriods * 1000;
        const values = [
          ...points.filter(({ at }) => at >= since),
          ...gauges().filter((gauge) => watches(alarm, gauge)),
        ].map(({ value }) => value);
        const metric = alarm.MetricName ? `${alarm.Namespace}/${alarm.MetricName}` : 'metric math';
        return { name, description: alarm.AlarmDescription, metric, state: stateOf(alarm, values) };
      });
    },
  };
}

function watches(alarm: Alarm, metric: MetricValue): boolean {
  return (
    alarm.Namespace === metric.namespace &&
    alarm.MetricName === metric.name &&
    alarm.Dimensions.length === Object.keys(metric.dimensions).length &&
    alarm.Dimensions.every(({ Name, Value }) => metric.dimensions[Name] === Value)
  );
}

function stateOf(alarm: Alarm, values: readonly number[]): AlarmState {
  if (values.length === 0) {
    if (alarm.TreatMissingData === 'notBreaching') return 'OK';
    return alarm.TreatMissingData === 'breaching' ? 'ALARM' : 'INSUFFICIENT_DATA';
  }
  return breaches(alarm, statistic(alarm, values)) ? 'ALARM' : 'OK';
}

function statistic({ Statistic }: Alarm, values: readonly number[]): number {
  const sum = values.reduce((total, value) => total + value, 0);
  switch (Statistic) {
    case 'Sum':
      return sum;
    case 'Average':
      return sum / values.length;
    case 'Minimum':
      return Math.min(...values);
    case 'Maximum':
      return Math.max(...values);
    case 'SampleCount':
      return values.length;
  }
}

function breaches({ ComparisonOperator, Threshold }: Alarm, value: number): boolean {
  switch (ComparisonOperator) {
    case 'GreaterThanThreshold':
      return value > Threshold;
    case 'GreaterThanOrEqualToThreshold':
      return value >= Threshold;
    case 'LessThanThreshold':
      return value < Threshold;
    case 'LessThanOrEqualToThreshold':
      return value <= Threshold;
  }
}
