import * as z from 'zod';

/** One value of a metric, from a function's log line in the embedded metric format. */
export interface MetricValue {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly value: number;
}

const EmbeddedMetricsSchema = z.looseObject({
  _aws: z.object({
    CloudWatchMetrics: z.array(
      z.object({
        Namespace: z.string(),
        Dimensions: z.array(z.array(z.string())),
        Metrics: z.array(z.object({ Name: z.string() })),
      }),
    ),
  }),
});

/** Returns the metric values in a log line; an empty list for any other line. */
export function readEmbeddedMetrics(line: string): MetricValue[] {
  if (!line.includes('"_aws"')) return [];
  let parsed: z.infer<typeof EmbeddedMetricsSchema>;
  try {
    parsed = EmbeddedMetricsSchema.parse(JSON.parse(line));
  } catch {
    return [];
  }
  return parsed._aws.CloudWatchMetrics.flatMap(({ Namespace, Dimensions, Metrics }) =>
    Metrics.flatMap(({ Name }) =>
      Dimensions.flatMap((names) =>
        [parsed[Name]].flat().map((value) => ({
          namespace: Namespace,
          name: Name,
          dimensions: Object.fromEntries(names.map((name) => [name, String(parsed[name])])),
          value: Number(value),
        })),
      ),
    ),
  );
}
