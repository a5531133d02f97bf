/** The median of some figures, to the hundredth. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  return Math.round((sorted[Math.floor(values.length / 2)] ?? Number.NaN) * 100) / 100;
}

/** The median of each field of some measurements. */
export function medians<Field extends string>(
  measurements: readonly Readonly<Record<Field, number>>[],
  fields: readonly Field[],
): Record<Field, number> {
  const entries = fields.map((field) => [field, median(measurements.map((measurement) => measurement[field]))]);
  return Object.fromEntries(entries);
}
