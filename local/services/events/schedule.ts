const UNIT_MS: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/**
 * Returns the milliseconds between two runs of `rate(5 minutes)`; throws an error that names any other expression, such
 * as `cron(…)`.
 */
export function readRate(expression: string): number {
  const [, value = '', unit = '', plural = ''] = /^rate\(([1-9]\d*) (minute|hour|day)(s?)\)$/.exec(expression) ?? [];
  const unitMs = UNIT_MS[unit];
  if (unitMs === undefined) {
    throw new Error(`the schedule ${expression} is not supported by the local cloud (only rate(…) is)`);
  }
  if ((value === '1') !== (plural === '')) throw new Error(`the schedule ${expression} mixes singular and plural`);
  return Number(value) * unitMs;
}
